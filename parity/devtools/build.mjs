// Bundles DevTools' heap snapshot worker, as it is shipped in TypeScript, into one module that Node.js can import.
//
// The worker's sources import a few modules for the user interface only (texts, CodeMirror, the settings). Those are
// cut off here, by name; every line that computes a number is DevTools' own. Nothing of the bundle is committed.
//
//     node parity/devtools/build.mjs

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const manifest = createRequire(import.meta.url).resolve('chrome-devtools-frontend/package.json');
const frontEnd = path.join(path.dirname(manifest), 'front_end');

/** Module under `front_end` (no extension) -> what the worker gets to see of it. `@` stands for `front_end`. */
const SUBSTITUTES = {
  // Translations: the worker only uses them to pass texts through.
  'core/i18n/i18n':
    'export const i18n = { lockedString: (text) => text, serializeUIString: (text) => text };',
  // Barrels that pull in the editor and the proxies of the panel: only one file of each is needed.
  'core/text_utils/text_utils': "export * as TextUtils from '@/core/text_utils/TextUtils.ts';",
  'models/heap_snapshot/heap_snapshot':
    "export * as HeapSnapshotModel from '@/models/heap_snapshot/HeapSnapshotModel.ts';",
  // Imported by the tokenizer's file for functions that the worker never calls.
  'core/common/common': 'export {};',
  'core/text_utils/ContentData': 'export const ContentData = undefined;',
};

const ENTRY = `
export { HeapSnapshotLoader } from '@/entrypoints/heap_snapshot_worker/HeapSnapshotLoader.ts';
export { SecondaryInitManager } from '@/entrypoints/heap_snapshot_worker/HeapSnapshot.ts';
export { ComparatorConfig, NodeFilter } from '@/models/heap_snapshot/HeapSnapshotModel.ts';
`;

/** @type {import('esbuild').Plugin} */
const workerOnly = {
  name: 'worker-only',
  setup(bundler) {
    bundler.onResolve({ filter: /^(\.|@\/)/ }, ({ path: wanted, resolveDir }) => {
      const absolute = wanted.startsWith('@/')
        ? path.join(frontEnd, wanted.slice(2))
        : path.resolve(resolveDir, wanted);
      const name = path.relative(frontEnd, absolute).replace(/\.[jt]s$/, '');
      if (name in SUBSTITUTES) return { path: name, namespace: 'substitute' };
      return { path: path.join(frontEnd, `${name}.ts`) };
    });
    bundler.onLoad({ filter: /.*/, namespace: 'substitute' }, ({ path: name }) => ({
      contents: SUBSTITUTES[name],
      resolveDir: here,
    }));
  },
};

const outfile = path.join(here, 'dist', 'heap-worker.mjs');
const { metafile } = await build({
  stdin: { contents: ENTRY, resolveDir: here },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  outfile,
  metafile: true,
  logLevel: 'warning',
  // As DevTools' own build has it: class fields without an initialiser must not overwrite what a base class has set.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  plugins: [workerOnly],
});

const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
fs.writeFileSync(
  path.join(here, 'dist', 'version.json'),
  `${JSON.stringify({ devtools: version })}\n`,
);
const modules = Object.keys(metafile.inputs).filter((name) => name.endsWith('.ts')).length;
console.log(`bundled ${modules} modules of chrome-devtools-frontend ${version}`);
