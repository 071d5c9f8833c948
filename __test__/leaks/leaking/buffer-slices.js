'use strict';
/**
 * Only the eight bytes of a header are kept, but each is a view on a whole message.
 *
 * @leak name=headers class=Array kind=array|buffers
 */
// An array of Buffers, each a view on a larger one.
const { snapshot } = require('../harness');

class Inbox {
  headers = [];

  receive(message) {
    this.headers.push(message.subarray(0, 8));
  }
}

const inbox = new Inbox();

async function main() {
  for (let i = 0; i < 5; i++) inbox.receive(Buffer.alloc(100_000, i));
  await snapshot('baseline');
  for (let i = 0; i < 150; i++) inbox.receive(Buffer.alloc(100_000, i));
  await snapshot('current');
}
main();
