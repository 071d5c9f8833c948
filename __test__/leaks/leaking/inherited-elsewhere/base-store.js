'use strict';

class BaseStore {
  constructor() {
    this.records = new Map(); // @here
  }

  keep(id, record) {
    this.records.set(id, record);
  }
}

module.exports = { BaseStore };
