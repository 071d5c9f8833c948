'use strict';
/**
 * Each failure gets the one before as its cause: a list of errors.
 *
 * @leak name=lastError class=Error kind=list
 */
const { snapshot } = require('../harness');

let lastError = null;

function reconnect(attempt) {
  lastError = new Error(`attempt ${attempt} failed`, { cause: lastError });
}

async function main() {
  for (let i = 0; i < 10; i++) reconnect(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) reconnect(i);
  await snapshot('current');
  console.log(lastError.message);
}
main();
