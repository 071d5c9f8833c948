'use strict';

const express = require('express');
const { serve } = require('./heapdump-route');

const app = express();
const leaks = [];
let requests = 0;

app.get('/bloatMyServer', (req, res) => {
  requests += 1;
  const bloat = { text: 'one object, referenced over and over' };
  for (let i = 0; i < 10_000; i++) leaks.push(bloat);
  res.send(`${leaks.length} references\n`);
});

serve(app, () => requests);
