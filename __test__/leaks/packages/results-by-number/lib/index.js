'use strict';

const { numbering } = require('./numbering');

function byNumber(compute) {
  const results = Object.create(null);
  const numberOf = numbering();
  return (argument) => {
    const number = numberOf(argument);
    if (!(number in results)) results[number] = compute(argument);
    return results[number];
  };
}

module.exports = { byNumber };
