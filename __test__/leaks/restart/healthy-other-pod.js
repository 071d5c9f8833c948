'use strict';
/**
 * Two pods of one service at about the same load: other host names, users and sizes of pools.
 *
 * @restart
 * @healthy
 */
const http = require('node:http');
const { randomUUID } = require('node:crypto');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const second = process.env.SCENARIO_RUN === 'second';
const pod = { name: `pod-${randomUUID()}`, startedAt: new Date(), zone: second ? 'b' : 'a' };
const recent = new Map();
const pool = Array.from({ length: second ? 11 : 9 }, (_, i) => ({
  i,
  buffer: Buffer.alloc(4_096),
}));

const server = http.createServer((req, res) => {
  recent.set(req.url, { pod: pod.name, at: Date.now() });
  if (recent.size > 500) recent.delete(recent.keys().next().value);
  res.end(pool[recent.size % pool.length].buffer.toString('hex', 0, 8));
});

async function main() {
  const port = await listen(server);
  await load(port, () => `/${randomUUID()}`, second ? 900 : 700);
  await snapshot('baseline');
  await snapshot('current');
}
main();
