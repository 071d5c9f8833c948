'use strict';
/**
 * A validator compiles each schema into a function of its own, and finds the functions by schema:
 * schemas that are written in a request handler are new ones each time.
 *
 * @leak name=bySchema|compiled class=Map|Array kind=map|array items=5:305
 */
// `bySchema` and `compiled` hold the same; either leads to the code.
const { snapshot } = require('../harness');

class Validator {
  bySchema = new Map();
  compiled = [];

  validate(schema, value) {
    let known = this.bySchema.get(schema);
    if (!known) {
      const check = new Function(
        'value',
        `return typeof value.id === ${JSON.stringify(schema.id)};`,
      );
      known = { schema, check };
      this.bySchema.set(schema, known);
      this.compiled.push(known);
    }
    return known.check(value);
  }
}

const validator = new Validator();

function handle(i) {
  return validator.validate({ id: i % 2 ? 'number' : 'string', title: `request ${i}` }, { id: i });
}

async function main() {
  for (let i = 0; i < 5; i++) handle(i);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) handle(i);
  await snapshot('current');
}
main();
