'use strict';

// The command line. Exit status 0: done, and nothing leaks. 1: a leak was found. 2: an error, told
// in one line on stderr.

const { parseArgs } = require('node:util');
const { visible } = require('../format/escape');
const { commands } = require('./commands');
const { UsageError } = require('./usage-error');

const EXIT_ERROR = 2;

/**
 * Runs one command and sets `process.exitCode`.
 *
 * @param {string[]} args What follows the program's name.
 */
async function main(args) {
  watchOutput();
  try {
    process.exitCode = await run(args);
  } catch (error) {
    process.exitCode = EXIT_ERROR;
    process.stderr.write(`heapdiff: ${oneLine(error)}\n`);
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
async function run(args) {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError("which command? See 'heapdiff --help'");
  if (name === '--help' || name === '-h' || name === 'help') return print(help());
  if (name === '--version' || name === '-v') return print(require('../../package.json').version);
  if (!Object.hasOwn(commands, name)) {
    throw new UsageError(`there is no command '${name}'. See 'heapdiff --help'`);
  }
  const command = commands[name];
  const { values, positionals } = parseArgs({
    args: rest,
    options: { ...command.options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  if (values.help) return print(`Usage: heapdiff ${command.usage}`);
  const { least, most } = command.files;
  if (positionals.length < least || positionals.length > most) {
    throw new UsageError(`usage: heapdiff ${command.usage}`);
  }
  return command.run(positionals, values);
}

/** @returns {string} */
function help() {
  const lines = Object.values(commands).map(({ usage, about }) => `  ${usage}\n      ${about}`);
  return [
    'Names what leaks in a Node.js process, from V8 heap snapshots (.heapsnapshot, also gzipped).',
    '',
    'Usage: heapdiff COMMAND',
    ...lines,
    '',
    'Exit status 0: done, and nothing leaks. 1: a leak was found. 2: an error.',
  ].join('\n');
}

/**
 * @param {string} text
 * @returns {number} The exit status of a command that has nothing more to say.
 */
function print(text) {
  process.stdout.write(`${text}\n`);
  return 0;
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function oneLine(error) {
  if (!(error instanceof Error)) return visible(error);
  const ambiguous = /^Option '(?:-\w, )?(-[-\w]+).*' argument is ambiguous/.exec(error.message);
  if (ambiguous) return `${ambiguous[1]} needs a value, and what follows begins with '-'`;
  // What parseArgs says after the first sentence is about its own API.
  const isUsage = /** @type {any} */ (error).code?.startsWith('ERR_PARSE_ARGS');
  const message = isUsage ? error.message.split(/\.\s/)[0] : error.message;
  return visible(message);
}

/**
 * `heapdiff ... | head` closes the pipe early: that is no error, and the exit status stays what it
 * is. A full disk is one, and must not be taken for a leak, which exits with 1 as a crash does.
 */
function watchOutput() {
  process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`heapdiff: ${oneLine(error)}\n`);
    process.exit(EXIT_ERROR);
  });
  // Nobody is left who could be told.
  process.stderr.on('error', () => {});
}

module.exports = { main };
