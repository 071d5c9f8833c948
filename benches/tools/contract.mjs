// What the programs in this folder share: the files they get, and how they say that they are done.
//
//     node tools/NAME.mjs BASE CURRENT [--facts]

import fs from 'node:fs';

const [base, current] = process.argv.slice(2);

/** `facts`: say what was found, too. The timed runs do not. */
export const wanted = { base, current, facts: process.argv.includes('--facts') };

/**
 * Prints a line of JSON and ends the process.
 *
 * @param {() => object} facts Asked for the answer only when it is wanted, for it may take long to collect.
 * @param {object} [always] What is printed in any case.
 */
export function finish(facts, always = {}) {
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1000;
  const measured = { peakKiB: peakKiB(), cpuMs, ...always };
  const result = wanted.facts ? { ...measured, facts: facts() } : measured;
  fs.writeSync(3, `${JSON.stringify(result)}\n`);
  process.exit(0);
}

/** The largest resident set so far. `resourceUsage().maxRSS` would count what the parent had when it forked. */
export function peakKiB() {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}
