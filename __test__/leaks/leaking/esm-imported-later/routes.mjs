export const routes = new Map();
