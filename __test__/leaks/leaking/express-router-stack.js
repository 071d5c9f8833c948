'use strict';
/**
 * A route is added to the router for each tenant request, and never taken out.
 *
 * @leak name=stack class=Array kind=array file=express-router-stack.js|index.js
 */
// The stack belongs to the router; the application that owns the router is in this file, the code
// that makes the stack is the router's index.js.
const express = require('express');
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const app = express();
app.get('/tenants/:id', (req, res) => {
  app.get(`/tenants/${req.params.id}/status`, (_, response) => response.send(req.params.id));
  res.send('ready');
});

async function main() {
  const port = await listen(http.createServer(app));
  await load(port, (i) => `/tenants/${i}`, 20);
  await snapshot('baseline');
  await load(port, (i) => `/tenants/new-${i}`, 600);
  await snapshot('current');
}
main();
