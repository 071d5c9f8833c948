'use strict';

const ROUTES = new Map(
  ['home', 'shop', 'cart', 'login', 'logout', 'orders', 'help', 'about', 'terms', 'jobs'].map(
    (name, i) => [name, { name, path: `/${name}`, order: i, guards: ['session', 'csrf'] }],
  ),
);

exports.route = (page) => `${ROUTES.get('home').path}${page}`;
