'use strict';

class Journal {
  entries = [];
  add(text) {
    this.entries.push({ text, at: Date.now() });
  }
}

module.exports = { Journal };
