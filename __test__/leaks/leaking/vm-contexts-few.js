'use strict';
/**
 * Two dozen plugins, each in a sandbox with a script of its own. Few items, nearly all of whose memory is V8's code and
 * hidden classes. Node up to 22 refers to the realms as well.
 *
 * @only
 * @leak name=#plugins class=Map kind=map items=2:26
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

class Plugin {
  constructor(name) {
    this.context = vm.createContext({ name, log: [] });
    this.script = new vm.Script('log.push(name)');
    this.script.runInContext(this.context);
  }
}

class Host {
  #plugins = new Map(); // @here

  load(name) {
    this.#plugins.set(name, new Plugin(name));
  }
}

const host = new Host();

async function main() {
  for (let i = 0; i < 2; i++) host.load(`plugin-${i}`);
  await snapshot('baseline');
  for (let i = 2; i < 26; i++) host.load(`plugin-${i}`);
  await snapshot('current');
}
main();
