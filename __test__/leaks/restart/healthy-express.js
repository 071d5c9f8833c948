'use strict';
/**
 * Express under load in one process, compared with the same server right after its start.
 *
 * @restart
 * @healthy
 */
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.use(express.json());
app.get('/orders/:id', (req, res) => res.json({ id: req.params.id, lines: [1, 2, 3] }));

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, (i) => `/orders/${i}`, 20);
  await snapshot('baseline');
  await load(port, (i) => `/orders/${process.pid}-${i}`, 1_500);
  await snapshot('current');
}
main();
