'use strict';
/**
 * A label with a value per user: prom-client keeps a series for each.
 *
 * @leak name=hashMap|requests|map|keyToLabels class=Object|Counter|LabelMap|Map kind=object|map file=metric-labels.js|counter.js|metric.js|util.js
 */
// `requests` is the counter, `hashMap` its field; the class of the field differs between releases.
const { Counter, Registry } = require('prom-client');
const { snapshot } = require('../harness');

const registry = new Registry();
const requests = new Counter({
  name: 'http_requests_total',
  help: 'Requests by user',
  labelNames: ['user', 'status'],
  registers: [registry],
});

function count(user) {
  requests.inc({ user, status: '200' });
}

async function main() {
  for (let i = 0; i < 50; i++) count(`user-${i}`);
  await snapshot('baseline');
  for (let i = 50; i < 4_000; i++) count(`user-${i}`);
  await snapshot('current');
}
main();
