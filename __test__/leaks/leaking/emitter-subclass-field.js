'use strict';
/**
 * Listeners on an emitter of a class of its own, in a field of a service.
 *
 * @leak name=_events.price class=PriceFeed kind=listeners
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

class PriceFeed extends EventEmitter {
  constructor() {
    super();
    this.setMaxListeners(0);
  }
}

class Market {
  constructor() {
    this.feed = new PriceFeed();
    this.opened = new Date();
  }
  watch(symbol) {
    const ticker = { symbol, last: null };
    this.feed.on('price', (price) => {
      if (price.symbol === symbol) ticker.last = price;
    });
    return ticker;
  }
}

const market = new Market();

async function main() {
  for (let i = 0; i < 10; i++) market.watch(`ABC${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_500; i++) market.watch(`XYZ${i}`);
  market.feed.emit('price', { symbol: 'XYZ1', bid: 10 });
  await snapshot('current');
}
main();
