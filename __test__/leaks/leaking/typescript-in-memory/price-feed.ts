import { EventEmitter } from 'node:events';

export interface Quote {
  readonly symbol: string;
  readonly cents: number;
}

export type Trade = (order: string) => void;

interface Entry {
  readonly order: string;
  readonly legs: number[];
}

class PriceFeed extends EventEmitter {
  publish(quote: Quote): boolean {
    return this.emit('price', quote);
  }
}

function openArchive(limit: number) {
  const recent = new Map<string, Entry>();
  return {
    keep(entry: Entry): void {
      if (recent.size < limit) recent.set(entry.order, entry);
    },
  };
}

function openBook(feed: PriceFeed) {
  const recent = new Map<string, Entry>(); // @here
  return {
    place(order: string): void {
      recent.set(order, { order, legs: [order.length, order.length + 1, order.length + 2] });
      const seen: Quote[] = [];
      function onPrice(quote: Quote): void {
        // @here
        seen.push(quote);
      }
      feed.on('price', onPrice);
    },
  };
}

export function openDesk(): { trade: Trade } {
  const feed = new PriceFeed().setMaxListeners(0);
  const archive = openArchive(8);
  const book = openBook(feed);
  return {
    trade(order) {
      archive.keep({ order, legs: [] });
      book.place(order);
    },
  };
}
