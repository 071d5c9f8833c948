'use strict';
/**
 * A transcript that is only ever appended to, and was long at the baseline: the new text contains the old one.
 *
 * @only
 * @leak name=transcript class=String kind=strings
 */
const { snapshot } = require('../harness');

let transcript = ''; // @here

function say(who, what) {
  transcript += `${who}: ${what}\n`;
}

async function main() {
  for (let i = 0; i < 3000; i++) say(`user ${i % 7}`, `message ${i}`);
  await snapshot('baseline');
  for (let i = 3000; i < 5000; i++) say(`user ${i % 7}`, `message ${i}`);
  await snapshot('current');
  if (transcript.length === 0) throw new Error('it is used');
}
main();
