'use strict';

exports.maxItems = 100;
exports.countries = ['NL', 'BE', 'DE'];
exports.allows = (order) => order.items.length <= exports.maxItems;
