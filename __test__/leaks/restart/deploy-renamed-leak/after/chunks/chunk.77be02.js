'use strict';

const seen = [];
const recent = [];

function track(event) {
  seen.push(event);
  if (recent.push({ ...event, at: Date.now() }) > 200) recent.shift();
}

module.exports = { track };
