'use strict';
/**
 * A string in a field of an instance that only grows, flattened on the way.
 *
 * @leak name=body class="String|string|(concatenated string)|(string)" kind=strings
 */
const { snapshot } = require('../harness');

class Response {
  body = '';

  write(text) {
    this.body += text;
    // Reading a character flattens the string: it is one large sequential string each time.
    return this.body.charCodeAt(this.body.length - 1);
  }
}

const response = new Response();

async function main() {
  for (let i = 0; i < 20; i++) response.write(`<li>${i}</li>`);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) response.write(`<li class="row">row number ${i}</li>`);
  await snapshot('current');
}
main();
