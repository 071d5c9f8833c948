'use strict';
/**
 * A field whose array a method that waits has in a local variable, too.
 *
 * @leak name=inbox class=Array kind=array
 */
const { snapshot } = require('../harness');

class Mailbox {
  constructor() {
    this.inbox = [];
  }

  deliver(message) {
    this.inbox.push(message);
  }
}

class App {
  mailbox = new Mailbox();

  async run() {
    const messages = this.mailbox.inbox;
    for (let i = 0; i < 30; i++) this.mailbox.deliver({ i });
    await snapshot('baseline');
    for (let i = 0; i < 3_000; i++) this.mailbox.deliver({ i, text: `message ${i}` });
    await snapshot('current');
    return messages.length;
  }
}
new App().run();
