'use strict';

/** The command line makes no sense. */
class UsageError extends Error {}

module.exports = { UsageError };
