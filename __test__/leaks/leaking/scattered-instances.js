'use strict';
/**
 * 1,500 rooms, as many as before; in each a few more messages. No container grows much, the class
 * does.
 *
 * @leak name=messages|Message|rooms class=Array|Message|Map kind=array|instances|map
 */
// A developer finds it by the property `messages`, which grows in every room, or by the class of
// what piles up; `rooms` is what holds all of it.
const { snapshot } = require('../harness');

class Message {
  constructor(from, text) {
    this.from = from;
    this.text = text;
    this.sentAt = Date.now();
  }
}

class Room {
  constructor(name) {
    this.name = name;
    this.messages = [];
  }
}

const rooms = new Map();
for (let i = 0; i < 1_500; i++) rooms.set(`room ${i}`, new Room(`room ${i}`));

function say(i, text) {
  rooms.get(`room ${i % 1_500}`).messages.push(new Message(`user ${i}`, text));
}

async function main() {
  for (let i = 0; i < 3_000; i++) say(i, `hello ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 12_000; i++) say(i, `hello again ${i}`);
  await snapshot('current');
}
main();
