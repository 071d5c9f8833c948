'use strict';

/**
 * What other ways of comparing two snapshots would put first. Filled in below by those that are
 * installed; see README.
 *
 * @param {import('./scenarios').Scenario} scenario
 * @param {string} out
 * @returns {Promise<Record<string, string>>}
 */
async function compareOthers(scenario, out) {
  void scenario;
  void out;
  return {};
}

module.exports = { compareOthers };
