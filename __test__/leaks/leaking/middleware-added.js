'use strict';
/**
 * An application as Koa has it: a request handler adds middleware to the application.
 *
 * @leak name=middleware class=Array kind=array
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

class Application {
  middleware = [];

  use(layer) {
    this.middleware.push(layer);
    return this;
  }

  async handle(context) {
    const dispatch = (i) => this.middleware[i]?.(context, () => dispatch(i + 1));
    await dispatch(0);
  }

  callback() {
    return (request, response) =>
      this.handle({ request, response }).then(() => response.end('done'));
  }
}

const app = new Application();
app.use((context, next) => {
  const startedAt = Date.now();
  app.use(function timing() {
    return { path: context.request.url, startedAt };
  });
  return next();
});

async function main() {
  const port = await listen(http.createServer(app.callback()));
  await load(port, (i) => `/warm/${i}`, 30);
  await snapshot('baseline');
  await load(port, (i) => `/page/${i}`, 400);
  await snapshot('current');
}
main();
