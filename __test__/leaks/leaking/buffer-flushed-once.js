'use strict';
/**
 * Spans are sent when the buffer is full, until the exporter hangs: after the baseline the buffer is emptied
 * once more and never again. Nothing is left of what was in it then.
 *
 * @leak name=finished class=Array kind=array
 */
const { snapshot } = require('../harness');

class Tracer {
  finished = [];
  isSending = false;
  end(span) {
    this.finished.push(span);
    if (this.finished.length >= 512 && !this.isSending) this.flush();
  }
  flush() {
    const spans = this.finished;
    this.finished = [];
    this.isSending = true;
    this.send(spans);
  }
  send(spans) {
    this.sent = spans.length;
    if (this.hangs) return;
    this.isSending = false;
  }
}

const tracer = new Tracer();

async function main() {
  for (let i = 0; i < 5_160; i++) tracer.end({ name: `span ${i}`, at: i });
  await snapshot('baseline');
  tracer.hangs = true;
  for (let i = 0; i < 8_000; i++) tracer.end({ name: `span ${i}`, at: i });
  await snapshot('current');
}
main();
