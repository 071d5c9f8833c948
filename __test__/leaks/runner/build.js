'use strict';

/**
 * Makes `dist/main.js` of the scenarios that are about compiled code, with the real compilers.
 *
 * @typedef {import('./scenarios').Scenario} Scenario
 */

const fs = require('node:fs');
const path = require('node:path');

/** @param {Scenario} scenario */
function build({ folder, build: command }) {
  if (!command) return;
  const [tool, ...entries] = command;
  fs.rmSync(path.join(folder, 'dist'), { recursive: true, force: true });
  fs.mkdirSync(path.join(folder, 'dist'));
  if (tool === 'tsc') for (const entry of entries) compile(folder, entry);
  else bundle(folder, entries[0], tool === 'esbuild-map');
}

/**
 * @param {string} folder
 * @param {string} entry
 */
function compile(folder, entry) {
  const ts = require('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(
    fs.readFileSync(path.join(folder, entry), 'utf8'),
    {
      fileName: `../${entry}`,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        sourceMap: true,
        removeComments: true,
      },
    },
  );
  const target = path.join(folder, 'dist', entry.replace(/\.ts$/, '.js'));
  fs.writeFileSync(target, outputText);
  fs.writeFileSync(`${target}.map`, String(sourceMapText));
}

/**
 * @param {string} folder
 * @param {string} entry
 * @param {boolean} withMap
 */
function bundle(folder, entry, withMap) {
  require('esbuild').buildSync({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile: 'dist/main.js',
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['../../../harness'],
    sourcemap: withMap,
    logLevel: 'warning',
  });
}

module.exports = { build };
