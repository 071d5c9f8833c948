export { visits as recentVisits } from './visits.mjs';
export * from './limits.mjs';
