'use strict';
/**
 * A host keeps a realm for each plugin that it ever ran: few items, nearly all of whose memory is hidden
 * classes and code.
 *
 * @leak name=sandboxes class=Map kind=map
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

class PluginHost {
  constructor() {
    this.sandboxes = new Map();
  }

  run(id, code) {
    const sandbox = vm.createContext({ console, id, result: null });
    vm.runInContext(code, sandbox, { filename: 'plugin.js' });
    this.sandboxes.set(id, sandbox);
    return sandbox.result;
  }
}

const host = new PluginHost();

async function main() {
  host.run('p0', 'result = 1');
  await snapshot('baseline');
  for (let i = 1; i <= 40; i++)
    host.run(`p${i}`, `function f(x) { return x * 2 } result = f(${i})`);
  await snapshot('current');
  host.run('last', '1');
}
main();
