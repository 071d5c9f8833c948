'use strict';

/**
 * Names in a report come from the heap, that is, from whoever filled it: a property called
 * `"\x1b[2J"` must not clear the terminal of the person who reads the log, and one with a
 * right-to-left mark must not turn a line around. What follows makes such characters visible.
 */

/**
 * Characters that are not printed but obeyed: C0 and C1 controls and DEL, the line and paragraph
 * separators, marks that set the direction of text, characters without width, tag characters,
 * private use (where V8 puts what it loses of characters above U+FFFF) and halves of a pair.
 */
const OBEYED =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

/** @type {Readonly<Record<string, string>>} */
const SHORT = Object.freeze({ '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' });

/**
 * Shows every character of a text that a terminal or a browser would obey instead of print.
 *
 * @param {unknown} text Text from the heap.
 * @returns {string} The text with `\n`, `\u001b`, `\u{e0041}` and the like written out.
 */
function visible(text) {
  return String(text).replace(OBEYED, (char) => SHORT[char] ?? codePointEscape(char));
}

/**
 * The same for JSON, where it must stay JSON: only `\uXXXX` is known there, and what follows from
 * it is the very same value. Such characters occur nowhere in JSON but inside strings.
 *
 * @param {string} json Output of `JSON.stringify`.
 * @returns {string} The same value, all of it printable.
 */
function visibleJson(json) {
  return json.replace(OBEYED, (char) => (char === '\n' ? char : codeUnitEscapes(char)));
}

/**
 * @param {unknown} text
 * @returns {string} Text that is safe between tags and in quoted attributes.
 */
function html(text) {
  return visible(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

/** What formats in Markdown, or becomes a mention, a reference to an issue or a link. */
const MARKUP = /[\\`*_{}[\]()!|~$&<>@#]|:\/\/|\bwww\./gi;

/** @type {Readonly<Record<string, string>>} */
const ENTITIES = Object.freeze({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '@': '&#64;',
  '#': '&#35;',
  '://': '&#58;//',
});

/**
 * Markdown prose. Marks that would format are escaped; those that GitHub and GitLab turn into
 * mentions, references to issues or links are written as entities.
 *
 * @param {unknown} text
 * @returns {string}
 */
function markdown(text) {
  return (
    visible(text)
      .replace(MARKUP, (mark) => {
        if (mark.length === 4) return `${mark.slice(0, 3)}&#46;`;
        return ENTITIES[mark] ?? `\\${mark}`;
      })
      // A list, a rule or an underline is only at the beginning of a line, and text is one line.
      .replace(/^(\s*)([-+=]|\d+(?=[.)]))/, (_, space, mark) =>
        /\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`,
      )
  );
}

/**
 * A Markdown code span. The fence is longer than any run of backticks inside.
 *
 * @param {unknown} text
 * @returns {string}
 */
function markdownCode(text) {
  const shown = visible(text);
  if (shown === '') return '` `';
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : '';
  return fence + pad + shown + pad + fence;
}

/**
 * A code span in the cell of a table, where a bar ends the cell even inside the span; `\|` is how
 * GFM spells it there.
 *
 * @param {unknown} text
 * @returns {string}
 */
function markdownCell(text) {
  return markdownCode(text).replace(/\|/g, '\\|');
}

/** @param {string} char */
function codePointEscape(char) {
  const code = /** @type {number} */ (char.codePointAt(0));
  return code > 0xffff ? `\\u{${code.toString(16)}}` : hex4(code);
}

/** @param {string} char */
function codeUnitEscapes(char) {
  return [...Array(char.length).keys()].map((i) => hex4(char.charCodeAt(i))).join('');
}

/** @param {number} code */
function hex4(code) {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

module.exports = { visible, visibleJson, html, markdown, markdownCell, markdownCode };
