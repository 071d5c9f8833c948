'use strict';
/**
 * A loader that batches and remembers, made once for the whole server and not once a request.
 *
 * @leak name=#promises class=Map kind=map
 */
const { snapshot } = require('../harness');

class BatchLoader {
  #promises = new Map();
  #queue = [];

  constructor(loadMany) {
    this.loadMany = loadMany;
  }

  load(key) {
    const known = this.#promises.get(key);
    if (known) return known;
    const promise = new Promise((resolve) => this.#queue.push({ key, resolve }));
    if (this.#queue.length === 1) process.nextTick(() => this.#flush());
    this.#promises.set(key, promise);
    return promise;
  }

  async #flush() {
    const batch = this.#queue;
    this.#queue = [];
    const rows = await this.loadMany(batch.map(({ key }) => key));
    batch.forEach(({ resolve }, i) => resolve(rows[i]));
  }
}

const resolvers = {
  Query: {
    author: (_, { id }, context) => context.authors.load(id),
  },
};
const context = {
  authors: new BatchLoader(async (ids) =>
    ids.map((id) => ({ id, name: `Author ${id}`, books: [id] })),
  ),
};

async function main() {
  for (let i = 0; i < 50; i++) await resolvers.Query.author(null, { id: `a${i}` }, context);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) await resolvers.Query.author(null, { id: `b${i}` }, context);
  await snapshot('current');
}
main();
