'use strict';

const { spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { openSnapshot, writeSnapshot } = require('..');
const { captureGrowingService } = require('./support/captures');

/** @typedef {import('..').Snapshot} Snapshot */

describe('openSnapshot', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  /** @type {any} */
  let document;
  /** @type {Snapshot} */
  let snapshot;
  before(async () => {
    files = captureGrowingService();
    document = JSON.parse(fs.readFileSync(files.current, 'utf8'));
    snapshot = await openSnapshot(files.current);
  });
  after(() => snapshot.close());

  /** @returns {import('..').SnapshotNode} The Map that grows. */
  function sessions() {
    const row = snapshot.dominators({ top: 50 }).find(({ className }) => className === 'Map');
    const map = row ?? deepest('Map');
    assert.ok(map);
    return map;
  }

  /**
   * Follows what retains most, down to a node of a class.
   *
   * @param {string} className
   */
  function deepest(className) {
    let [next] = snapshot.dominators({ top: 1 });
    while (next && next.className !== className) {
      [next] = snapshot.dominators({ of: next.id, top: 1 });
    }
    return next;
  }

  test('has the numbers of the file', () => {
    const { stats } = snapshot;
    assert.equal(stats.source, files.current);
    assert.equal(stats.nodeCount, document.snapshot.node_count);
    assert.equal(stats.edgeCount, document.snapshot.edge_count);
    const { total, ...parts } = stats.statistics;
    assert.ok(total >= stats.heapBytes);
    assert.ok(Object.values(parts).every((bytes) => bytes >= 0 && bytes <= total));
  });

  test('classes are the rows of the Summary view', () => {
    const rows = snapshot.classes();
    const row = rows.find(({ className }) => className === 'Session');
    assert.equal(row?.count, 20_100);
    assert.equal(
      rows.reduce((sum, { selfBytes }) => sum + selfBytes, 0),
      snapshot.stats.statistics.total - extraNativeBytes(),
    );
    for (const [i, { retainedBytes }] of rows.entries()) {
      assert.ok(i === 0 || retainedBytes <= rows[i - 1].retainedBytes);
    }
    assert.deepEqual(snapshot.classes({ top: 3 }), rows.slice(0, 3));
    const filtered = snapshot.classes({ filter: 'Sess' });
    assert.ok(filtered.length > 0 && filtered.length < rows.length);
    assert.ok(filtered.every(({ className }) => className.includes('Sess')));
  });

  /** @returns {number} */
  function extraNativeBytes() {
    return document.snapshot.extra_native_bytes ?? 0;
  }

  test('two classes of one name are one row, or two as in DevTools', async () => {
    const two = [1, 2].map((size) => {
      const Twin = new Function(`return class Twin { items = new Array(${size}); }`)();
      return Array.from({ length: 100 * size }, () => new Twin());
    });
    const file = path.join(path.dirname(files.current), 'two-classes.heapsnapshot');
    await writeSnapshot(file);
    assert.equal(two.length, 2);
    const twins = await openSnapshot(file);
    const counts = (/** @type {'merged' | 'devtools' | undefined} */ classRows) =>
      twins.classes({ filter: 'Twin', classRows }).map(({ count }) => count);
    assert.deepEqual(counts(undefined), [300]);
    assert.deepEqual(counts('merged'), [300]);
    assert.deepEqual(counts('devtools'), [200, 100]);
    twins.close();
  });

  test('a node has its numbers, its edges, its retainers and its path', () => {
    const map = sessions();
    assert.deepEqual(snapshot.node(map.id), map);
    assert.equal(map.type, 'object');
    assert.ok(map.retainedBytes > 20_100 * 50);
    assert.ok(map.distance > 0 && map.distance < 100);

    const table = snapshot.edges(map.id).find(({ edge }) => edge === 'table');
    assert.equal(table?.node.dominatorId, map.id);
    const context = snapshot.retainers(map.id).find(({ edge }) => edge === 'sessions');
    assert.equal(context?.edgeType, 'context');
    const back = snapshot.edges(context.node.id).find(({ node }) => node.id === map.id);
    assert.equal(back?.edge, 'sessions');

    const steps = snapshot.path(map.id);
    assert.equal(steps.at(-1)?.nodeId, map.id);
    for (const [i, step] of steps.entries()) {
      if (i === 0) continue;
      const edges = snapshot.edges(steps[i - 1].nodeId);
      assert.ok(edges.some(({ edge, node }) => edge === step.edge && node.id === step.nodeId));
    }
  });

  test('of many edges and retainers, the first can be asked for', () => {
    const { id } = snapshot.node(1) ?? assert.fail('no root');
    const edges = snapshot.edges(id);
    assert.ok(edges.length > 2);
    assert.deepEqual(snapshot.edges(id, { top: 2 }), edges.slice(0, 2));
    assert.deepEqual(snapshot.edges(id, { top: 0 }), []);
    const map = snapshot.edges(sessions().id).find(({ edge }) => edge === 'map');
    const retainers = snapshot.retainers(map?.node.id ?? 0);
    assert.ok(retainers.length > 2);
    assert.deepEqual(snapshot.retainers(map?.node.id ?? 0, { top: 2 }), retainers.slice(0, 2));
  });

  test('an answer that JavaScript cannot hold is an error, and its beginning can be had', async () => {
    // Thousands of edges to one object of a name that no V8 writes.
    const name = 'N'.repeat(1 << 20);
    const { edge_types, node_types } = document.snapshot.meta;
    const meta = {
      ...document.snapshot.meta,
      node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
    };
    const [object, element] = [node_types[0].indexOf('object'), edge_types[0].indexOf('element')];
    const count = 600;
    const nodes = [0, 0, 1, 0, count, object, 1, 3, 8, 0];
    const edges = Array.from({ length: count }, (_, i) => [element, i, 5]).flat();
    const header = { meta, node_count: 2, edge_count: count };
    const text = JSON.stringify({ snapshot: header, nodes, edges, strings: ['', name] });
    const crowded = await openSnapshot(Buffer.from(text));
    const tooLong = { code: 'ENOMEM', message: /more than 536 MB, which JavaScript cannot hold/ };
    assert.throws(() => crowded.edges(1), tooLong);
    assert.equal(crowded.edges(1, { top: 3 })[2].node.name, name);
    assert.equal(crowded.retainers(3).length, count);
    crowded.close();
  });

  test('says what its numbers do not', async () => {
    assert.deepEqual(snapshot.warnings, []);
    const text = fs.readFileSync(files.baseline, 'latin1');
    const large = `${text.replace(/("nodes":\[(?:\d+,){3})0/, '$14294967301')}and more`;
    const other = await openSnapshot(Buffer.from(large, 'latin1'));
    const [behind, size, ...none] = other.warnings;
    assert.match(behind, /^bytes: bytes behind the snapshot, from \d+ on, are ignored$/);
    assert.match(size, /^bytes: node @1 has 4294967301 bytes; like Chrome DevTools/);
    assert.deepEqual(none, []);
    assert.equal(other.node(1)?.selfBytes, 5);
    other.close();
    assert.equal(other.warnings.length, 2, 'stays after close()');
  });

  test('dominators come largest first', () => {
    const nodes = snapshot.dominators();
    assert.ok(nodes.length > 1 && nodes.length <= 20);
    for (const [i, node] of nodes.entries()) {
      assert.ok(i === 0 || node.retainedBytes <= nodes[i - 1].retainedBytes);
    }
    const [first] = snapshot.dominators({ of: nodes[0].id, top: 1 });
    assert.equal(first.dominatorId, nodes[0].id);
  });

  test('an id that no node has', () => {
    const none = 4_000_000_001;
    assert.equal(snapshot.node(none), null);
    assert.equal(snapshot.node(2 ** 40), null);
    assert.deepEqual(snapshot.edges(none), []);
    assert.deepEqual(snapshot.retainers(none), []);
    assert.deepEqual(snapshot.path(none), []);
    assert.deepEqual(snapshot.dominators({ of: none }), []);
  });

  test('duplicate strings come with their bytes', () => {
    const strings = snapshot.duplicateStrings({ top: 5 });
    assert.ok(strings.length > 0 && strings.length <= 5);
    for (const { value, count, bytes } of strings) {
      assert.equal(typeof value, 'string');
      assert.ok(count > 1 && bytes > 0);
    }
  });

  test('wrong arguments throw', () => {
    const wrong = { code: 'ERR_INVALID_ARG' };
    for (const id of /** @type {any[]} */ ([undefined, null, '5', 1.5, -1, NaN])) {
      assert.throws(() => snapshot.node(id), wrong);
      assert.throws(() => snapshot.edges(id), wrong);
      assert.throws(() => snapshot.retainers(id), wrong);
      assert.throws(() => snapshot.path(id), wrong);
    }
    assert.throws(() => snapshot.classes({ top: -1 }), wrong);
    assert.throws(() => snapshot.classes(/** @type {any} */ ({ filter: 5 })), wrong);
    assert.throws(() => snapshot.classes(/** @type {any} */ ({ classRows: 'rows' })), wrong);
    assert.throws(() => snapshot.dominators({ top: 0.5 }), wrong);
    assert.throws(() => snapshot.edges(1, { top: -1 }), wrong);
    assert.throws(() => snapshot.retainers(1, /** @type {any} */ (5)), wrong);
    assert.throws(() => snapshot.duplicateStrings(/** @type {any} */ ('all')), wrong);
  });

  test('bytes are as good as a path', async () => {
    const other = await openSnapshot(fs.readFileSync(files.current));
    assert.deepEqual({ ...other.stats, source: '' }, { ...snapshot.stats, source: '' });
    assert.deepEqual(other.classes(), snapshot.classes());
    other.close();
  });

  test('bytes that are taken away meanwhile are an error with a code', async () => {
    const bytes = new Uint8Array(fs.readFileSync(files.current));
    const large = new Uint8Array(bytes.length + 8e6);
    large.set(bytes);
    const opening = openSnapshot(large);
    structuredClone(large.buffer, { transfer: [large.buffer] });
    await assert.rejects(opening, { name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test('what only inherits from a snapshot is none', () => {
    const heir = /** @type {Snapshot} */ (Object.create(snapshot));
    assert.throws(() => heir.node(1), { name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test('a method that was taken off says what is missing', () => {
    const { classes, node, close } = snapshot;
    const error = { name: 'TypeError', code: 'ERR_INVALID_ARG', message: /^this must be/ };
    for (const method of [() => classes(), () => node(1), () => close()]) {
      assert.throws(method, error);
    }
  });

  test('after close() only the statistics are left', async () => {
    const closed = await openSnapshot(files.baseline);
    closed.close();
    closed.close();
    assert.ok(closed.stats.nodeCount > 0);
    const error = { name: 'HeapdiffError', code: 'ERR_SNAPSHOT_CLOSED' };
    assert.throws(() => closed.classes(), error);
    assert.throws(() => closed.node(1), error);
    assert.throws(() => closed.duplicateStrings(), error);
  });

  for (const { count, how, afterUse } of [
    { count: 100, how: 'closed', afterUse: 'snapshot.close();' },
    { count: 300, how: 'dropped', afterUse: '' },
  ]) {
    test(`${count} snapshots opened and ${how} keep RSS flat`, () => {
      const source = `
        const { openSnapshot } = require(${JSON.stringify(path.join(__dirname, '..'))});
        (async () => {
          let early = 0;
          let peak = 0;
          for (let i = 0; i < ${count}; i++) {
            const snapshot = await openSnapshot(process.argv[1]);
            ${afterUse}
            const rss = process.memoryUsage.rss();
            if (i === 30) early = rss;
            peak = Math.max(peak, rss);
          }
          console.log(JSON.stringify({ early, peak }));
        })();`;
      const args = ['-e', source, files.baseline];
      const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      const { early, peak } = JSON.parse(run.stdout);
      // A snapshot that stays takes about one and a half times the size of its file.
      const file = fs.statSync(files.baseline).size;
      assert.ok(peak - early < 40 * file, `from ${early} to ${peak}, file ${file}`);
    });
  }
});
