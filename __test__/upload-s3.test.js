'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const zlib = require('node:zlib');

const { temporaryDirectory } = require('./support/captures');

const example = path.join(__dirname, '..', 'examples', 'upload-s3');

/** @type {any[]} */
const leaks = [];

before(() => {
  if (fs.existsSync(path.join(example, 'node_modules', 's3rver'))) return;
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const run = spawnSync('npm', args, { cwd: example, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
});

test('a snapshot goes to S3 as a stream, and the live heap is compared with it later', async () => {
  // Loaded here, since they are installed only now.
  const modules = path.join(example, 'node_modules');
  const S3rver = require(path.join(modules, 's3rver'));
  const { S3Client, GetObjectCommand } = require(path.join(modules, '@aws-sdk', 'client-s3'));
  const { compareWithUploaded, uploadSnapshot } = require(path.join(example, 'upload.js'));

  const bucket = 'heap-snapshots';
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: temporaryDirectory(),
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    // The server of this test is older than the checksums that the SDK adds by itself.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  try {
    await uploadSnapshot(client, bucket, 'baseline', { mode: 'inline' });
    // In a function of its own: what this one holds would be growth as well.
    assert.ok(
      (await countNodes(client, new GetObjectCommand({ Bucket: bucket, Key: 'baseline' }))) > 1000,
    );

    for (let i = 0; i < 50_000; i++) leaks.push({ i });
    const report = await compareWithUploaded(client, bucket, 'baseline', { mode: 'inline' });
    assert.equal(report.verdict, 'leak');
    assert.equal(report.suspects[0].name, 'leaks');

    // A bucket that is not there ends the capture as well.
    await assert.rejects(uploadSnapshot(client, 'no-such-bucket', 'x', { mode: 'inline' }));
    await uploadSnapshot(client, bucket, 'again', { mode: 'inline' });
  } finally {
    client.destroy();
    await server.close();
  }
});

/**
 * @param {any} client
 * @param {any} command
 * @returns {Promise<number>}
 */
async function countNodes(client, command) {
  const { Body } = await client.send(command);
  const json = zlib.gunzipSync(Buffer.from(await Body.transformToByteArray()));
  return JSON.parse(json.toString()).snapshot.node_count;
}
