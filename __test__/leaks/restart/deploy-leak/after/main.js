'use strict';

const { createServer } = require('node:http');
const { format } = require('./lib/labels');
const { statusOf } = require('./lib/status');
const { track } = require('./lib/tracker');
const { snapshot } = require('../../../harness');

const server = createServer((req, res) => res.end(statusOf(req.url)));

async function main() {
  server.listen(0, '127.0.0.1');
  for (let i = 0; i < 150; i++) track(format(i));
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) track(format(1_000 + i));
  await snapshot('current');
}
main();
