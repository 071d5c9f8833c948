/**
 * heapdiff: takes snapshots of V8's heap, compares two of them, and names what leaks.
 *
 * Units: every quantity of memory is in bytes and every duration in milliseconds, as plain
 * numbers; points in time are ISO 8601 strings in UTC.
 *
 * Threads: parsing, analysis, compression and writing run on native threads. Neither the event
 * loop nor libuv's thread pool is kept busy by them. V8's own walk of the heap is the exception:
 * it stops the thread whose heap it is (see {@link CaptureOptions.mode}).
 *
 * Errors: asynchronous functions never throw, they reject, also for wrong arguments. Every error
 * is an `Error` with a stable `code`: see {@link ErrorCode}. `ERR_NATIVE_BINDING` and `ERR_INTERNAL`
 * can come from every call and are not listed with each; nor is `ENOMEM`.
 *
 * Importing the package has no side effect: no signal handler, no file, no thread.
 */

/// <reference types="node" />

/**
 * A snapshot to read: the path or `file:` URL of a file, or the bytes of one.
 *
 * `.heapsnapshot`, gzipped or not, or a `.heapdigest` where it is the older one of a comparison:
 * told apart by content and not by name. A relative path counts from where the process is at the
 * call. Bytes are copied before they leave the JavaScript thread, a
 * few megabytes per turn of the event loop: do not change them until the call has settled. Views of
 * a `SharedArrayBuffer` are refused. Prefer paths: they cost no copy.
 */
export type SnapshotSource = string | URL | Uint8Array;

/** How far a call is. */
export interface Progress {
  /**
   * `capture`: V8 walks the heap. `parse`: bytes become tables. `analyze`: tables become facts.
   * `write`: bytes go to the file or stream. Phases can overlap.
   */
  phase: 'capture' | 'parse' | 'analyze' | 'write';
  /** Bytes of the snapshot dealt with so far in this phase; of several, of all of them together. */
  bytes: number;
  /** How many there will be, where that is known. */
  totalBytes?: number;
  /** 0 to 100, where that is known. The last report of a call that succeeds has 100. */
  percent?: number;
}

