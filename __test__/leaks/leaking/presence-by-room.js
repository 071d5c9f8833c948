'use strict';
/**
 * A Map of rooms, each a Map of channels, each a Set of members. Only the Sets grow.
 *
 * @leak name=presence class=Map kind=map items=90:9090
 */
const { snapshot } = require('../harness');

const presence = new Map();

function join(room, channel, user) {
  let channels = presence.get(room);
  if (!channels) presence.set(room, (channels = new Map()));
  let members = channels.get(channel);
  if (!members) channels.set(channel, (members = new Set()));
  members.add(user);
}

async function main() {
  for (let i = 0; i < 90; i++) join(`room${i % 3}`, `ch${i % 5}`, `warm${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 9000; i++) join(`room${i % 3}`, `ch${i % 5}`, `user-${i}`);
  await snapshot('current');
}
main();
