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
  if (tool === 'tsc') for (const entry of entries) compile(folder, entry, 'ES2022');
  else if (tool === 'tsc-es5') for (const entry of entries) compile(folder, entry, 'ES5');
  else bundle(folder, entries[0], tool === 'esbuild-map');
}

/**
 * @param {string} folder
 * @param {string} entry
 * @param {'ES2022' | 'ES5'} target
 */
function compile(folder, entry, target) {
  const ts = require('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(
    fs.readFileSync(path.join(folder, entry), 'utf8'),
    {
      fileName: entry,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget[target],
        sourceMap: true,
        sourceRoot: '..',
        removeComments: true,
      },
    },
  );
  const output = path.join(folder, 'dist', entry.replace(/\.ts$/, '.js'));
  fs.writeFileSync(output, outputText);
  fs.writeFileSync(`${output}.map`, String(sourceMapText));
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
