'use strict';

const spans = new Map();

exports.start = (id) => {
  spans.set(id, { id, startedAt: Date.now(), events: [] });
};
