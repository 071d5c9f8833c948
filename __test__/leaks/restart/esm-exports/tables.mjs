export const countries = Array.from({ length: 3_500 }, (_, i) => ({
  code: `C${i}`,
  names: [`Country ${i}`, `Land ${i}`],
}));

export const failures = []; // @here
