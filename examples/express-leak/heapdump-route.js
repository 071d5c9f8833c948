'use strict';

/**
 * What both servers of this example have in common: a baseline at startup and a route that says
 * what grew since. In a service of your own the line below is `require('heapdiff')`.
 */
const { diffSnapshots, formatReport, writeSnapshot } = require('../..');

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/**
 * Adds `GET /heapdump` to an application and starts it on a free port of the loopback interface,
 * once the baseline is written. An example has no access control; a service must have one.
 *
 * @param {import('express').Express} app
 * @param {() => number} countRequests Requests so far, to give the growth per request.
 */
async function serve(app, countRequests) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'express-leak-'));
  process.once('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
  process.once('SIGTERM', () => process.exit(0));
  const baseline = path.join(directory, 'baseline.heapsnapshot');

  app.get('/heapdump', async (req, res) => {
    const report = await diffSnapshots(baseline, null, { work: countRequests() || undefined });
    const format = req.query.format === 'json' ? 'json' : 'text';
    res.type(format).send(formatReport(report, format));
  });

  await writeSnapshot(baseline);
  const server = app.listen(0, '127.0.0.1', () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    console.log(`listening on http://127.0.0.1:${address.port}`);
  });
}

module.exports = { serve };
