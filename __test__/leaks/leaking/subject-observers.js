'use strict';
/**
 * Observers of a subject, as in RxJS: each request subscribes, none unsubscribes.
 *
 * @leak name=observers class=Array kind=array
 */
const { snapshot } = require('../harness');

class Subject {
  observers = [];

  subscribe(next) {
    const observer = { next, closed: false };
    this.observers.push(observer);
    return { unsubscribe: () => this.observers.splice(this.observers.indexOf(observer), 1) };
  }

  next(value) {
    for (const observer of this.observers) observer.next(value);
  }
}

const prices$ = new Subject();

function handle(request) {
  let last = 0;
  prices$.subscribe((price) => (last = price));
  return { request, price: () => last };
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ url: `/warm/${i}` });
  prices$.next(1);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) handle({ url: `/quote/${i}`, headers: { accept: '*/*' } });
  prices$.next(2);
  await snapshot('current');
}
main();
