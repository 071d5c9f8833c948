'use strict';
/**
 * Connections are taken from a real MySQL client's pool and not given back: the callers that wait
 * pile up.
 *
 * @leak name=_connectionQueue class=RingQueue kind=array file=pool.js items=18:4018
 */
// `_connectionQueue` is the pool's field; the queue is a ring buffer with its array in a field of its own.
const mysql = require('mysql2');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const database = mysql.createServer();
database.on('connection', (connection) => {
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '8.0.0-scenario',
    connectionId: 1,
    statusFlags: 2,
    characterSet: 8,
    capabilityFlags: 0xffffff,
  });
  connection.on('error', () => {});
  connection.on('query', () => connection.writeOk());
});

let pool;

function lookUp(id) {
  pool.getConnection((error, connection) => {
    if (error) throw error;
    // The connection is never released.
    connection.query(`select ${id}`, () => {});
  });
}

async function main() {
  await new Promise((resolve) => database.listen(0, '127.0.0.1', resolve));
  pool = mysql.createPool({
    host: '127.0.0.1',
    port: database._server.address().port,
    user: 'scenario',
    connectionLimit: 2,
    queueLimit: 0,
  });
  for (let i = 0; i < 20; i++) lookUp(i);
  await sleep(200);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) lookUp(i);
  await snapshot('current');
}
main();
