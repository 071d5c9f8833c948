'use strict';
// A service with three rooms of so many messages in all, which writes a snapshot to a path and ends.

const { writeSnapshot } = require('../..');

class Room {
  /** @type {{ text: string }[]} */
  messages = [];
}

const rooms = [new Room(), new Room(), new Room()];
const [messages, file] = process.argv.slice(2);
for (let i = 0; i < Number(messages); i++) rooms[i % 3].messages.push({ text: `message ${i}` });
setTimeout(async () => {
  await writeSnapshot(file, { mode: 'inline' });
  if (rooms.length !== 3) throw new Error('they are used');
}, 20);
