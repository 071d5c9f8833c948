'use strict';
/**
 * A few channels that are opened after the baseline, each with a list of messages that only grows:
 * the map gains three entries, their lists three thousand.
 *
 * @leak name=messages|backlog class=Array|Map kind=array|map
 */
const { snapshot } = require('../harness');

class Hub {
  backlog = new Map(); // @here

  publish(name, message) {
    let channel = this.backlog.get(name);
    if (!channel) this.backlog.set(name, (channel = { messages: [], dropped: 0 })); // @here
    channel.messages.push(message); // @here
  }
}

const hub = new Hub();

async function main() {
  for (let i = 0; i < 50; i++) hub.publish('lobby', { i });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) hub.publish(`room ${i % 3}`, { i, text: `hello ${i}` });
  await snapshot('current');
  hub.publish('lobby', {});
}
main();
