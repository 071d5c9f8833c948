interface Subscription {
  id: number;
  seen: string[];
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function subscribe(id: number): Promise<void> {
  const subscription: Subscription = { id, seen: [] };
  for (let row = 0; row < 20; row++) subscription.seen.push(`row ${row} of ${id}`);
  setInterval(() => {
    // @here
    subscription.seen.push('tick');
  }, 60_000);
  await pause(0);
}
