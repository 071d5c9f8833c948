#!/usr/bin/env node
// DevTools' numbers on the command line. Answers are JSON, except for `nodes`.

import fs from 'node:fs';
import readline from 'node:readline';
import * as answers from './answers.mjs';
import { load } from './worker.mjs';

const USAGE = `usage: cli.mjs COMMAND FILE ...
  nodes FILE                    a TSV row per node
  all FILE                      everything else about one snapshot
  summary FILE [FILTER]         the Summary table; FILTER is ${answers.NAMED_FILTERS.join(', ')},
                                or MIN-MAX for the ids in (MIN, MAX]
  statistics FILE | interfaces FILE | strings FILE | contexts FILE
  diff BASE CURRENT             the Comparison table
  retainers FILE ID | edges FILE ID | paths FILE ID | dominators FILE ID
  serve                         requests as lines of JSON on stdin (parity/README.md)
  version`;

/** @param {string} [text] */
function filterOf(text) {
  if (text === undefined) return {};
  const range = /^(\d+)-(\d+)$/.exec(text);
  return range ? { minId: Number(range[1]), maxId: Number(range[2]) } : { filter: text };
}

/** The snapshot that was asked about last: often there is more than one question about it. */
let latest = { key: '', snapshot: null };

async function loadOnce(file) {
  const { mtimeMs, size } = fs.statSync(file);
  const key = `${file} ${mtimeMs} ${size}`;
  if (latest.key !== key) latest = { key, snapshot: await load(file) };
  return latest.snapshot;
}

const one = (answer) => async (file, argument) => answer(await loadOnce(file), argument);

const COMMANDS = {
  nodes: one((snapshot) => Array.from(answers.nodes(snapshot), (row) => `${row}\n`).join('')),
  all: one(answers.all),
  summary: one((snapshot, filter) => answers.summary(snapshot, filterOf(filter))),
  statistics: one((snapshot) => ({
    static: answers.staticData(snapshot),
    statistics: answers.statistics(snapshot),
  })),
  interfaces: one(answers.interfaces),
  strings: one(answers.duplicateStrings),
  contexts: one(answers.nativeContexts),
  diff: async (base, current) => answers.diff(await load(base), await load(current)),
  retainers: one((snapshot, id) => answers.retainers(snapshot, Number(id))),
  edges: one((snapshot, id) => answers.edges(snapshot, Number(id))),
  paths: one((snapshot, id) => answers.paths(snapshot, Number(id))),
  dominators: one((snapshot, id) => answers.dominators(snapshot, Number(id))),
};

/** Answers one line after the other. A diff loads its files anew: it changes what the classes are called. */
async function serve() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, ...args] = JSON.parse(line);
    let reply;
    try {
      reply = { ok: await COMMANDS[command](...args) };
    } catch (error) {
      reply = { error: String(error.message ?? error) };
    }
    await write(`${JSON.stringify(reply)}\n`);
  }
}

const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve));

const [command, ...args] = process.argv.slice(2);
if (command === 'serve') {
  await serve();
} else if (command === 'version') {
  await write(fs.readFileSync(new URL('./dist/version.json', import.meta.url), 'utf8'));
} else if (command in COMMANDS && args.length > 0) {
  const answer = await COMMANDS[command](...args);
  await write(typeof answer === 'string' ? answer : `${JSON.stringify(answer, null, 1)}\n`);
} else {
  console.error(USAGE);
  process.exitCode = 2;
}
