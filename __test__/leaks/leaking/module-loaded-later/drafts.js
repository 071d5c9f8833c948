'use strict';

const drafts = new Map();

exports.save = (id) => {
  drafts.set(id, { id, body: Array.from({ length: 300 }, (_, i) => i / 7) });
};
