'use strict';

/** A client for the scenarios' servers: real requests over loopback. */

const http = require('node:http');

/**
 * Sends requests one after another over one kept-alive connection.
 *
 * @param {number} port
 * @param {(i: number) => string} pathOf Path of the i-th request.
 * @param {number} times
 * @param {http.RequestOptions} [options]
 */
async function load(port, pathOf, times, options = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let i = 0; i < times; i++) await get(port, pathOf(i), { agent, ...options });
  } finally {
    agent.destroy();
  }
}

/**
 * @param {number} port
 * @param {string} path
 * @param {http.RequestOptions} options
 * @returns {Promise<string>} The body.
 */
function get(port, path, options) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/**
 * @param {http.Server} server
 * @returns {Promise<number>} The free port it listens on.
 */
function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
    });
  });
}

module.exports = { get, listen, load };
