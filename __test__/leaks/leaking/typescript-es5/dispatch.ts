interface Ride {
  readonly what: string;
  readonly since: number;
}

let take: (what: string) => void = () => {};

export async function run(): Promise<void> {
  const opened = Date.now();
  const waiting: Ride[] = []; // @here
  take = (what) => {
    waiting.push({ what, since: opened });
  };
  await new Promise<void>(() => {});
  waiting.length = 0;
}

export function order(what: string): void {
  take(what);
}
