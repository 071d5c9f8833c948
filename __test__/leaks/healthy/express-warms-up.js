'use strict';
/**
 * An Express server that had no request at all at the baseline: only warm-up follows.
 *
 * @healthy
 */
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.use(express.json());
app.get('/hello/:name', (req, res) => res.json({ hello: req.params.name, query: req.query }));
app.get('/error', () => {
  throw new Error('no such thing');
});
app.use((error, req, res, next) => (res.headersSent ? next(error) : res.status(500).send('sorry')));

async function main() {
  const port = await listen(http.createServer(app));
  await snapshot('baseline');
  await load(port, (i) => (i % 20 === 0 ? '/error' : `/hello/you${i}?page=${i}`), 1_500);
  await snapshot('current');
}
main();
