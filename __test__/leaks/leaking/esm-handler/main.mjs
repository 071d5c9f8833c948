/**
 * Sessions of a server that is set up by awaiting; the main module has the Map in a local variable, too.
 *
 * @leak name=sessions class=Map kind=map file=app.mjs
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { snapshot } from '../../harness.js';
import { makeApp } from './app.mjs';

const { handler, sessions } = await makeApp();
const server = createServer(handler).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();

async function visit(from, to) {
  for (let i = from; i < to; i++) {
    await (await fetch(`http://127.0.0.1:${port}/?visitor=${i}`)).text();
  }
}

await visit(0, 40);
await snapshot('baseline');
await visit(40, 640);
await snapshot('current');
if (sessions.size < 640) throw new Error('not leaking');
