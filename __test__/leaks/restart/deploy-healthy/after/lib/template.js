'use strict';

const LAYOUT = { head: '<head></head>', foot: '<footer></footer>', css: ['a.css', 'b.css'] };

exports.render = (body) => `${LAYOUT.head}${body}${LAYOUT.foot}`;
