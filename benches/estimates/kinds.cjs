'use strict';

/**
 * Heaps of different kinds. Each is made with a count, of which a third makes a heap of about 10 MB and ten
 * times as many one of 300 MB, and a function that returns what is to be kept.
 *
 * @type {Record<string, [count: number, make: (count: number) => unknown]>}
 */
const kinds = {
  'small objects': [250e3, (n) => list(n, (i) => ({ i, next: { i } }))],
  'a linked list': [500e3, linkedList],
  'instances of 1 field': [400e3, (n) => instances(n, 1)],
  'instances of 5 fields': [300e3, (n) => instances(n, 5)],
  'instances of 40 fields': [60e3, (n) => instances(n, 40)],
  'heap numbers in fields': [300e3, (n) => list(n, (i) => ({ x: i + 0.5, y: i * 1.5 }))],
  closures: [200e3, (n) => list(n, closure)],
  'closures in closures': [4e3, (n) => list(n, (i) => deepClosure(50, i))],
  functions: [100e3, (n) => list(n, () => Object.assign(function () {}, { a: 1 }))],
  dictionaries: [1500, (n) => list(n, dictionary)],
  'a dictionary of many keys': [
    200e3,
    (n) => Object.fromEntries(list(n, (i) => [`key${i * 7}`, i])),
  ],
  'nested JSON': [20e3, (n) => list(n, nestedJson)],
  Dates: [300e3, (n) => list(n, (i) => new Date(i))],
  'regular expressions': [80e3, (n) => list(n, (i) => new RegExp(`a${i}`))],
  BigInts: [800e3, (n) => list(n, (i) => BigInt(i) << 70n)],
  Symbols: [300e3, (n) => list(n, (i) => Symbol(`symbol ${i}`))],
  'errors with stacks': [20e3, (n) => list(n, (i) => new Error(`failed ${i}`))],
  'errors whose stacks were read': [20e3, (n) => list(n, readError)],
  promises: [200e3, (n) => list(n, (i) => Promise.resolve({ i }))],
  'promises with reactions': [60e3, (n) => list(n, () => new Promise(() => {}).then(() => {}))],
  generators: [
    100e3,
    (n) =>
      list(n, (i) =>
        (function* () {
          yield i;
        })(),
      ),
  ],
  'event emitters': [40e3, (n) => list(n, emitter)],
  proxies: [300e3, (n) => list(n, (i) => new Proxy({ i }, {}))],
  'boxed numbers': [300e3, (n) => list(n, (i) => Object(i))],

  'an array of one object': [1e6, (n) => new Array(n).fill({})],
  'an array of objects': [400e3, (n) => list(n, (i) => ({ i }))],
  'an array of small integers': [5e6, (n) => pushed(n, (i) => i)],
  'an array of doubles': [5e6, (n) => pushed(n, (i) => i + 0.5)],
  'an array of round doubles': [5e6, (n) => pushed(n, (i) => i * 2 ** 33)],
  'an array of random doubles': [5e6, (n) => pushed(n, () => Math.random())],
  'an array of negative doubles': [5e6, (n) => pushed(n, () => -Math.random() * 1e9)],
  'an array of tiny doubles': [5e6, (n) => pushed(n, () => Math.random() * 1e-310)],
  'an array of doubles with holes': [5e6, (n) => holey(n, (i) => i + 0.5)],
  'an array of numbers of both kinds': [1e6, (n) => mixedNumbers(n)],
  'an array of undefined': [1e6, (n) => new Array(n).fill(undefined)],
  'an array with holes': [1e6, (n) => holey(n, (i) => ({ i }))],
  'an array of holes': [5e6, (n) => new Array(n)],
  'a sparse array': [
    150e3,
    (n) => {
      const a = [];
      for (let i = 0; i < n; i++) a[i * 1003] = { i };
      return a;
    },
  ],
  'a sparse array of doubles': [
    200e3,
    (n) => {
      const a = [];
      for (let i = 0; i < n; i++) a[i * 1003] = i + 0.5;
      return a;
    },
  ],
  'an object with integer keys': [
    300e3,
    (n) => {
      const o = {};
      for (let i = 0; i < n; i++) o[i] = { i };
      return o;
    },
  ],
  'arrays of 3 objects': [100e3, (n) => list(n, (i) => [{ i }, { i }, { i }])],
  'arrays of 3 small integers': [400e3, (n) => list(n, (i) => pushed(3, (k) => i + k))],
  'arrays of 3 doubles': [400e3, (n) => list(n, (i) => pushed(3, (k) => i + k + 0.5))],
  'arrays of 50 doubles': [60e3, (n) => list(n, (i) => pushed(50, (k) => i + k + 0.5))],
  'arrays of 1,000 doubles': [4e3, (n) => list(n, (i) => pushed(1000, (k) => i + k + 0.5))],
  'arrays of 1,000 doubles with holes': [4e3, (n) => list(n, () => holey(1000, (k) => k + 0.5))],
  'arrays of 50,000 doubles': [80, (n) => list(n, (i) => pushed(50e3, (k) => i + k + 0.5))],
  'arrays of 50 references': [50e3, (n) => same(n, 50)],
  'arrays of 1,000 references': [2500, (n) => same(n, 1000)],
  'arrays of 16,000 references': [150, (n) => same(n, 16e3)],
  'arrays of 40,000 references': [60, (n) => same(n, 40e3)],
  'arrays of 12,000 objects': [20, (n) => list(n, () => pushed(12e3, (i) => ({ i })))],

  'a Map of objects': [200e3, (n) => new Map(list(n, (i) => [i, { i }]))],
  'a Map of integers': [800e3, (n) => new Map(list(n, (i) => [i, i]))],
  'a Map of strings': [200e3, (n) => new Map(list(n, (i) => [`key ${i}`, `value ${i}`]))],
  'a Map of doubles': [300e3, (n) => new Map(list(n, (i) => [i + 0.5, i + 0.25]))],
  'a Set of integers': [1e6, (n) => new Set(list(n, (i) => i))],
  'a Set of strings': [250e3, (n) => new Set(list(n, (i) => `item ${i}`))],
  'a Set of objects': [300e3, (n) => new Set(list(n, (i) => ({ i })))],
  'Maps of 3 entries': [30e3, (n) => list(n, (i) => new Map(list(3, (k) => [k, { i }])))],
  'Sets of 100 integers': [6e3, (n) => list(n, () => new Set(list(100, (k) => k)))],
  'Maps of 100 entries': [3e3, (n) => list(n, () => new Map(list(100, (k) => [`${k}`, { k }])))],
  'a Map that was emptied by half': [400e3, emptiedMap],
  WeakMaps: [60e3, weakMap],
  'a WeakSet': [
    150e3,
    (n) => {
      const kept = list(n, (i) => ({ i }));
      return [kept, new WeakSet(kept)];
    },
  ],
  'weak references': [
    150e3,
    (n) =>
      list(n, (i) => {
        const o = { i };
        return [o, new WeakRef(o)];
      }),
  ],

  'Buffers of 5 B': [150e3, (n) => list(n, () => Buffer.from('hello'))],
  'Buffers of 100 B': [150e3, (n) => buffers(n, 100)],
  'Buffers of 4 KB': [40e3, (n) => buffers(n, 4096)],
  'Buffers of 64 KB': [3e3, (n) => buffers(n, 65536)],
  'Buffers of 1 MB': [100, (n) => buffers(n, 1e6)],
  'Buffers of 50 MB': [2, (n) => buffers(n, 50e6)],
  'SharedArrayBuffers of 4 KB': [60e3, (n) => list(n, () => new SharedArrayBuffer(4096))],
  'SharedArrayBuffers of 64 B': [150e3, (n) => list(n, () => new SharedArrayBuffer(64))],
  'Uint8Arrays of 16 B': [200e3, (n) => list(n, () => new Uint8Array(16).fill(1))],
  'Uint8Arrays of 3 KB': [30e3, (n) => list(n, () => new Uint8Array(3000).fill(1))],
  'Float64Arrays of 800 B': [40e3, (n) => list(n, () => new Float64Array(100))],
  DataViews: [150e3, (n) => list(n, () => new DataView(new ArrayBuffer(16)))],
  'views of one ArrayBuffer': [
    300e3,
    (n) => {
      const b = new ArrayBuffer(64);
      return list(n, () => new Uint8Array(b));
    },
  ],
  'a wasm memory': [1000, (n) => new WebAssembly.Memory({ initial: n }).buffer],

  ...strings('latin', (length, i) => Buffer.alloc(length, `${i} abcdefghijk`).toString('latin1')),
  ...strings('wide', (length, i) =>
    Buffer.alloc(length * 2, Buffer.from(`${i} \u0416\u4e2d abcdefgh`, 'utf16le')).toString(
      'utf16le',
    ),
  ),
  'strings of words, concatenated': [250e3, (n) => list(n, (i) => 'a text of its own ' + i)],
  'strings that grew': [20e3, (n) => list(n, grown)],
  'a long string that grew': [
    400e3,
    (n) => {
      let text = '';
      for (let i = 0; i < n; i++) text += `item ${i}, `;
      return text;
    },
  ],
  'slices of strings': [
    300e3,
    (n) => {
      const text = 'abcdefghijklmnop'.repeat(n / 8);
      return list(n, (i) => text.slice(i, i + 40));
    },
  ],
  'equal strings of 1,500 B': [
    20e3,
    (n) => {
      const text = Buffer.alloc(1500, 97);
      return list(n, () => text.toString());
    },
  ],
  'strings of digits': [500e3, (n) => list(n, (i) => String(i))],
  'strings of digits above a million': [500e3, (n) => list(n, (i) => String(1e6 + i * 7))],
  'strings of 13 digits': [400e3, (n) => list(n, (i) => String(1.7e12 + i * 77))],
  'strings of random digits': [
    500e3,
    (n) => list(n, () => String(Math.floor(Math.random() * 1e6))),
  ],
  'strings of digits, each twenty times': [500e3, (n) => list(n, (i) => String(i % (n / 20)))],
  'strings of decimals': [400e3, (n) => list(n, (i) => String(i + 0.25))],
  'strings of digits in objects': [200e3, (n) => list(n, (i) => ({ id: String(i) }))],
  'strings of digits in a Map': [200e3, (n) => new Map(list(n, (i) => [String(i), i]))],
  UUIDs: [250e3, (n) => list(n, () => require('node:crypto').randomUUID())],
  'hexadecimal digests': [
    150e3,
    (n) => list(n, (i) => require('node:crypto').createHash('sha1').update(`${i}`).digest('hex')),
  ],

  'strings, every other dropped': [
    400e3,
    (n) => halved(list(n, (i) => Buffer.from(`a text of its own ${i}`).toString('latin1'))),
  ],
  'objects, every other dropped': [400e3, (n) => halved(list(n, (i) => ({ i, a: i, b: null })))],
  'objects, all dropped but a tenth': [
    1e6,
    (n) => list(n, (i) => ({ i, a: i, b: null })).filter((_, i) => i % 10 === 0),
  ],
  'strings of 1 KB, every other dropped': [
    40e3,
    (n) => halved(list(n, (i) => Buffer.alloc(1000, `${i} text `).toString('latin1'))),
  ],
  'arrays, every other dropped': [60e3, (n) => halved(list(n, (i) => pushed(50, () => ({}))))],
  'a large array, dropped': [
    3e6,
    (n) => {
      let a = pushed(n, () => kinds);
      a = null;
      return list(n / 30, (i) => ({ i, a }));
    },
  ],

  'hashes of node:crypto': [
    40e3,
    (n) => list(n, () => require('node:crypto').createHash('sha256')),
  ],
  'keys of node:crypto': [
    40e3,
    (n) => list(n, () => require('node:crypto').createSecretKey(Buffer.alloc(300))),
  ],
  'long keys of node:crypto': [40e3, longKeys],
  'long keys beside what was freed': [
    40e3,
    (n) => list(n, () => require('node:crypto').createSecretKey(Buffer.alloc(3000))),
  ],
  'keys of WebCrypto': [10e3, webCryptoKeys],
  URLs: [60e3, (n) => list(n, (i) => new URL(`https://example.org/path/${i}?a=${i}`))],
  AbortControllers: [30e3, (n) => list(n, () => new AbortController())],
  timers: [100e3, (n) => list(n, () => setTimeout(() => {}, 1e9).unref())],
  streams: [5e3, (n) => list(n, () => new (require('node:stream').PassThrough)())],
  'zlib streams': [300, (n) => list(n, () => require('node:zlib').createDeflate())],
  'message channels': [
    5e3,
    (n) =>
      list(n, () => new MessageChannel()).flatMap(({ port1, port2 }) => {
        port1.unref();
        port2.unref();
        return [port1, port2];
      }),
  ],

  'a mixed heap': [1, mixed],
  'a heap beside 5 workers': [100e3, besideWorkers],
  'almost nothing': [1, () => null],
};

