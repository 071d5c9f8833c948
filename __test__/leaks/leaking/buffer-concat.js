'use strict';
/**
 * One Buffer that is replaced by a longer one for every chunk: it is never the same object.
 *
 * @leak name=received class=Buffer|Uint8Array kind=buffers
 */
// A Buffer is an instance of FastBuffer, a subclass of Uint8Array, and everybody calls it Buffer.
const { snapshot } = require('../harness');

class Connection {
  received = Buffer.alloc(0);

  onData(chunk) {
    this.received = Buffer.concat([this.received, chunk]);
  }
}

const connection = new Connection();

async function main() {
  for (let i = 0; i < 10; i++) connection.onData(Buffer.alloc(4_096, i));
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) connection.onData(Buffer.alloc(8_192, i));
  await snapshot('current');
}
main();
