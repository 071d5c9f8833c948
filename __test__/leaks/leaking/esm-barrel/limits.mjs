export const MOST_VISITS = 10_000;
