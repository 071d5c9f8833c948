'use strict';
/**
 * Of five hundred rooms the history of one is never cut, compared with another process.
 *
 * @restart
 * @leak name=messages class=Array kind=array items=2:3002
 */
const { snapshot } = require('../harness');

class Room {
  messages = [];
  say(text) {
    this.messages.push({ text, at: this.messages.length });
  }
}
const rooms = Array.from({ length: 500 }, () => new Room());

async function main() {
  for (let i = 0; i < 1_000; i++) rooms[i % 500].say(`hello ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) rooms[7].say(`welcome ${i}`);
  await snapshot('current');
}
main();
