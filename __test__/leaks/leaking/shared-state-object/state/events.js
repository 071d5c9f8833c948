'use strict';

exports.events = []; // @here
