'use strict';
/**
 * A log that is one string and grows by a line at a time: a deep tree of concatenations.
 *
 * @leak name=transcript class="String|string|(concatenated string)" kind=strings
 */
const { snapshot } = require('../harness');

let transcript = '';

function say(who, what) {
  transcript += `${who}: ${what}\n`;
}

async function main() {
  for (let i = 0; i < 20; i++) say('ann', `hello ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) say('ben', `this is line ${i} of a long conversation`);
  await snapshot('current');
  console.log(transcript.length);
}
main();
