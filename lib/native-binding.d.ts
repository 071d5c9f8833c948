/**
 * What the native part exports (`src/binding/`), as the rest of `lib/` sees it. Not public.
 *
 * Nothing here validates: arguments have been checked. Promises are always resolved, with `value`
 * or with `failure`, and never rejected.
 */

/** A Rust error as plain data. */
export interface Failure {
  code: string;
  message: string;
  offset?: number;
  source?: string;
  errno?: number | undefined;
  syscall?: string | undefined;
  path?: string;
}

/** The outcome of a job. */
export type Settled<T> = { value: T; failure?: undefined } | { failure: Failure };

/** The handle of one job: pass it to the function that starts the job, and to no other. */
export class Job {
  constructor(
    timeoutMs?: number,
    onProgress?: (phase: string, bytes: number, totalBytes?: number) => void,
  );
  cancel(): void;
  /** What the latest report said, which may not have been delivered. Null without a callback. */
  readonly reached: { phase: string; bytes: number } | null;
}

/** A snapshot to read. Feeds one job. */
export class Input {
  private constructor();
  static fromPath(path: string, name: string): Input;
  static forBytes(length: number): Input;
  append(block: Uint8Array): void;
}

/** Resolves to a `LeakReport` as JSON. */
export function diffSnapshots(
  job: Job,
  baseline: Input,
  current: Input,
  optionsJson: string,
): Promise<Settled<string>>;

/** Resolves to a `LeakReport` as JSON. Three inputs or more, in the order of time. */
export function diffTrend(job: Job, inputs: Input[], optionsJson: string): Promise<Settled<string>>;

/** Makes the digest of a snapshot, gives memory back, and puts the file in place. */
export function writeDigest(
  job: Job,
  input: Input,
  path: string,
  exclusive: boolean,
  takenAt?: string,
): Promise<Settled<WrittenFile>>;

/** Resolves once a row per node has been written to standard output. */
export function writeNodes(job: Job, input: Input): Promise<Settled<number>>;

/** Resolves to the open snapshot. */
export function openSnapshot(job: Job, input: Input): Promise<Settled<OpenSnapshot>>;

/** The parsed and analysed snapshot in native memory. Methods answer in JSON. */
export class OpenSnapshot {
  private constructor();
  stats(): Settled<string>;
  warnings(): Settled<string>;
  classes(isDevtools: boolean, top: number, filter: string): Settled<string>;
  node(id: number): Settled<string>;
  dominators(top: number, of: number | undefined): Settled<string>;
  retainers(id: number, top: number): Settled<string>;
  edges(id: number, top: number): Settled<string>;
  path(id: number): Settled<string>;
  duplicateStrings(top: number): Settled<string>;
  close(): void;
}

/** Whether a child may do a capture. `only`: `ERR_UNSUPPORTED` where that is not possible. */
export type MayFork = 'no' | 'if-possible' | 'only';

/**
 * A capture, from the moment that everything it needs is open. Then, inline:
 *
 * 1. start the reader: {@link writeFile}, or a job that gets {@link toInput};
 * 2. at once, if {@link waitForReader} says so, let V8 write to `path`: the reader does not need
 *    this thread, and V8 would wait for ever if there were none;
 * 3. {@link closeWriter}, or the reader waits for ever;
 * 4. await the reader, and {@link close} in any case.
 *
 * Or by a child: {@link fork}, start the reader, await it, {@link close} in any case.
 */
export class Capture {
  private constructor();
  readonly path: string;
  readonly canFork: boolean;
  readonly whyNoFork: string | null;
  readonly retries: number;
  readonly shortcomings: string[];
  readonly endedAfterMs: number | null;
  isGoodMoment(): boolean;
  fork(
    write: (path: string, options: object) => unknown,
    options: object,
    maxMemoryBytes: number,
    timeLimitMs?: number,
  ): Forked;
  toInput(outlet?: OutletArguments): Input;
  waitForReader(): boolean;
  closeWriter(hasFailed: boolean): void;
  close(): void;
}

/** What happens to the bytes on their way out. */
export interface OutletArguments {
  gzipLevel?: number | undefined;
  redact: boolean;
  salt?: string | undefined;
}

/** Begins to pull: at once from a child; inline when V8 has written all of it. */
export function beginPull(
  job: Job,
  capture: Capture,
  outlet: OutletArguments,
): Promise<Settled<void>>;
/** The next block: the first `length` bytes of `memory`. Null at the end. */
export function pull(
  job: Job,
  capture: Capture,
): Promise<Settled<{ memory: Buffer; length: number } | null>>;

/** Resolves to the size of the redacted file. */
export function redactFile(
  job: Job,
  input: Input,
  path: string,
  outlet: OutletArguments,
): Promise<Settled<number>>;

/** What a fork cost. */
export interface Forked {
  failure?: Failure;
  mappings: number;
  letInMs: number;
  forkMs: number;
  restoreMs: number;
}

/** The right to capture. To be released in any case. */
export class CaptureSlot {
  private constructor();
  release(): void;
}

/** `ERR_SNAPSHOT_BUSY` while there is another capture in the process. */
export function takeSlot(): Settled<CaptureSlot>;

export function prepareFile(
  job: Job,
  slot: CaptureSlot,
  mayFork: MayFork,
  path: string,
  exclusive: boolean,
  outlet: OutletArguments,
): Promise<Settled<Capture>>;
export function prepareStream(
  job: Job,
  slot: CaptureSlot,
  mayFork: MayFork,
): Promise<Settled<Capture>>;

/** Receives what V8 writes, gives memory back, and puts the file in place. */
export function writeFile(job: Job, capture: Capture): Promise<Settled<WrittenFile>>;

/** Sizes in bytes. */
export interface WrittenFile {
  bytes: number;
  nodeCount: number;
  edgeCount: number;
  rss: { before: number; peak: number; after: number };
}

export function isolateId(threadId: number): string;

/** Upper bounds. Sizes in bytes, times in milliseconds. */
export interface CaptureCost {
  peakBytes: number;
  /** What a child takes beside that. */
  copiedBytes: number;
  inlinePauseMs: number;
  /** Of the snapshot, before it is compressed. */
  documentBytes: number;
  forkPauseMs: number;
  availableBytes?: number;
  canFork: boolean;
}

/**
 * What V8 says of the heap of an isolate: of objects that have survived and of new ones; and how much
 * of both is large objects.
 */
export interface HeapBytes {
  oldUsed: number;
  oldResident: number;
  youngUsed: number;
  youngResident: number;
  largeUsed: number;
  /** Of the old ones: large objects, and their memory. */
  oldLargeUsed: number;
  oldLargeResident: number;
  v8Major: number;
}

/**
 * Tens of milliseconds, on this thread.
 *
 * @param doubles `[0.1, 0.2, 0.3]`, by which V8's arrays of doubles are recognized.
 * @param holes `new Array(2)`, for empty slots.
 * @param deleted `new Set([1, 2, 3, 4])` without the 1, for deleted entries.
 */
export function captureCost(
  heap: HeapBytes,
  doubles: number[],
  holes: unknown[],
  deleted: Set<number>,
): Settled<CaptureCost>;
/** The same on a native thread. */
export function findCaptureCost(
  job: Job,
  heap: HeapBytes,
  doubles: number[],
  holes: unknown[],
  deleted: Set<number>,
): Promise<Settled<CaptureCost>>;
