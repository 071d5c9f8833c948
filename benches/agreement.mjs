// Whether the contenders saw the same heap. heapdiff has to say what DevTools says, class by class; the other two have rules
// of their own for classes and sizes, so that only what means the same is held against each other.

/** What `heap.cjs` makes of its own, by the name that every tool gives it. */
const OWN_CLASSES = ['Session'];

/**
 * @param {Record<string, import('./child.mjs').Run>} runs By contender; only those that ended well.
 * @returns {{checked: string[], wrong: string[]}} Sentences. `wrong` is about heapdiff.
 */
export function agreement(runs) {
  const [checked, wrong] = [[], []];
  const { heapdiff, devtools } = runs;
  if (!heapdiff) return { checked, wrong };
  const check = (what, ours, theirs) => {
    const same = JSON.stringify(ours) === JSON.stringify(theirs);
    (same ? checked : wrong).push(
      same
        ? what
        : `${what}: heapdiff ${JSON.stringify(ours)}, the other ${JSON.stringify(theirs)}`,
    );
  };
  if (devtools) {
    check('node counts equal DevTools', heapdiff.facts.nodes, devtools.facts.nodes);
    check('total sizes equal DevTools', heapdiff.facts.totals, devtools.facts.totals);
    const names = Object.keys(devtools.facts.classes);
    const rows = ({ facts }) => names.map((name) => facts.classes[name] ?? null);
    check(`${names.length} rows of the Comparison equal DevTools`, rows(heapdiff), rows(devtools));
    const sizes = ({ facts }) => names.map((name) => facts.retained[name] ?? 0);
    check(
      `retained sizes of ${names.length} classes equal DevTools`,
      sizes(heapdiff),
      sizes(devtools),
    );
  }
  for (const name of ['memlab', 'v8-heap-parser']) {
    const counts = runs[name]?.facts.counts;
    if (!counts) continue;
    for (const own of OWN_CLASSES) {
      const { added, removed } = heapdiff.facts.classes[own];
      const [before, after] = counts[own];
      check(`growth in number of ${own} objects equals ${name}`, added - removed, after - before);
    }
  }
  return { checked, wrong };
}
