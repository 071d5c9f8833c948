'use strict';

// What the service holds: objects of classes of its own, whose names begin with "Soak". Most of it
// stays as it is, so that every snapshot must hold exactly that. Some changes with each request.

/** How many of the latest requests the service remembers. */
const REMEMBERED = 100;

class SoakThing {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
    this.text = flat(`thing ${number}`);
    /** @type {SoakThing | null} */
    this.next = null;
  }
}

class SoakEntry {
  /** @param {SoakThing} thing */
  constructor(thing) {
    this.thing = thing;
    this.bytes = new SoakBytes(64);
    this.read = () => thing;
  }
}

class SoakBytes extends Uint8Array {}

class SoakStore extends Map {}

class SoakGroup extends Set {}

class SoakRequest {
  /** @param {number} number */
  constructor(number) {
    this.label = flat(`request ${number}`);
  }
}

/** A text in one piece: what is put together stays in pieces, and a snapshot does not say which. */
function flat(/** @type {string} */ text) {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** @param {number} objects How many there are of the class that has most. */
function makeState(objects) {
  const things = Array.from({ length: objects }, (_, i) => new SoakThing(i));
  for (let i = 7; i < objects; i += 7) things[i].next = things[i - 7];
  const few = things.filter((_, i) => i % 20 === 0);
  return {
    things,
    store: new SoakStore(few.map((thing) => [thing.text, new SoakEntry(thing)])),
    group: new SoakGroup(few),
    latest: Array.from({ length: REMEMBERED }, (_, i) => new SoakRequest(i - REMEMBERED)),
  };
}

/**
 * @param {ReturnType<typeof makeState>} state
 * @param {number} number Of the request: one more than that of the last.
 */
function remember({ latest }, number) {
  latest[number % REMEMBERED] = new SoakRequest(number);
}

module.exports = { REMEMBERED, makeState, remember };
