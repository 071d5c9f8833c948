'use strict';
/**
 * Bounded stores in which entries come and go: once each is full, V8 doubles its table, and nothing is in it but what was there
 * before.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const sessions = new Map();
const recent = new Set();
const byTenant = new Map();
let next = 0;

function bound(store, size) {
  if (store.size > size) store.delete(store.keys().next().value);
}

function visit() {
  const id = `session-${next++}`;
  sessions.set(id, { id, at: new Date() });
  bound(sessions, 20_000);
  recent.add(`visitor ${id}`);
  bound(recent, 13_000);
  const tenant = `tenant-${next % 20}`;
  const own = byTenant.get(tenant) ?? new Map();
  byTenant.set(tenant, own.set(id, { id }));
  bound(own, 600);
}

async function main() {
  for (let i = 0; i < 21_000; i++) visit();
  await snapshot('baseline');
  for (let i = 0; i < 60_000; i++) visit();
  await snapshot('current');
}
main();
