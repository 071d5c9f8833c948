'use strict';
/**
 * A skip list of scores: each element has an array of the next ones, and no array gains many.
 *
 * @leak name=head|scores class=Element|SkipList kind=list|object
 */
const { snapshot } = require('../harness');

const LEVELS = 12;

class Element {
  constructor(score, player, levels) {
    this.score = score;
    this.player = player;
    this.next = new Array(levels).fill(null);
  }
}

class SkipList {
  constructor() {
    this.head = new Element(-Infinity, null, LEVELS);
  }

  insert(score, player) {
    const levels = 1 + Math.min(LEVELS - 1, Math.clz32(Math.imul(score + 1, 2654435761)));
    const element = new Element(score, player, levels);
    let before = this.head;
    for (let level = LEVELS - 1; level >= 0; level--) {
      while (before.next[level] && before.next[level].score < score) before = before.next[level];
      if (level < levels) {
        element.next[level] = before.next[level];
        before.next[level] = element;
      }
    }
  }
}

const board = { game: 'chess', scores: new SkipList() };

async function main() {
  for (let i = 0; i < 100; i++) board.scores.insert(i * 7919, { name: `player ${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) board.scores.insert((i * 7919) % 99991, { name: `player ${i}` });
  await snapshot('current');
}
main();
