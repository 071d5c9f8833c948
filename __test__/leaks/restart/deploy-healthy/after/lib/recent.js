'use strict';

/** How many pages are remembered. */
const LIMIT = 500;

const recent = [];

function trim() {
  while (recent.length > LIMIT) recent.shift();
}

exports.remember = function remember(page) {
  recent.push({ page, at: Date.now() });
  trim();
};
