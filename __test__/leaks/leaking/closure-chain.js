'use strict';
/**
 * Two closures share a scope, so one that nobody calls keeps the previous thing alive, which keeps
 * the one before it: the chain that hit Meteor.
 *
 * @leak name=theThing|originalThing class="Object|system / Context|Function" kind=list|closures|object
 */
// `theThing` is the head of the chain and `originalThing` the variable that links it: a developer
// who finds either has found the leak. The chain goes object, method, scope, object.
const { snapshot } = require('../harness');

let theThing = null;

function replaceThing(i) {
  const originalThing = theThing;
  // eslint-disable-next-line no-unused-vars
  const unused = function unused() {
    if (originalThing) console.log('hi');
  };
  theThing = {
    longString: Array.from({ length: 200 }, (_, n) => `${i}-${n}`).join('*'),
    someMethod() {
      console.log(theThing);
    },
  };
}

async function main() {
  for (let i = 0; i < 10; i++) replaceThing(i);
  await snapshot('baseline');
  for (let i = 10; i < 1_500; i++) replaceThing(i);
  await snapshot('current');
}
main();
