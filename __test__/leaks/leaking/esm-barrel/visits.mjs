// What nobody removes.

export const visits = new Map(); // @here
