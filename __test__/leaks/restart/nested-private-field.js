'use strict';
/**
 * A private field two instances deep, compared with another process.
 *
 * @restart
 * @leak name=#backlog class=Array kind=array
 */
const { snapshot } = require('../harness');

class Mailer {
  #backlog = [];
  send(mail) {
    this.#backlog.push({ mail, tries: 0 });
  }
}
class Shop {
  mailer = new Mailer();
  confirm(order) {
    this.mailer.send({ to: `${order}@example.com`, subject: `Order ${order}` });
  }
}

const shop = new Shop();

async function main() {
  for (let i = 0; i < 50; i++) shop.confirm(i);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) shop.confirm(i);
  await snapshot('current');
}
main();
