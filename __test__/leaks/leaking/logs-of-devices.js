'use strict';
/**
 * 50 devices with a log each, in a Map; each log gains 20 lines: 60 kB.
 *
 * @leak name=log class=Array kind=array
 */
const { snapshot } = require('../harness');
class Device {
  constructor(id) {
    this.id = id;
    this.log = [];
  }
}
const devices = new Map(Array.from({ length: 50 }, (_, i) => [i, new Device(i)]));
const say = (i, text) => devices.get(i % 50).log.push({ text });
async function main() {
  for (let i = 0; i < 100; i++) say(i, `w${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 1000; i++) say(i, `line ${i}`);
  await snapshot('current');
}
main();
