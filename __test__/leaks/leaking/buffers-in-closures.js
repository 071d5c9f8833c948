'use strict';
/**
 * Uploads that failed are kept as functions that would try again, each with its Buffer.
 *
 * @leak name=retries class=Array kind=array|buffers
 */
const { snapshot } = require('../harness');

class Uploader {
  constructor() {
    this.retries = [];
  }

  upload(name, body) {
    const attempt = () => ({ name, length: body.length });
    this.retries.push(attempt);
  }
}

const uploader = new Uploader();

async function main() {
  for (let i = 0; i < 3; i++) uploader.upload(`warm-${i}`, Buffer.alloc(32_768, i));
  await snapshot('baseline');
  for (let i = 0; i < 90; i++) uploader.upload(`file-${i}`, Buffer.alloc(32_768, i));
  await snapshot('current');
}
main();