/** Lengths of strings, and how many of each. */
function strings(encoding, make) {
  const sizes = [5, 20, 100, 300, 1000, 3000, 10e3, 20e3, 50e3, 100e3, 200e3, 1e6];
  return Object.fromEntries(
    sizes.map((length) => [
      `${encoding} strings of ${length} characters`,
      [Math.round(Math.min(30e6 / (length + 30), 250e3)), (n) => list(n, (i) => make(length, i))],
    ]),
  );
}

function list(length, make) {
  return Array.from({ length }, (_, i) => make(i));
}

function pushed(count, make) {
  const items = [];
  for (let i = 0; i < count; i++) items.push(make(i));
  return items;
}

function holey(count, make) {
  const items = new Array(count);
  for (let i = 0; i < count; i += 2) items[i] = make(i);
  return items;
}

/** V8 boxes the doubles where there are references as well. */
function mixedNumbers(count) {
  return pushed(count, (i) => (i === 1 ? null : i % 2 ? i : i + 0.5));
}

function same(count, length) {
  const one = {};
  return list(count, () => pushed(length, () => one));
}

function linkedList(count) {
  let first = null;
  for (let i = 0; i < count; i++) first = { i, next: first };
  return first;
}

function instances(count, fields) {
  const names = list(fields, (k) => `this.field${k} = i + ${k};`).join('');
  const Wide = new Function(`return class Wide { constructor(i) { ${names} } }`)();
  return list(count, (i) => new Wide(i));
}

