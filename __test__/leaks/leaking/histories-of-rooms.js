'use strict';
/**
 * A history per chat room, as a doubly linked list: each grows by some messages, and no array, Map or Set has
 * any more than before.
 *
 * @leak name=#rooms class=Map kind=map
 */
const { snapshot } = require('../harness');

class History {
  constructor() {
    this.first = null;
    this.last = null;
  }

  add(message) {
    const entry = { message, previous: this.last, next: null };
    if (this.last) this.last.next = entry;
    else this.first = entry;
    this.last = entry;
  }
}

class Chat {
  #rooms = new Map();

  say(room, text) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, new History());
    this.#rooms.get(room).add({ text, at: Date.now() });
  }
}

const chat = new Chat();

async function main() {
  for (let i = 0; i < 600; i++) chat.say(`room ${i % 60}`, `hello ${i}`);
  await snapshot('baseline');
  for (let i = 600; i < 6_000; i++) chat.say(`room ${i % 60}`, `hello ${i}`);
  await snapshot('current');
  chat.say('room 0', 'bye');
}
main();
