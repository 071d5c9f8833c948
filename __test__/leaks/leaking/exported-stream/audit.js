'use strict';
const { PassThrough } = require('node:stream');

const audit = new PassThrough({ objectMode: true, highWaterMark: 1e9 }); // @here

exports.audit = audit;

exports.record = (entry) => audit.write(entry);