function closure(i) {
  const kept = { i };
  return () => kept;
}

function deepClosure(depth, i) {
  const kept = { depth, i };
  const inner = depth > 0 ? deepClosure(depth - 1, i) : null;
  return () => [kept, inner];
}

function dictionary(i) {
  const keys = Object.create(null);
  for (let k = 0; k < 200; k++) keys[`k${k * i}`] = k;
  return keys;
}

function nestedJson(i) {
  const text = JSON.stringify({
    id: i,
    name: `name ${i}`,
    tags: ['a', `b${i}`],
    address: { street: `street ${i}`, at: [i, i + 0.5] },
  });
  return JSON.parse(text);
}

function readError(i) {
  const error = new Error(`failed ${i}`);
  return [error, error.stack];
}

function emitter() {
  const { EventEmitter } = require('node:events');
  return new EventEmitter().on('x', () => {});
}

function emptiedMap(count) {
  const map = new Map(list(count, (i) => [i, { i }]));
  for (let i = 0; i < count; i += 2) map.delete(i);
  return map;
}

function weakMap(count) {
  const map = new WeakMap();
  const keys = list(count, (i) => ({ i }));
  for (const key of keys) map.set(key, { key });
  return [map, keys];
}

function buffers(count, size) {
  return list(count, () => Buffer.allocUnsafeSlow(size).fill(1));
}

