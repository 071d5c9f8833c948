'use strict';
/**
 * A cache of WeakRefs: the values go, the entries stay.
 *
 * @leak name=thumbnails class=Map kind=map
 */
const { snapshot } = require('../harness');

const thumbnails = new Map();

function thumbnail(path) {
  const image = { path, pixels: new Array(64).fill(0) };
  thumbnails.set(path, new WeakRef(image));
  return image.pixels.length;
}

async function main() {
  for (let i = 0; i < 50; i++) thumbnail(`/img/${i}.png`);
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) thumbnail(`/uploads/2026/${i}.jpeg`);
  await snapshot('current');
}
main();
