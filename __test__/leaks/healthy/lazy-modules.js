'use strict';
/**
 * Modules that are required when they are first needed, which is after the baseline.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const formats = {
  gzip: (text) => require('node:zlib').gzipSync(text),
  hash: (text) => require('node:crypto').createHash('sha256').update(text).digest('hex'),
  query: (text) => require('node:querystring').parse(text),
  lines: (text) =>
    require('node:readline').createInterface({
      input: require('node:stream').Readable.from([text]),
    }),
  dns: () => require('node:dns').getServers(),
  url: () => require('node:url').pathToFileURL('/x'),
  tls: () => require('node:tls').getCiphers(),
  logger: () => require('pino')({ level: 'silent' }),
  metrics: () => require('prom-client').register,
  app: () => require('express')(),
};

async function main() {
  formats.query('a=1');
  await snapshot('baseline');
  for (let i = 0; i < 5; i++) for (const format of Object.values(formats)) format(`text=${i}`);
  await snapshot('current');
}
main();
