'use strict';

const rows = []; // @here

// @here
exports.add = (title) => {
  rows.push({ title, cells: [title.length], at: Date.now() });
};
