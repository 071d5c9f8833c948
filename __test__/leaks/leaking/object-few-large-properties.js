'use strict';
/**
 * An object with a few dozen properties, so few that V8 keeps them in a hidden class; but each
 * holds a whole rendered page.
 *
 * @leak name=renderedPages class=Object kind=object
 */
const { snapshot } = require('../harness');

const renderedPages = { home: page('home'), about: page('about') };

function page(name) {
  return { name, rows: Array.from({ length: 2_000 }, (_, i) => `<tr><td>${name} ${i}</td></tr>`) };
}

async function main() {
  await snapshot('baseline');
  renderedPages.contact = page('contact');
  renderedPages.pricing = page('pricing');
  renderedPages.team = page('team');
  renderedPages.jobs = page('jobs');
  renderedPages.press = page('press');
  renderedPages.terms = page('terms');
  renderedPages.privacy = page('privacy');
  renderedPages.status = page('status');
  for (const month of ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct']) {
    renderedPages[month] = page(month);
  }
  await snapshot('current');
}
main();
