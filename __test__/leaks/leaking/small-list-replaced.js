'use strict';
/**
 * A variable has a small array, which is replaced by a longer one each time.
 *
 * @leak name=pending class=Array kind=array items=3:803
 */
const { snapshot } = require('../harness');
let pending = [];
const add = (x) => {
  pending = [...pending, x];
};
async function main() {
  for (let i = 0; i < 3; i++) add({ i });
  await snapshot('baseline');
  for (let i = 0; i < 800; i++) add({ i, text: `t${i}` });
  await snapshot('current');
}
main();
