// One of the two sides of the check: a process that answers requests (README.md) in the order in which they were asked.

import { spawn } from 'node:child_process';
import readline from 'node:readline';

/** A single answer never takes this long; a side that is silent for longer hangs. */
const PATIENCE_MS = 180_000;

export class Side {
  #process;
  #waiting = [];
  #ended = null;

  /**
   * @param {string} name For messages.
   * @param {string} command Path of the program.
   * @param {string[]} args
   */
  constructor(name, command, args) {
    this.name = name;
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin.on('error', () => {}); // What became of the process is said by 'close'.
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const { resolve, timer } = this.#waiting.shift();
      clearTimeout(timer);
      resolve(JSON.parse(line));
    });
    const end = (how) => {
      this.#ended ??= new Error(`${name} ${how}`);
      for (const { reject, timer } of this.#waiting.splice(0)) {
        clearTimeout(timer);
        reject(this.#ended);
      }
    };
    this.#process.on('error', (error) => end(error.message));
    this.#process.on('close', (code, signal) => end(`ended with ${signal ?? `status ${code}`}`));
  }

  /**
   * @param {string[]} request
   * @returns {Promise<{ok?: any, error?: string}>}
   * @throws When the process has died, or does not answer in time; it is killed then.
   */
  ask(request) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE_MS);
      this.#waiting.push({ resolve, reject, timer });
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  close() {
    this.#process.stdin.end();
  }
}
