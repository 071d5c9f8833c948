'use strict';
/**
 * A real MySQL client's pool used as it should be, against a server in the process.
 *
 * @healthy
 */
const mysql = require('mysql2');
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

async function main() {
  await new Promise((resolve) => database.listen(0, '127.0.0.1', resolve));
  const pool = mysql
    .createPool({
      host: '127.0.0.1',
      port: database._server.address().port,
      user: 'scenario',
      connectionLimit: 4,
    })
    .promise();
  for (let i = 0; i < 40; i++) await pool.query(`select ${i}`);
  await Promise.all([1, 2, 3, 4].map((i) => pool.query(`select ${i}`)));
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) {
    await Promise.all([1, 2, 3, 4].map((n) => pool.query(`select ${i}, ${n}`)));
  }
  await snapshot('current');
}
main();
