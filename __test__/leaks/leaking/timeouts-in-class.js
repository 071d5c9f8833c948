'use strict';
/**
 * A long timeout per upload, each with a delay of its own, kept alive by its callback's `this`.
 *
 * @leak name=expire|_onTimeout|setTimeout|timer class=Timeout|TimersList|Upload|Object kind=timers|instances
 */
// Every delay differs, so there is one timer list per upload in Node's object of lists. The growing
// things are the timers, or the uploads they hold.
const { snapshot } = require('../harness');

class Upload {
  constructor(id) {
    this.id = id;
    this.parts = [`${id}-0`, `${id}-1`];
    this.expire = this.expire.bind(this);
    this.timer = setTimeout(this.expire, 3_600_000 + id);
  }
  expire() {
    this.parts.length = 0;
  }
}

async function main() {
  for (let i = 0; i < 20; i++) new Upload(i);
  await snapshot('baseline');
  for (let i = 20; i < 2_500; i++) new Upload(i);
  await snapshot('current');
}
main();
