'use strict';

/**
 * Follows parcels.
 *
 * Since this version, an event has a place.
 */

const DEPOTS = ['north', 'south'];

function depotOf(parcel) {
  return DEPOTS[parcel.length % DEPOTS.length];
}

const tracked = new Map();

function untrack(parcel) {
  return tracked.delete(parcel);
}

function track(parcel) {
  const event = { at: Date.now(), what: 'accepted', where: depotOf(parcel) };
  tracked.set(parcel, { parcel, events: [event] });
}

module.exports = { track, untrack };
