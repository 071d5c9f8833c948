// A small seeded source of random choices: the same seed gives the same snapshots on every machine.

/**
 * @param {number} seed Any integer.
 */
export function randomChoices(seed) {
  // xorshift128 (Marsaglia, "Xorshift RNGs", 2003), its state filled from the seed by an integer hash.
  const state = new Uint32Array(4);
  for (let i = 0, x = seed >>> 0; i < 4; i += 1) {
    x = (x + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    state[i] = (mixed ^ (mixed >>> 16)) >>> 0 || 1;
  }
  const next = () => {
    let t = state[3];
    const s = state[0];
    state[3] = state[2];
    state[2] = state[1];
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0];
  };
  /** An integer from 0 up to, not including, `limit`. */
  const below = (limit) => next() % limit;
  return {
    below,
    /** An integer from `low` to `high`, both included. */
    between: (low, high) => low + below(high - low + 1),
    /** True once in `n` times. */
    oneIn: (n) => below(n) === 0,
    /** @template T @param {ArrayLike<T>} list @returns {T} */
    pick: (list) => list[below(list.length)],
  };
}
