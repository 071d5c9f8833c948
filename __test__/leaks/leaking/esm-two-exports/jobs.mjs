export const jobs = []; // @here

export function enqueue(id) {
  jobs.push({ id, attempts: 0, after: [] });
}