function grown(i) {
  let text = '';
  for (let k = 0; k < 10; k++) text += `part ${i * k} `;
  return text;
}

function halved(all) {
  for (let i = 0; i < all.length; i += 2) all[i] = null;
  return all;
}

function longKeys(count) {
  const { createSecretKey } = require('node:crypto');
  const secret = Buffer.alloc(3000);
  return list(count, () => createSecretKey(secret));
}

async function webCryptoKeys(count) {
  const { subtle } = globalThis.crypto ?? require('node:crypto').webcrypto;
  const keys = [];
  for (let i = 0; i < count; i++) {
    keys.push(await subtle.importKey('raw', Buffer.alloc(32, i), 'AES-GCM', true, ['encrypt']));
  }
  return keys;
}

function mixed(count) {
  const of = (name, share) => kinds[name][1](Math.round(kinds[name][0] * share * count));
  return [
    of('small objects', 0.3),
    of('arrays of 1,000 doubles', 0.2),
    of('a Map of objects', 0.1),
    of('Buffers of 4 KB', 0.1),
    of('nested JSON', 0.3),
    of('latin strings of 1000 characters', 0.2),
    of('closures', 0.1),
    of('an array of one object', 0.1),
  ];
}

async function besideWorkers(count) {
  const { Worker } = require('node:worker_threads');
  const source = `globalThis.kept = Array.from({ length: ${count} }, (_, i) => ({ i, text: 'text ' + i }));
    require('node:worker_threads').parentPort.postMessage(0); setInterval(() => {}, 1e9);`;
  const workers = list(5, () => new Worker(source, { eval: true }));
  await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))),
  );
  return [workers, list(count, (i) => ({ i, next: { i } }))];
}

module.exports = kinds;
