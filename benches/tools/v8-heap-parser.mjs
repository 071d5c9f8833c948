// @vscode/v8-heap-parser: loads both files and makes the class tables with retained sizes. It has no table of differences.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { finish, wanted } from './contract.mjs';

const require = createRequire(import.meta.url);
const { decode_bytes: decode } = require('@vscode/v8-heap-parser');

const EVERY_ROW = 0xffffffff;
const graphs = [wanted.base, wanted.current].map((file) => decode(fs.readFileSync(file)));
const [before, after] = graphs.map(
  (graph) =>
    new Map(graph.get_class_groups(0, EVERY_ROW, false).map((group) => [group.name(), group])),
);
finish(() => ({
  counts: Object.fromEntries(
    [...after].map(([name, group]) => [
      name,
      [before.get(name)?.children_len ?? 0, group.children_len],
    ]),
  ),
  retained: Object.fromEntries(
    [...after].map(([name, group]) => [name, Number(group.retained_size)]),
  ),
}));
