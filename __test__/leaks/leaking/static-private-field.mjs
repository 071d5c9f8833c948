/**
 * A private static field of a class in an ES module.
 *
 * @leak name=#parsed|Template.#parsed class=Object kind=object
 */
import { snapshot } from '../harness.js';

export class Template {
  static #parsed = {};

  static parse(text) {
    return (Template.#parsed[text] ??= text.split(/\b/).map((word) => ({ word })));
  }
}

for (let i = 0; i < 30; i++) Template.parse(`Dear {name${i}}, welcome`);
await snapshot('baseline');
for (let i = 0; i < 1_500; i++)
  Template.parse(`Dear customer ${i}, your order ${i * 7} is on its way`);
await snapshot('current');
