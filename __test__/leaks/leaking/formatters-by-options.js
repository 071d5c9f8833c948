'use strict';
/**
 * Formatters are remembered by their options, and the options differ with every call.
 *
 * @leak name=formatters class=Map kind=map
 */
const { snapshot } = require('../harness');

const money = (() => {
  const formatters = new Map();
  return (amount, options) => {
    const key = JSON.stringify(options);
    if (!formatters.has(key)) formatters.set(key, new Intl.NumberFormat('en', options));
    return formatters.get(key).format(amount);
  };
})();

async function main() {
  for (let i = 0; i < 3; i++) money(i, { style: 'unit', unit: 'liter', hint: i });
  await snapshot('baseline');
  for (let i = 0; i < 400; i++) money(i, { style: 'unit', unit: 'liter', hint: `order-${i}` });
  await snapshot('current');
  process.once('exit', () => money(1, {}));
}
main();
