'use strict';

/** Numbers things in the order in which they are seen first. */
function numbering() {
  const seen = [];
  const numbers = [];
  let last = 0;
  return (thing) => {
    const at = seen.indexOf(thing);
    if (at >= 0) return numbers[at];
    last++;
    seen.push(thing);
    numbers.push(last);
    return last;
  };
}

module.exports = { numbering };
