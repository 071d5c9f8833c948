'use strict';
/**
 * A real Express server that leaks into a dictionary, compared with itself before a restart.
 *
 * @restart
 * @leak name=visitors class=Object kind=object
 */
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const visitors = {};
const app = express();
app.get('/visit/:id', (req, res) => {
  visitors[req.params.id] = { id: req.params.id, agent: req.get('user-agent'), at: Date.now() };
  res.send('welcome');
});

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, (i) => `/visit/warm-${i}`, 100);
  await snapshot('baseline');
  await load(port, (i) => `/visit/${process.pid}-${i}`, 2_000);
  await snapshot('current');
}
main();
