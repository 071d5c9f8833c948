'use strict';
/**
 * A registry gets a large table early, and then no more than the names of plugins that are switched off. Beside it something leaks.
 *
 * @trend baseline second third current
 * @only
 * @leak name=visits class=Array kind=array
 */
const { snapshot } = require('../harness');

const registry = {};
const visits = [];

async function main() {
  for (const [step, label] of ['baseline', 'second', 'third', 'current'].entries()) {
    const rules = () => Array.from({ length: 8_000 }, (_, i) => ({ rule: i, step }));
    registry[`plugin${step}`] = step < 2 ? rules() : null;
    for (let i = 0; i < 900; i++) visits.push({ at: step * 1_000 + i });
    await snapshot(label);
  }
}
main();
