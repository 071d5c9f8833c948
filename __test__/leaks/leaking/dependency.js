'use strict';
/**
 * The leak is not in the service, but in a dependency that it uses as middleware.
 *
 * @leak name=samples class=Array kind=array file=recorder.js
 */
const express = require('express');
const { requestStats } = require('request-stats');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');
const http = require('node:http');

const app = express();
app.use(requestStats());
app.get('/hello/:name', (req, res) => res.send(`hello ${req.params.name}`));

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, (i) => `/hello/warm${i}`, 50);
  await snapshot('baseline');
  await load(port, (i) => `/hello/you${i}`, 1_500);
  await snapshot('current');
}
main();
