'use strict';
/**
 * Errors are collected for a report that is never sent; their stacks come along.
 *
 * @leak name=failures class=Array kind=array
 */
const { snapshot } = require('../harness');

const failures = [];

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    failures.push(error);
    return null;
  }
}

async function main() {
  for (let i = 0; i < 10; i++) parse(`{ "warm": ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) parse(`{ "order": ${i}`);
  await snapshot('current');
}
main();
