'use strict';
/**
 * An immutable list, frozen anew with each entry. V8 shows the elements of a frozen array in its store
 * only.
 *
 * @leak name=#entries class=Array kind=array items=12:1512
 */
const { snapshot } = require('../harness');
class Ledger {
  #entries = Object.freeze([]);
  add(e) {
    this.#entries = Object.freeze([...this.#entries, Object.freeze(e)]);
  }
}
const ledger = new Ledger();
async function main() {
  for (let i = 0; i < 12; i++) ledger.add({ i });
  await snapshot('baseline');
  for (let i = 0; i < 1500; i++) ledger.add({ i, text: `entry ${i}` });
  await snapshot('current');
}
main();
