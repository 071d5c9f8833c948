import { EventEmitter } from 'node:events';

interface Point {
  at: number;
  price: number;
}

const market = new EventEmitter();
market.setMaxListeners(0);

export class Chart {
  #points: Point[] = [];

  constructor(readonly title: string) {
    market.on('price', (price: number) => {
      // @here
      this.#points.push({ at: Date.now(), price });
    });
  }
}
