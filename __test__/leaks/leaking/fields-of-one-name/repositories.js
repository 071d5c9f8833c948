'use strict';

class UserRepository {
  items = [];

  add(name) {
    this.items.push({ name });
  }
}

class OrderRepository {
  constructor() {
    this.items = []; // @here
  }

  add(number) {
    this.items.push({ number, lines: [{ sku: `sku-${number}` }] });
  }
}

module.exports = { OrderRepository, UserRepository };
