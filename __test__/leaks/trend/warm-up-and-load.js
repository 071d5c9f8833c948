'use strict';
/**
 * Express from its first request on; the load is the same between any two snapshots.
 *
 * @trend baseline second third current
 * @healthy
 */
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.get('/hello/:name', (req, res) => res.json({ hello: req.params.name, at: new Date() }));

async function main() {
  const port = await listen(http.createServer(app));
  await snapshot('baseline');
  for (const label of ['second', 'third', 'current']) {
    await load(port, (i) => `/hello/${label}${i}`, 600);
    await snapshot(label);
  }
}
main();
