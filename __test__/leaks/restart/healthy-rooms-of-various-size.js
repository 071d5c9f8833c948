'use strict';
/**
 * Histories of very different length, which are as long in the other process, in other rooms.
 *
 * @restart
 * @healthy
 */
const { snapshot } = require('../harness');

const rooms = new Map();
for (let id = 0; id < 24; id++) rooms.set(`room-${id}`, []);

function fill(shift) {
  let id = shift;
  for (const history of rooms.values()) {
    history.length = 0;
    const messages = (id++ % 24) * 40;
    for (let i = 0; i < messages; i++) history.push({ i, text: `message ${i}` });
  }
}

async function main() {
  fill(0);
  await snapshot('baseline');
  for (let shift = 1; shift < 10; shift++) fill(shift);
  await snapshot('current');
}
main();
