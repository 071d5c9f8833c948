'use strict';

// Streams a snapshot of this process to S3, gzipped, with no file in between, and compares the live
// heap with it later. Values of the program are redacted: nothing of a customer leaves the process.
//
// The usual environment variables of the AWS SDK say where and who; HEAPDIFF_BUCKET and, for other
// servers that speak S3, AWS_ENDPOINT_URL_S3.

const { GetObjectCommand, S3Client } = require('@aws-sdk/client-s3');
const { Upload } = require('@aws-sdk/lib-storage');
const { diffSnapshots, formatReport, snapshotStream } = require('../..');

/** The least that S3 takes as a part; one part at a time is in memory. */
const PART_BYTES = 5 * 1024 * 1024;

/**
 * @param {S3Client} client
 * @param {string} bucket
 * @param {string} key
 * @param {import('../..').StreamOptions} [options]
 */
async function uploadSnapshot(client, bucket, key, options = {}) {
  const body = snapshotStream({ gzip: true, ...options });
  const upload = new Upload({
    client,
    params: { Bucket: bucket, Key: key, Body: body, ContentType: 'application/gzip' },
    queueSize: 1,
    partSize: PART_BYTES,
  });
  try {
    return await upload.done();
  } finally {
    // A failed upload must not leave the capture waiting.
    body.destroy();
  }
}

/**
 * @param {S3Client} client
 * @param {string} bucket
 * @param {string} key
 * @param {import('../..').DiffOptions} [options]
 */
async function compareWithUploaded(client, bucket, key, options) {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (Body === undefined) throw new Error(`${bucket}/${key} has no content`);
  return diffSnapshots(await Body.transformToByteArray(), null, options);
}

async function main() {
  const bucket = process.env.HEAPDIFF_BUCKET ?? 'heap-snapshots';
  const key = `${process.pid}-${Date.now()}.heapsnapshot.gz`;
  const client = new S3Client({ forcePathStyle: true });
  await uploadSnapshot(client, bucket, key, { redact: { salt: process.env.HEAPDIFF_SALT } });
  process.stdout.write(`uploaded s3://${bucket}/${key}\n`);
  const report = await compareWithUploaded(client, bucket, key);
  process.stdout.write(`${formatReport(report)}\n`);
}

if (require.main === module) main();

module.exports = { compareWithUploaded, uploadSnapshot };
