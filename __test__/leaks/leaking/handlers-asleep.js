'use strict';
/**
 * Handlers that wait for a day before they clean up. What their timers call is a promise's, and for each
 * request Express has made as many functions as the program.
 *
 * @leak name=* class=Timeout kind=timers
 * @only
 */
const http = require('node:http');
const express = require('express');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms)); // @here
const app = express();
const uploads = new Set();

app.get('/upload', async (req, res) => {
  // @here
  res.send('thanks');
  const file = { path: `/tmp/${uploads.size}` };
  await sleep(24 * 3_600_000);
  uploads.delete(file);
});

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, () => '/upload', 20);
  await snapshot('baseline');
  await load(port, () => '/upload', 400);
  await snapshot('current');
}
main();
