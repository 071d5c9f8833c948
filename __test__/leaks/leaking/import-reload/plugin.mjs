const table = Array.from({ length: 200 }, (_, i) => ({ i, name: `row ${i}` }));
export const run = (v) => table.length + v;
