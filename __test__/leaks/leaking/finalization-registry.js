'use strict';
/**
 * What is to be cleaned up is registered for the application itself, which never goes away.
 *
 * @leak name=cleanups|#cleanups class=FinalizationRegistry kind=other|list|object|instances
 */
const { snapshot } = require('../harness');

class Application {
  cleanups = new FinalizationRegistry(({ file }) => file);

  open(file) {
    const handle = { file, position: 0, lines: [`first line of ${file}`] };
    this.cleanups.register(this, handle);
    return handle.lines.length;
  }
}

const application = new Application();

async function main() {
  for (let i = 0; i < 20; i++) application.open(`/tmp/${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) application.open(`/data/${i}`);
  await snapshot('current');
}
main();
