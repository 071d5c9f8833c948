'use strict';

const recent = [];

exports.remember = function remember(page) {
  recent.push({ page, at: Date.now() });
  if (recent.length > 500) recent.shift();
};
