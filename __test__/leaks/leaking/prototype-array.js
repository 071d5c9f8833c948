'use strict';
/**
 * The classic slip: an array on the prototype, shared by every instance.
 *
 * @leak name=errors class=Array kind=array
 */
const { snapshot } = require('../harness');

function Validator(schema) {
  this.schema = schema;
}
Validator.prototype.errors = [];
Validator.prototype.validate = function validate(value) {
  for (const key of this.schema) {
    if (!(key in value)) this.errors.push({ key, message: `${key} is missing` });
  }
  return this.errors.length === 0;
};

async function main() {
  for (let i = 0; i < 10; i++) new Validator(['name', 'email']).validate({ name: 'x' });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) new Validator(['name', 'email']).validate({ name: 'x' });
  await snapshot('current');
}
main();
