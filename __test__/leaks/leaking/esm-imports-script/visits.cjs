'use strict';

global.visitCounts = new Map(); // @here

exports.visit = (page) => {
  global.visitCounts.set(page, { page, count: 1, tags: ['web'] });
};
