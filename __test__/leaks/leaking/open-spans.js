'use strict';
/**
 * Tracing: a span is kept until it ends, and those of requests that fail do not end.
 *
 * @leak name=activeSpans class=Map kind=map
 */
const { snapshot } = require('../harness');

class Span {
  constructor(tracer, name, parent) {
    this.tracer = tracer;
    this.name = name;
    this.parent = parent;
    this.children = [];
    this.id = Symbol(name);
    parent?.children.push(this);
    tracer.activeSpans.set(this.id, this);
  }

  end() {
    this.tracer.activeSpans.delete(this.id);
  }
}

class Tracer {
  activeSpans = new Map();
  start(name, parent) {
    return new Span(this, name, parent);
  }
}

const tracer = new Tracer();

async function handle(i) {
  const request = tracer.start('GET /order');
  const query = tracer.start('select', request);
  try {
    if (i % 2 === 0) throw new Error('not found');
    query.end();
    request.end();
  } catch {
    // The spans of this request are forgotten.
  }
}

async function main() {
  for (let i = 0; i < 40; i++) await handle(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) await handle(i);
  await snapshot('current');
}
main();
