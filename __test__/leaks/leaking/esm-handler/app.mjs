export async function makeApp() {
  const sessions = new Map();
  return {
    sessions,
    handler(request, response) {
      sessions.set(request.url, { headers: { ...request.headers }, cart: new Array(100).fill(1) });
      response.end('ok');
    },
  };
}
