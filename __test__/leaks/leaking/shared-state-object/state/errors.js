'use strict';

exports.errors = []; // @here
