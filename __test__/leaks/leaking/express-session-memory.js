'use strict';
/**
 * express-session with its default MemoryStore, which warns of itself that it leaks.
 *
 * @leak name=sessions class=Object kind=object file=express-session-memory.js|memory.js|index.js
 */
// `sessions` is a property of the MemoryStore (memory.js of the package), which is in the scope of
// the middleware (its index.js), which is used by the application in this file.
const express = require('express');
const session = require('express-session');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.use(session({ secret: 'scenario', resave: false, saveUninitialized: true }));
app.get('/', (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  res.send(`visit ${req.session.visits}`);
});

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, () => '/', 30);
  await snapshot('baseline');
  await load(port, () => '/', 1_200);
  await snapshot('current');
}
main();
