'use strict';

/** @type {Record<string, string[]>} */
const tables = {};

for (let charset = 0; charset < 34; charset++) {
  tables[1250 + charset] = Array.from({ length: 8_000 }, (_, i) => `${charset}:${i}`);
}

exports.decode = (charset, text) => [...text].map((c) => tables[charset][c.charCodeAt(0)]).join('');
