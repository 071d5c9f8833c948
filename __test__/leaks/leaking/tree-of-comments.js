'use strict';
/**
 * Ten threads of comments. Each comment has a list of replies; no list and no branch is large.
 *
 * @leak name=replies|threads class=Array|Map kind=array|list|map
 */
const { snapshot } = require('../harness');

const threads = new Map();

class Comment {
  constructor(text) {
    this.text = text;
    this.replies = [];
  }
}

function reply(thread, number) {
  if (!threads.has(thread)) threads.set(thread, new Comment(thread));
  let comment = threads.get(thread);
  for (let way = number; way > 0 && comment.replies.length > 0; way >>= 1) {
    comment = comment.replies[way % comment.replies.length];
  }
  comment.replies.push(new Comment(`comment ${number}`));
}

async function main() {
  for (let i = 0; i < 100; i++) reply(`thread-${i % 10}`, i);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) reply(`thread-${i % 10}`, i);
  await snapshot('current');
}
main();