/** How a running call is watched and stopped. */
export interface JobOptions {
  /** Give up after this many milliseconds with `ERR_TIMEOUT`; nothing is left behind. At least 1. */
  timeoutMs?: number | undefined;
  /**
   * Aborts the call: it rejects with an `AbortError` (`code: 'ABORT_ERR'`, `cause: signal.reason`)
   * mostly within 50 ms, and frees what it held.
   */
  signal?: AbortSignal | undefined;
  /**
   * Called on the event loop now and then. Reports are dropped while the loop is busy. If it
   * throws, or returns a promise that is rejected before the call is done, the call is stopped and
   * rejects with that.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** How the live heap is captured. */
export interface CaptureOptions extends JobOptions {
  /**
   * - `inline`: V8 walks the heap on this thread, and the event loop stands still meanwhile. V8
   *   cannot be interrupted there: `timeoutMs` and `signal` count before and after its walk.
   * - `fork` (Linux on x64 and arm64): a copy-on-write child walks it; the service pauses for the
   *   fork alone. The child holds no descriptor of the service and no memory in common with it, and
   *   dies with it. Destructors of native objects that V8 collects there cannot change files or reach
   *   other processes (a filter of system calls; without seccomp `warnings` say that there is none).
   *   `ERR_UNSUPPORTED`, with the reason, where that is not possible.
   * - `auto` (default): `fork` where it is supported and the predicted pause of `inline` is above
   *   `maxPauseMs` (1000 if not given), else `inline`.
   */
  mode?: 'auto' | 'inline' | 'fork' | undefined;
  /**
   * Refuse (`ERR_CAPTURE_REFUSED`) an inline capture whose predicted pause, in milliseconds, is
   * longer. Also steers `auto`.
   */
  maxPauseMs?: number | undefined;
  /**
   * Refuse (or, in fork mode, kill the child) when the capture would need more memory than this,
   * in bytes. Default: what the cgroup, the host and the limits of the process (`ulimit -v`, `-d`)
   * leave, less a margin.
   */
  maxMemoryBytes?: number | undefined;
  /** Skip the memory and pause guards. Default false. */
  force?: boolean | undefined;
  /**
   * Replace every string value of the program by a salted token, which is the same for equal
   * strings under one salt. Names of variables, properties, classes, functions and files stay.
   * `true` takes a random salt; one of your own must not be empty. A comparison with the live heap
   * ignores it: nothing is written. Default false.
   *
   * Values are strings, regular expressions, keys of Maps, error messages, sources of scripts (also
   * in a `data:` URL), the query of a script's URL and who asks a server for it, descriptions of
   * symbols, and numbers where they are captured. No value reaches a disk, not even a temporary file.
   *
   * Keys of objects are values, too, where V8 keeps the object as a dictionary: after many additions
   * or a deletion. V8 does not keep all objects so that a program uses so, above all small ones and
   * those of literals, `JSON.parse`, `Object.fromEntries` and spreading. Of those, of functions and
   * classes, and of `globalThis`, keys that look like data are values: mail addresses, UUIDs, tokens with
   * signs and digits, what has blanks, and what begins with a digit or has three numbers in it. Others,
   * as a user's name, stay readable like the name of a property. So does a key of either kind that is a
   * name elsewhere.
   *
   * What leaks has the same name in a redacted snapshot, but for what goes by a key that is a value: of
   * `emitter.on('price', ...)` it is `_events.` and a token, as V8 keeps listeners in a dictionary. Such a name, and the
   * fingerprint with it, is the same each time under the same `salt` only.
   *
   * These stay as well: the paths of modules, keys that are integers, as numbers of elements; the name of a function or a
   * class that the program gives it, also by `Symbol.toStringTag`; and the description of a symbol
   * that is the key of a property.
   */
  redact?: boolean | { salt?: string | undefined } | undefined;
  /** As in `v8.writeHeapSnapshot`: include V8's internals. Default false. */
  exposeInternals?: boolean | undefined;
  /** As in `v8.writeHeapSnapshot`: include the values of numbers. Default false. */
  exposeNumericValues?: boolean | undefined;
  /**
   * Default true: after an inline capture V8 keeps the ids of all objects, some 60 bytes for each, by
   * which later snapshots of this process are compared with this one. False: it forgets them, the
   * memory is given back, and later snapshots begin with ids of their own (another `isolateId`).
   */
  keepIds?: boolean | undefined;
}

/** How a snapshot is written. */
export interface WriteOptions extends CaptureOptions {
  /**
   * Compress with gzip; a number from 0 to 9 is the level of deflate. Default: true when the path
   * ends in `.gz`. Means nothing for a digest, which is compressed already.
   */
  gzip?: boolean | number | undefined;
  /** Directory for the default file name, used when no path is given. Default: `process.cwd()`. */
  dir?: string | URL | undefined;
  /**
   * `snapshot` (default) is a file that Chrome DevTools loads. `digest` keeps only what a later
   * diff needs.
   */
  format?: 'snapshot' | 'digest' | undefined;
  /** Reject with `EEXIST` when the file is there. Default false: it is replaced atomically. */
  exclusive?: boolean | undefined;
}

/** A snapshot that was written. */
export interface SnapshotInfo {
  /** Where it is. */
  path: string;
  /** What it is. */
  format: 'snapshot' | 'digest';
  /** How the heap was captured. */
  mode: 'inline' | 'fork';
  /** Size of the file. */
  bytes: number;
  /** Nodes in it. */
  nodeCount: number;
  /** Edges in it. */
  edgeCount: number;
  /** How long the event loop stood still, in milliseconds. */
  pauseMs: number;
  /** How long the whole call took, in milliseconds. */
  totalMs: number;
  /**
   * Resident set size of the process around the capture, in bytes. In fork mode the peak includes
   * what the child took for itself.
   */
  rss: { before: number; peak: number; after: number };
  /** When V8 began to walk the heap. */
  takenAt: string;
  /**
   * Two snapshots with the same isolateId have comparable node ids, unless a profiler or debugger
   * has closed its session (`HeapProfiler.disable`) in between: V8 forgets all ids then, and tells
   * nobody. {@link diffSnapshots} sees by the ids themselves whether they mean anything, and compares
   * by structure if not. The isolateId of a fork is its own, since
   * ids that V8 gives out in a child die with it; it begins with that of the isolate, and what an
   * earlier inline snapshot has seen keeps its ids in the fork.
   */
  isolateId: string;
  /**
   * Fork mode: how many children it took, at most 3. 1 otherwise. No other one is tried after a child
   * that was killed with `SIGKILL`, which is what the system does when memory runs out, or that took
   * too long.
   */
  attempts: number;
  /**
   * Fork mode: what the pause consisted of, in milliseconds. To find V8's mappings and let them into
   * the fork, the fork itself (the kernel copies page tables), and to take them out again.
   */
  fork?: { mappings: number; findMs: number; forkMs: number; restoreMs: number };
  /**
   * What is worth knowing about this capture, in words: memory that could not be given back,
   * precautions that the system refused to a forked child, attempts that failed.
   */
  warnings: string[];
}

/** What npm `heapdump` calls back with. */
export type WriteCallback = (error: NodeJS.ErrnoException | null, filename?: string) => void;

/**
 * Writes a heap snapshot of this thread's isolate.
 *
 * Atomic: afterwards `path` holds a whole snapshot, or is untouched. The file has mode 0600. A
 * symbolic link is replaced. Devices, FIFOs and open descriptors (`/dev/stdout`), also behind a link,
 * are written to as they are; not so what another user may have put into a shared directory. Whoever
 * reads a FIFO may take as long as `timeoutMs` and `signal` allow, without holding up the event loop:
 * inline, all of it is put into a nameless temporary file first, compressed and redacted if it is to
 * be. V8 runs on this thread (or in a child, see {@link CaptureOptions.mode}); compression and writing on
 * a native one. One capture at a time in a process, on Linux also where it has several copies of heapdiff.
 *
 * Under Node's permission model a capture takes `--allow-addons` and, for V8's end of the pipe,
 * `--allow-fs-write=/proc/self/fd/*`: `ERR_CAPTURE_FAILED` without. Native code writes the file, which
 * the model does not watch.
 *
 * @param path Where to: a path or `file:` URL. Default: a name of heapdiff's own in `options.dir`.
 * @returns What was written.
 * @throws `ERR_SNAPSHOT_BUSY`, `ERR_CAPTURE_REFUSED`, `ERR_CAPTURE_FAILED`, `ERR_UNSUPPORTED`,
 *   `ERR_TIMEOUT`, `ABORT_ERR`, `ERR_INVALID_ARG`, or an errno code such as `ENOSPC`.
 */
export function writeSnapshot(path?: string | URL, options?: WriteOptions): Promise<SnapshotInfo>;
export function writeSnapshot(options: WriteOptions): Promise<SnapshotInfo>;
/** The calling style of npm `heapdump`. The callback gets the error, or null and the path. */
export function writeSnapshot(path: string | URL, callback: WriteCallback): void;
export function writeSnapshot(callback: WriteCallback): void;

/** How a snapshot is streamed. */
export interface StreamOptions extends CaptureOptions {
  /** Compress with gzip; a number from 0 to 9 is the level of deflate. Default false. */
  gzip?: boolean | number | undefined;
}

/**
 * A heap snapshot of this thread's isolate as a Readable with backpressure: to S3, to an HTTP
 * response, to anything. The capture begins with the first read. Destroying the stream ends it.
 *
 * Memory: one block, whatever the reader does. From a forked child (which `auto` prefers here) the
 * rest waits in V8; inline all of it is put into a nameless temporary file first, compressed and
 * redacted if it is to be, because V8 stands on the thread that would read. A stream that ends
 * without an error was a whole snapshot. Until it ends, other captures are `ERR_SNAPSHOT_BUSY`.
 *
 * `timeoutMs` counts from this call to the end of the stream, what the reader takes included, also
 * while it asks for nothing. `onProgress` counts the bytes that were handed out.
 *
 * Emits `error` with the codes of {@link writeSnapshot}.
 */
export function snapshotStream(options?: StreamOptions): import('node:stream').Readable;

/** How two snapshots are compared. The options of {@link CaptureOptions} count for a live heap. */
export interface DiffOptions extends CaptureOptions {
  /** How many suspects to report at most. Default 5. */
  suspects?: number | undefined;
  /** How many class rows to report at most. Default 20. */
  classes?: number | undefined;
  /**
   * Growth below this many bytes is not a suspect. Default: a 4096th of the newer heap, and at least
   * 16 KiB. Whatever it is, growth by fewer than 64 items also has to reach a hundredth of the heap, or
   * 256 KiB in a small one: less is taken for a warm-up.
   */
  minGrowthBytes?: number | undefined;
  /**
   * Suspects to drop; they are counted in {@link LeakReport.ignored}. A string has to equal the
   * fingerprint, the class, the name, or the file (or the end of its path); a RegExp may match
   * anywhere in one of them.
   */
  ignore?: ReadonlyArray<string | RegExp> | undefined;
  /**
   * Units of work done between the snapshots (requests, jobs), at least 1e-9: growth is then also
   * given per unit.
   */
  work?: number | undefined;
  /**
   * - `identity`: by node id, for two snapshots of one process.
   * - `structural`: by the shape of the path from the roots, for another process, a restart, a
   *   deploy.
   * - `auto` (default): decided from the data.
   */
  matching?: 'auto' | 'identity' | 'structural' | undefined;
  /**
   * - `merged` (default): every class has one row, and none is lost.
   * - `devtools`: equal to the Comparison view of Chrome DevTools, which drops rows where two
   *   classes share a key. Not possible with a digest, which the report then warns of.
   */
  classRows?: 'merged' | 'devtools' | undefined;
}

/**
 * Compares two snapshots and says what leaks.
 *
 * Parsing and analysis run on native threads, never on the event loop.
 *
 * @param baseline The older snapshot, or its digest.
 * @param current The newer one. Left out or null: the live heap of this thread's isolate, with no
 *   file in between.
 * @returns The report. {@link formatReport} renders it.
 * @throws `ERR_INVALID_SNAPSHOT`, `ERR_TRUNCATED_SNAPSHOT` (both with `offset`), `ABORT_ERR`,
 *   `ERR_TIMEOUT`, `ERR_INVALID_ARG`, the errno code of a failed read, and for a live heap the
 *   codes of {@link writeSnapshot}.
 */
export function diffSnapshots(
  baseline: SnapshotSource,
  current?: SnapshotSource | null,
  options?: DiffOptions,
): Promise<LeakReport>;

/**
 * Compares three or more snapshots in the order of time, and keeps what grew from each to the
 * next: what a program sets up once drops out. All but the last may be digests.
 *
 * Parsing and analysis run on native threads, never on the event loop.
 *
 * @param sources The snapshots, oldest first.
 * @param options As for {@link diffSnapshots}; those of a capture mean nothing here.
 * @returns The report: `baseline` is the first snapshot, `current` the last.
 * @throws `ERR_INVALID_SNAPSHOT`, `ERR_TRUNCATED_SNAPSHOT` (both with `offset`), `ABORT_ERR`,
 *   `ERR_TIMEOUT`, `ERR_INVALID_ARG` (for fewer than three sources, too), or the errno code of a
 *   failed read.
 */
export function diffTrend(
  sources: readonly SnapshotSource[],
  options?: DiffOptions,
): Promise<LeakReport>;

/** What {@link diffSnapshots} answers. Plain data: it can be stored as JSON as it is. */
export interface LeakReport {
  /** Rises when a field changes its meaning. */
  schemaVersion: 1;
  /** Who wrote the report. */
  tool: { name: 'heapdiff'; version: string };
  /** (stable) Whether there is a suspect. */
  verdict: 'leak' | 'no-leak';
  /** How nodes were matched. */
  matching: 'identity' | 'structural';
  /** Why they were matched that way, in words. */
  matchingReason: string;
  /** The older snapshot. */
  baseline: SnapshotStats;
  /** The newer one. */
  current: SnapshotStats;
  /** `current` less `baseline`. */
  growth: { nodes: number; edges: number; heapBytes: number; nativeBytes: number };
  /** (stable) Most likely first. */
  suspects: Suspect[];
  /** Classes, largest added size first. */
  classes: ClassDelta[];
  /** How many suspects `ignore` dropped. */
  ignored: number;
  /** What the report could not know, in words. */
  warnings: string[];
  /** Where the time went, in milliseconds. */
  timings: {
    /** Live heap: until V8 had written its last byte. */
    captureMs?: number;
    /** Live heap: how long the event loop stood still. */
    pauseMs?: number;
    /** From the first byte to tables. */
    parseMs: number;
    /** From tables to the report. */
    analyzeMs: number;
    /** The whole call. */
    totalMs: number;
    /** Finer. Phases can overlap. */
    phases: Array<{ phase: string; ms: number }>;
  };
}

/** One snapshot in numbers. */
export interface SnapshotStats {
  /** Its path, or else `bytes` or `the live heap`. */
  source: string;
  /** Nodes. */
  nodeCount: number;
  /** Edges. */
  edgeCount: number;
  /** Bytes on V8's heap. */
  heapBytes: number;
  /** Chrome DevTools' statistics, to the byte. */
  statistics: {
    total: number;
    native: number;
    typedArrays: number;
    code: number;
    strings: number;
    jsArrays: number;
    system: number;
  };
  /** When it was taken, if that is known. */
  takenAt?: string;
}

/** Something that grows and should not. */
export interface Suspect {
  /**
   * (stable) The name a developer would search for: a variable, a property, an exported binding.
   * `leaks`; `sessions`; `_events.tick`.
   */
  name: string;
  /** (stable) Constructor of the thing that grows: Array, Map, SessionStore, EventEmitter... */
  className: string;
  /** What kind of growth. */
  kind:
    | 'array'
    | 'map'
    | 'set'
    | 'object'
    | 'listeners'
    | 'timers'
    | 'promises'
    | 'closures'
    | 'buffers'
    | 'strings'
    | 'list'
    | 'instances'
    | 'other';
  /** Its node id in `current`. */
  nodeId: number;
  /**
   * How many more there are of the same name and place in the code, elsewhere in the heap: the list
   * that each tenant has. `growth.retainedBytes`, `growth.perWork` and `holds` are of all of them,
   * `growth.items`, `nodeId` and `path` of the one that grew most.
   */
  alike: number;
  /** 0 to 1. */
  confidence: number;
  /** How much. */
  growth: {
    /** Bytes it retains more than before. */
    retainedBytes: number;
    /**
     * Elements, entries or properties of the container; if it did not gain any, those of the
     * containers in it, all together. `null` for what has none: lists, strings, buffers.
     */
    items: { before: number; after: number } | null;
    /** With {@link DiffOptions.work}: per unit of it. */
    perWork?: { bytes: number; items: number };
  };
  /** (stable) The code that owns it. */
  source: SourcePosition | null;
  /** From a GC root to the suspect: the steps a developer can read, in order. */
  path: PathStep[];
  /** What piles up inside, by class, largest first. */
  holds: Array<{ className: string; count: number; bytes: number }>;
  /**
   * (stable) The same leak has the same fingerprint in every process, after a restart, and when lines are moved.
   * It is made of the name, the class, what owns it, and the end of the file's path that tells the file from
   * the others of the program; of variables of one name in one file also by which of them it is.
   */
  fingerprint: string;
  /**
   * One plain sentence; and another one if Node or a package keeps more from the same cause, or other texts of the
   * object grew: that is part of this suspect and its bytes.
   */
  summary: string;
}

/** A place in the code. Lines and columns are 1-based. */
export interface SourcePosition {
  /** As Node wrote it: a path, or a `file:` URL. */
  url: string;
  /** Line. */
  line: number | null;
  /** Column. */
  column: number | null;
  /** The function that the position is of; `null` where it is that of a declaration. */
  functionName: string | null;
  /** Where a source map beside the file, or inside it, says that comes from. */
  original?: { url: string; line: number; column: number };
}

/** A step on the path from a GC root: the edge, and the node it leads to. */
export interface PathStep {
  /** Name or number of the edge. */
  edge: string;
  /** Its type: `property`, `context`, `element`, `internal`... */
  edgeType: string;
  /** Class of the node. */
  className: string;
  /** Its id. */
  nodeId: number;
}

/**
 * A class in both snapshots. Nodes without a size of their own are not counted, as in DevTools.
 *
 * A node that is in both counts as neither added nor removed, whatever became of its size: an array
 * that grew is a suspect and no row. Where nodes cannot be told one by one (structural matching, or
 * a digest), the rows are of totals: what is more is added, what is less is removed.
 */
export interface ClassDelta {
  /** Constructor, or what DevTools calls the class. */
  className: string;
  /** Nodes that are only in `current`. */
  added: number;
  /** Nodes that are only in `baseline`. */
  removed: number;
  /** `added` less `removed`. */
  delta: number;
  /** Self sizes of the added nodes, in bytes. */
  addedBytes: number;
  /** Self sizes of the removed nodes, in bytes. */
  removedBytes: number;
  /** `addedBytes` less `removedBytes`. */
  deltaBytes: number;
  /** What the class retains in `current`, in bytes; 0 if it has no node there any more. */
  retainedBytes: number;
}

/**
 * Renders a report. Names from the heap are data: control characters in them are escaped.
 *
 * @param report What {@link diffSnapshots} resolved to, or the same read back from JSON.
 * @param format `text` (default) is for logs: at most 40 lines of at most 100 columns. `markdown`
 *   is for issues, `json` for programs, `html` is one self-contained page.
 * @throws `ERR_INVALID_ARG`, also for a report of another `schemaVersion`.
 */
export function formatReport(
  report: LeakReport,
  format?: 'text' | 'markdown' | 'json' | 'html',
): string;

/** What a capture would cost. */
export interface CaptureEstimate {
  /** What is on V8's heap now. */
  heapBytes: number;
  /**
   * Upper bound of the memory the capture needs on top, at its peak. Mostly within twice the truth;
   * higher for garbage that has not been collected yet, which looks as if in use, and by fork for
   * texts of one to some fifty kilobytes and arrays of thousands of doubles, of which it cannot be
   * seen what a child will copy.
   */
  predictedPeakBytes: number;
  /** Upper bound of the standstill, in milliseconds. */
  predictedPauseMs: number;
  /** What the cgroup, the host and the limits of the process leave, less a margin. */
  availableBytes: number;
  /** How a capture with these options would be done. */
  mode: 'inline' | 'fork';
  /** Whether the guards would let it pass. */
  safe: boolean;
  /** Why, in words. */
  reason: string;
}

/**
 * What a capture would cost now, and whether it is safe. Looks at samples of V8's memory, on this
 * thread: tens of milliseconds, more where the machine is busy. A capture does the same on a native
 * thread before it begins.
 *
 * @param options Those of the capture. Of `gzip` the level counts: inline, V8 waits for the compressor.
 * @throws `ERR_INVALID_ARG`, `ERR_UNSUPPORTED`
 */
export function estimateCapture(options?: StreamOptions): CaptureEstimate;

/**
 * Opens one snapshot to look around in. Everything heavy runs on native threads.
 *
 * The parsed snapshot is kept in native memory, which V8's garbage collector is told about:
 * {@link Snapshot.close} gives it back at once, losing the last reference some time later.
 *
 * @param source The snapshot.
 * @throws `ERR_INVALID_SNAPSHOT`, `ERR_TRUNCATED_SNAPSHOT`, `ABORT_ERR`, `ERR_TIMEOUT`,
 *   `ERR_INVALID_ARG`, or the errno code of a failed read.
 */
export function openSnapshot(source: SnapshotSource, options?: JobOptions): Promise<Snapshot>;

/**
 * An open snapshot. Its methods are synchronous: they look up what was computed when it was opened.
 * Node ids are those of V8; where several nodes of a damaged file share one, the first is meant.
 *
 * Methods throw `ERR_INVALID_ARG` for arguments of the wrong type, and after {@link close} an
 * `Error` with the code `ERR_SNAPSHOT_CLOSED`.
 */
export interface Snapshot {
  /** The snapshot in numbers. Stays after {@link close}. */
  readonly stats: SnapshotStats;
  /** What the numbers do not say, in words: bytes that were overlooked, sizes of 4 GiB and more. */
  readonly warnings: string[];
  /**
   * The classes, largest retained size first.
   *
   * @param options `top`: how many rows, default all. `filter`: only classes whose name contains
   *   this. `classRows`: as in {@link DiffOptions}: `merged` (default) has one row for all classes of
   *   one name, `devtools` the rows of Chrome DevTools' Summary view.
   */
  classes(options?: {
    top?: number | undefined;
    filter?: string | undefined;
    classRows?: 'merged' | 'devtools' | undefined;
  }): ClassSummary[];
  /** The node with this id, or null. */
  node(id: number): SnapshotNode | null;
  /**
   * What the root (or the node `of`) dominates immediately, largest retained size first.
   *
   * @param options `top`: how many, default 20. `of`: id of the dominator, default the root. Empty
   *   if there is no such node.
   */
  dominators(options?: { top?: number | undefined; of?: number | undefined }): SnapshotNode[];
  /**
   * What refers to the node, nearest to the roots first. Empty if there is no such node.
   *
   * @param options `top`: how many, default all. Popular objects have hundreds of thousands, and
   *   each takes a microsecond or two of this thread.
   */
  retainers(id: number, options?: { top?: number | undefined }): SnapshotEdge[];
  /**
   * What the node refers to, in V8's order. Empty if there is no such node.
   *
   * @param options `top`: how many, default all.
   */
  edges(id: number, options?: { top?: number | undefined }): SnapshotEdge[];
  /**
   * The shortest path from a GC root. Empty if there is no such node, or no path. It has as many steps
   * as the node is deep: to the end of a linked list of a million items it is a million.
   */
  path(id: number): PathStep[];
  /**
   * Strings that are there more than once, most bytes first.
   *
   * @param options `top`: how many, default 20.
   */
  duplicateStrings(options?: { top?: number | undefined }): DuplicateString[];
  /** Frees the native memory. May be called more than once. */
  close(): void;
}

/** A row of the Summary view. */
export interface ClassSummary {
  /** Constructor, or what DevTools calls the class. */
  className: string;
  /** Nodes. */
  count: number;
  /** Their self sizes. */
  selfBytes: number;
  /** What they retain together. */
  retainedBytes: number;
  /** The smallest distance of one of them. */
  distance: number;
}

/** A node. */
export interface SnapshotNode {
  /** V8's id. */
  id: number;
  /** V8's type: `object`, `closure`, `string`, `array`... */
  type: string;
  /**
   * What DevTools shows: the constructor, the first properties of a plain object, the name of a
   * function, the value of a string.
   */
  name: string;
  /** What DevTools calls its class. */
  className: string;
  /** Its own size, after the transfer of sizes to owners that DevTools makes. */
  selfBytes: number;
  /** What would be freed with it. */
  retainedBytes: number;
  /**
   * Length of the shortest path from a user root. 100,000,000 and more: only system roots lead
   * there. -5: nothing does.
   */
  distance: number;
  /** Id of its immediate dominator. */
  dominatorId: number;
}

/** An edge, and the node at its other end. */
export interface SnapshotEdge {
  /** Name or number of the edge. */
  edge: string;
  /** Its type. */
  edgeType: string;
  /** The other end. */
  node: SnapshotNode;
}

/** A string that is there more than once. */
export interface DuplicateString {
  /** Its value, as far as V8 wrote it. */
  value: string;
  /** How often. */
  count: number;
  /** Self sizes of all of them. */
  bytes: number;
}

/** The codes of errors. An errno code such as `ENOENT` names the system call that failed. */
export type ErrorCode =
  /** An argument cannot be used. A TypeError or RangeError. */
  | 'ERR_INVALID_ARG'
  /** Not a heap snapshot, or it contradicts itself. `err.offset` is a byte in the (uncompressed) input. */
  | 'ERR_INVALID_SNAPSHOT'
  /** The snapshot ends too early. `err.offset` is where. */
  | 'ERR_TRUNCATED_SNAPSHOT'
  /** The open snapshot has been closed. */
  | 'ERR_SNAPSHOT_CLOSED'
  /** Another capture is going on: one at a time in a process. */
  | 'ERR_SNAPSHOT_BUSY'
  /** The memory or pause guard said no. `err.estimate` says why. */
  | 'ERR_CAPTURE_REFUSED'
  /** V8 or the capturing child failed; nothing was left behind. */
  | 'ERR_CAPTURE_FAILED'
  /** `timeoutMs` is over. */
  | 'ERR_TIMEOUT'
  /** `signal` was aborted. */
  | 'ABORT_ERR'
  /** This platform or this version of Node cannot do that. */
  | 'ERR_UNSUPPORTED'
  /** There is no native part for this platform; the message says how to build it. */
  | 'ERR_NATIVE_BINDING'
  /** A bug in heapdiff. */
  | 'ERR_INTERNAL';

/** What heapdiff rejects with. */
export interface HeapdiffError extends Error {
  /** One of {@link ErrorCode}, or an errno code. */
  code: ErrorCode | (string & {});
  /** For snapshots that cannot be read: the byte, in the uncompressed input. */
  offset?: number;
  /** For snapshots that cannot be read: which, as {@link SnapshotStats.source} calls it. */
  source?: string;
  /** For failed system calls: the errno, negative as in Node. */
  errno?: number;
  /** For failed system calls: which. */
  syscall?: string;
  /** For failed system calls: on what. */
  path?: string;
  /** For `ERR_CAPTURE_REFUSED`: what was predicted. */
  estimate?: CaptureEstimate;
}
