'use strict';
/**
 * The program hangs a list of its own onto an object of a package.
 *
 * @leak name=auditTrail class=Array kind=array items=5:905
 */
const express = require('express');
const { snapshot } = require('../harness');
const app = express();
app.locals.auditTrail = []; // @here
async function main() {
  for (let i = 0; i < 5; i++) app.locals.auditTrail.push({ i });
  await snapshot('baseline');
  for (let i = 0; i < 900; i++) app.locals.auditTrail.push({ i, who: `u${i}` });
  await snapshot('current');
}
main();
