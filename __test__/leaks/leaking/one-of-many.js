'use strict';
/**
 * One of 1,000 rooms collects messages; the others are full and stay so.
 *
 * @leak name=messages class=Array kind=array
 */
const { snapshot } = require('../harness');

class Room {
  messages = [];
  constructor(limit) {
    this.limit = limit;
  }
  say(text) {
    this.messages.push({ text, at: Date.now() });
    if (this.messages.length > this.limit) this.messages.shift();
  }
}

const rooms = Array.from({ length: 1_000 }, (_, i) => new Room(i === 617 ? Infinity : 20));

function round(n) {
  for (const room of rooms) room.say(`message ${n}`);
}

async function main() {
  for (let i = 0; i < 30; i++) round(i);
  await snapshot('baseline');
  for (let i = 0; i < 30; i++) round(i);
  for (let i = 0; i < 3_000; i++) rooms[617].say(`bot message ${i}`);
  await snapshot('current');
}
main();
