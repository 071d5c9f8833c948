'use strict';
/**
 * Functions that get hot between the snapshots: feedback, baseline code and optimised code appear.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const shapes = [
  (i) => ({ kind: 'circle', r: i }),
  (i) => ({ kind: 'square', a: i }),
  (i) => ({ kind: 'rectangle', a: i, b: i + 1 }),
  (i) => ({ kind: 'triangle', a: i, h: i + 2 }),
];

function area(shape) {
  switch (shape.kind) {
    case 'circle':
      return Math.PI * shape.r ** 2;
    case 'square':
      return shape.a ** 2;
    case 'rectangle':
      return shape.a * shape.b;
    default:
      return (shape.a * shape.h) / 2;
  }
}

const steps = Array.from(
  { length: 300 },
  (_, n) => new Function('x', `return (x * ${n + 1}) % 9973;`),
);

function churn(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++) {
    total += area(shapes[i % shapes.length](i));
    total = steps[i % steps.length](total | 0);
    total += JSON.stringify({ total }).length + [i, total].map((n) => n + 1).sort().length;
  }
  return total;
}

async function main() {
  churn(4);
  await snapshot('baseline');
  console.log(churn(400_000));
  await snapshot('current');
}
main();
