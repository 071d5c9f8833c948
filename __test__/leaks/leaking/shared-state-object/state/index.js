'use strict';

module.exports = { ...require('./events'), ...require('./errors') };
