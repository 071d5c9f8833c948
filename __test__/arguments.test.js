'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { diffSnapshots, openSnapshot } = require('..');

/**
 * @param {string} name
 * @param {() => Promise<unknown>} call
 * @param {ErrorConstructor} Type
 * @param {RegExp} message
 */
function refuses(name, call, Type, message) {
  test(`${name} is refused`, async () => {
    await assert.rejects(call, (/** @type {any} */ error) => {
      assert.ok(error instanceof Type, `${error}`);
      assert.equal(error.code, 'ERR_INVALID_ARG');
      assert.match(error.message, message);
      return true;
    });
  });
}

/** @param {any} options */
const withOptions = (options) => () => diffSnapshots('a', 'b', options);
/** @param {any[]} args */
const withArguments =
  (...args) =>
  () =>
    Reflect.apply(diffSnapshots, undefined, args);

refuses('no argument', withArguments(), TypeError, /^baseline must be a path, a file URL or/);
refuses('a number for a source', withArguments(1, 'b'), TypeError, /Received 1$/);
refuses('null for the baseline', withArguments(null, 'b'), TypeError, /^baseline must/);
refuses('an empty path', withArguments('', 'b'), RangeError, /^baseline must be a path/);
refuses('a path with a NUL', withArguments('a', 'b\0c'), RangeError, /^current must .*null bytes/);
refuses('an array of bytes', withArguments('a', [1, 2]), TypeError, /^current must be/);
refuses('another typed array', withArguments(new Uint16Array(4), 'b'), TypeError, /^baseline/);
refuses(
  'shared memory',
  withArguments(new Uint8Array(new SharedArrayBuffer(8)), 'b'),
  TypeError,
  /SharedArrayBuffer/,
);
refuses('options that are a string', withArguments('a', 'b', 'json'), TypeError, /^options must/);
refuses('options that are an array', withArguments('a', 'b', []), TypeError, /^options must/);
refuses('options that are a date', withArguments('a', 'b', new Date()), TypeError, /^options must/);
refuses(
  'a URL of no file',
  withArguments(new URL('data:,a'), 'b'),
  TypeError,
  /^baseline must be a/,
);
refuses('negative suspects', withOptions({ suspects: -1 }), RangeError, /suspects must be an int/);
refuses('a fraction of a suspect', withOptions({ suspects: 1.5 }), RangeError, /an integer >= 0/);
refuses('suspects as text', withOptions({ suspects: '5' }), TypeError, /Received '5'$/);
refuses('NaN classes', withOptions({ classes: NaN }), RangeError, /classes must be an integer/);
refuses('2 ** 33 classes', withOptions({ classes: 2 ** 33 }), RangeError, /<= 4294967295/);
refuses('negative growth', withOptions({ minGrowthBytes: -1 }), RangeError, /minGrowthBytes/);
refuses('no work', withOptions({ work: 0 }), RangeError, /options\.work must be a number/);
refuses('next to no work', withOptions({ work: 5e-324 }), RangeError, /options\.work/);
refuses('endless work', withOptions({ work: Infinity }), RangeError, /options\.work/);
refuses('an unknown matching', withOptions({ matching: 'name' }), RangeError, /one of 'auto', /);
refuses('unknown class rows', withOptions({ classRows: 1 }), TypeError, /one of 'merged', /);
refuses('ignore that is text', withOptions({ ignore: 'leaks' }), TypeError, /must be an array/);
refuses('an ignore that matches all', withOptions({ ignore: ['a', ''] }), TypeError, /ignore\[1\]/);
refuses('an ignore that is a number', withOptions({ ignore: [3] }), TypeError, /ignore\[0\]/);
refuses('a timeout of 0', withOptions({ timeoutMs: 0 }), RangeError, /timeoutMs must be/);
refuses('a timeout of NaN', withOptions({ timeoutMs: NaN }), RangeError, /timeoutMs must be/);
refuses('an object for a signal', withOptions({ signal: {} }), TypeError, /AbortSignal/);
refuses('an object for onProgress', withOptions({ onProgress: {} }), TypeError, /a function/);
refuses(
  'a number for an open source',
  // @ts-expect-error It is no source.
  () => openSnapshot(5),
  TypeError,
  /^source must be/,
);
