'use strict';
/**
 * A table of constant length is sorted, copied, filtered and replaced all the time.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Leaderboard {
  rows = Array.from({ length: 5_000 }, (_, i) => ({ player: `player ${i}`, score: i }));

  play(round) {
    for (const row of this.rows) row.score = (row.score * 7 + round) % 10_007;
    this.rows = [...this.rows].sort((a, b) => b.score - a.score);
    this.rows = this.rows.map((row) => ({ ...row }));
  }
}

const leaderboard = new Leaderboard();

async function main() {
  for (let i = 0; i < 3; i++) leaderboard.play(i);
  await snapshot('baseline');
  for (let i = 0; i < 40; i++) leaderboard.play(i);
  await snapshot('current');
}
main();
