'use strict';
/**
 * Widgets listen to a bus that outlives them. The bus has a name in the program, and that is where to look.
 *
 * @only
 * @leak name=bus class=EventTarget kind=listeners
 */
const { snapshot } = require('../harness');

class Widget {
  constructor(id) {
    this.id = id;
    this.pixels = new Array(20).fill(id);
    bus.addEventListener('resize', () => this.id++);
  }
}

const bus = new EventTarget(); // @here

async function main() {
  for (let i = 0; i < 3; i++) new Widget(i);
  await snapshot('baseline');
  for (let i = 0; i < 800; i++) new Widget(i);
  await snapshot('current');
}
main();
