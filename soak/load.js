'use strict';

// What is around the service: clients that check every answer, and a database.

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

/** Answers questions line by line, on every connection from number 0 on. */
async function startDatabase() {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let [asked, text] = [0, ''];
    socket.on('data', (chunk) => {
      const lines = (text + chunk).split('\n');
      text = /** @type {string} */ (lines.pop());
      for (const line of lines) {
        const isRight = line === `question ${asked}`;
        socket.write(isRight ? `answer ${asked}\n` : `no question: ${line}\n`);
        asked += 1;
      }
    });
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: /** @type {net.AddressInfo} */ (server.address()).port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/**
 * One request after the other, so that the order of the state's changes is known.
 *
 * @param {number} port
 */
function startLoad(port) {
  const agent = new http.Agent({ keepAlive: true });
  /** @type {string[]} */
  const digests = [];
  /** @type {string[]} */
  const wrong = [];
  /** @type {number[]} */
  const latencies = [];
  let running = true;
  const done = (async () => {
    for (let n = 0; running; n++) {
      const startedAt = performance.now();
      const answer = JSON.parse(await get(agent, port, `/work/${n}`));
      latencies.push(performance.now() - startedAt);
      const expected = createHash('sha256')
        .update(`${digests.at(-1) ?? ''}${n}`)
        .digest('hex');
      if (answer.n !== n || answer.sum !== 19900 || answer.digest !== expected) {
        wrong.push(`request ${n} was answered ${JSON.stringify(answer)}`);
      }
      digests.push(answer.digest);
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      agent.destroy();
      return { digests, wrong, latencies };
    },
  };
}

/**
 * @param {http.Agent} agent
 * @param {number} port
 * @param {string} url
 * @returns {Promise<string>}
 */
function get(agent, port, url) {
  return new Promise((resolve, reject) => {
    const request = http.get({ agent, port, host: '127.0.0.1', path: url }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

module.exports = { startDatabase, startLoad };
