'use strict';
/**
 * Answers in a property whose name is no identifier. It stands in the source in quotes; what is put into it are data.
 *
 * @leak name=by-question class=Object kind=object
 */
const { snapshot } = require('../harness');

const app = {
  name: 'answers',
  'by-question': {}, // @here
  answer(question) {
    return (this['by-question'][question] ??= { question, words: [question] });
  },
};

async function main() {
  for (let i = 0; i < 30; i++) app.answer(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) app.answer(`question-${i}`);
  await snapshot('current');
}
main();
