'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { formatReport } = require('../lib/format');
const reports = require('./golden/reports');

/** @type {Record<string, string>} */
const EXTENSION = { text: 'txt', markdown: 'md', html: 'html', json: 'json' };
const FORMATS = /** @type {const} */ (['text', 'markdown', 'html', 'json']);

/** What a terminal, a browser or an editor obeys instead of printing it. */
// eslint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/;

describe('formatReport', () => {
  for (const [name, report] of Object.entries(reports)) {
    for (const format of FORMATS) {
      it(`renders the ${name} report as ${format} like its golden file`, () => {
        matchesGolden(`${name}.${EXTENSION[format]}`, formatReport(report, format));
      });

      it(`lets no character of the ${name} report act on the reader of ${format}`, () => {
        const rendered = formatReport(report, format);
        assert.doesNotMatch(rendered, OBEYED);
        assert.equal(rendered.isWellFormed?.() ?? true, true);
      });
    }

    it(`keeps the text of the ${name} report within 40 lines of 100 columns`, () => {
      const lines = formatReport(report, 'text').split('\n');
      assert.ok(lines.length <= 40, `${lines.length} lines`);
      for (const line of lines) assert.ok(columns(line) <= 100, `${columns(line)}: ${line}`);
    });

    it(`gives the ${name} report back from its JSON`, () => {
      assert.deepEqual(
        JSON.parse(formatReport(report, 'json')),
        JSON.parse(JSON.stringify(report)),
      );
    });

    it(`needs nothing but the page itself for the ${name} report`, () => {
      const page = formatReport(report, 'html');
      assert.doesNotMatch(page, /<(script|img|link|iframe|object|embed|svg|a|form|base)\b/i);
      assert.doesNotMatch(page, /url\(|@import|<[^>]+\s(src|href|on\w+)=/i);
      assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
    });
  }

  it('leads the text with the sentence of the first suspect', () => {
    const text = formatReport(reports.leak);
    assert.match(text, /^LEAK {2}`leaks` \(Array\) in \/app\/server\.js:7/);
  });

  it("keeps a number and its unit on one line, and says what a waiting call is without V8's word", () => {
    const [suspect] = reports.leak.suspects;
    for (let padding = 0; padding < 100; padding++) {
      const summary = `\`leaks\` ${'x'.repeat(padding)} grew by 352 kB: it now holds 9 B more.`;
      const text = formatReport({ ...reports.leak, suspects: [{ ...suspect, summary }] });
      assert.match(text, /352 kB/);
      assert.match(text, /9 B/);
    }
    const call = {
      edge: 'extension',
      edgeType: 'internal',
      className: 'call of main()',
      nodeId: 7,
    };
    const path = [...suspect.path, call];
    const text = formatReport({ ...reports.leak, suspects: [{ ...suspect, path }] });
    assert.match(text, /╰→ call of main\(\) @7/);
  });

  it('draws the path from the root as a tree', () => {
    const text = formatReport(reports.leak);
    assert.match(text, /┬ {2}\(GC roots\).*\n.*├─ \.router.*\n(.*├─.*\n)+.*╰→ variable leaks/);
  });

  it('refuses what is no report and what is no format', () => {
    const code = 'ERR_INVALID_ARG';
    const part = { suspects: [], classes: [], warnings: [] };
    for (const report of [null, undefined, 'leak', 1, [], {}, { suspects: [] }, part]) {
      const error = { name: 'TypeError', code, message: /^report must be a LeakReport/ };
      assert.throws(() => formatReport(/** @type {any} */ (report)), error);
    }
    const { leak } = reports;
    for (const damage of [{ suspects: [{}] }, { growth: {} }, { baseline: {} }, { tool: {} }]) {
      for (const format of /** @type {const} */ (['text', 'markdown', 'html'])) {
        try {
          formatReport(/** @type {any} */ ({ ...leak, ...damage }), format);
        } catch (error) {
          assert.equal(/** @type {any} */ (error).code, code);
        }
      }
    }
    const hollow = /** @type {any} */ ({ ...leak, suspects: [{}] });
    assert.throws(() => formatReport(hollow), { code, message: /^report must be a LeakReport/ });
    for (const format of [7, null, ['text']]) {
      const error = { name: 'TypeError', code, message: /^format must be one of 'text', / };
      assert.throws(() => formatReport(reports.leak, /** @type {any} */ (format)), error);
    }
    for (const format of ['pdf', 'toString', '__proto__']) {
      const error = { name: 'RangeError', code, message: /^format must be one of 'text', / };
      assert.throws(() => formatReport(reports.leak, /** @type {any} */ (format)), error);
    }
    const newer = /** @type {any} */ ({ ...reports.leak, schemaVersion: 2 });
    assert.throws(() => formatReport(newer), { code, message: /schemaVersion must be 1\. Rec/ });
  });

  it('does not call a leak none because no suspect was asked for', () => {
    const report = { ...reports.leak, suspects: [] };
    for (const format of FORMATS)
      assert.doesNotMatch(formatReport(report, format), /no leak|looks like a leak/i);
    assert.match(formatReport(report), /^LEAK {2}Something leaks/);
  });

  it('counts a suspect that was ignored', () => {
    for (const format of /** @type {const} */ (['text', 'markdown', 'html'])) {
      assert.match(formatReport({ ...reports.healthy, ignored: 1 }, format), /\b1 suspect ignored/);
    }
  });

  it('does not change the report', () => {
    const before = JSON.stringify(reports.hostile);
    for (const format of FORMATS) formatReport(reports.hostile, format);
    assert.equal(JSON.stringify(reports.hostile), before);
  });
});

/**
 * `UPDATE_GOLDEN=1 node --test __test__/format.test.js` writes them anew, to be read in the diff.
 *
 * @param {string} file
 * @param {string} rendered
 */
function matchesGolden(file, rendered) {
  const golden = path.join(__dirname, 'golden', file);
  if (process.env.UPDATE_GOLDEN) fs.writeFileSync(golden, rendered);
  assert.equal(rendered, fs.readFileSync(golden, 'utf8'));
}

/**
 * Columns on a terminal, told in another way than the product does: wide are the scripts that
 * these reports use.
 *
 * @param {string} line
 */
function columns(line) {
  return line.length + (line.match(/[\u3040-\u30ff\u4e00-\u9fff]/g) ?? []).length;
}
