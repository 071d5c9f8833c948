'use strict';
/**
 * The article's server, fixed: the array is inside the handler.
 *
 * @healthy
 */
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.get('/bloatMyServer', (req, res) => {
  const leaks = [];
  const bloat = {};
  for (let i = 0; i < 10_000; i++) leaks.push(bloat);
  res.send(`${leaks.length} references`);
});

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, () => '/bloatMyServer', 1);
  await snapshot('baseline');
  await load(port, () => '/bloatMyServer', 40);
  await snapshot('current');
}
main();
