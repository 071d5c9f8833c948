//! Feeds damaged snapshots to everything that reads one: the reader, the analysis, `openSnapshot`'s questions and the diff.
//!
//! ```text
//! node fuzz/corpus.mjs DIRECTORY
//! cargo run --release --no-default-features --example fuzz -- DIRECTORY [--seconds=60] [--seed=0]
//! cargo run --release --no-default-features --example fuzz -- DIRECTORY --input=SEED --save=FILE
//! ```
//!
//! An input is made from the corpus and a number, so that the number is all that is needed to see a failure again. What counts
//! as one: a panic, an input that takes longer than [`PATIENCE`], and running into the memory limit: a few kilobytes of input
//! may not cost more than [`MEMORY_LIMIT`]. An error with a code is a good answer.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod mutate;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use heapdiff::control::Control;
use heapdiff::diff::diff;
use heapdiff::error::Error;
use heapdiff::explore::{Explorer, explore};
use heapdiff::report::{ClassRows, DiffOptions};
use heapdiff::snapshot::Source;

use mutate::Mutator;

/// Inputs that are looked at side by side.
const THREADS: usize = 2;
/// No input is larger than a few hundred kilobytes; none may take longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Address space that all threads together may take beyond what the process has when it starts.
const MEMORY_LIMIT: u64 = 1 << 30;
/// After so many different failures the rest is not worth waiting for.
const MAX_FAILURES: usize = 10;

/// What each thread is busy with: the seed, and when it began. 0 milliseconds: nothing.
struct Slot {
    seed: AtomicU64,
    since_ms: AtomicU64,
}

static SLOTS: [Slot; THREADS] =
    [const { Slot { seed: AtomicU64::new(0), since_ms: AtomicU64::new(0) } }; THREADS];

struct Options {
    corpus: Vec<Vec<u8>>,
    duration: Duration,
    first_seed: u64,
    input: Option<u64>,
    save: Option<String>,
}

fn main() -> ExitCode {
    let options = match parse_options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if let Some(seed) = options.input {
        return look_at_one(&options, seed);
    }
    run(&options)
}

fn parse_options() -> Result<Options, String> {
    let mut options = Options {
        corpus: Vec::new(),
        duration: Duration::from_secs(60),
        first_seed: 0,
        input: None,
        save: None,
    };
    for argument in std::env::args().skip(1) {
        let number =
            |text: &str| text.parse::<u64>().map_err(|error| format!("{argument}: {error}"));
        match argument.split_once('=') {
            Some(("--seconds", text)) => options.duration = Duration::from_secs(number(text)?),
            Some(("--seed", text)) => options.first_seed = number(text)?,
            Some(("--input", text)) => options.input = Some(number(text)?),
            Some(("--save", path)) => options.save = Some(path.into()),
            _ => options.corpus = read_corpus(Path::new(&argument))?,
        }
    }
    if options.corpus.is_empty() {
        return Err(
            "usage: fuzz CORPUS [--seconds=N] [--seed=N] [--input=SEED [--save=FILE]]".into()
        );
    }
    Ok(options)
}

/// The files in order of their names, so that a seed means the same tomorrow.
fn read_corpus(directory: &Path) -> Result<Vec<Vec<u8>>, String> {
    let say = |error: std::io::Error| format!("{}: {error}", directory.display());
    let mut paths: Vec<_> = fs::read_dir(directory)
        .map_err(say)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).map_err(say)).collect()
}

fn look_at_one(options: &Options, seed: u64) -> ExitCode {
    let bytes = Mutator::new(&options.corpus, seed).input();
    println!("input {seed}: {} bytes", bytes.len());
    if let Some(path) = &options.save
        && let Err(error) = fs::write(path, &bytes)
    {
        eprintln!("{path}: {error}");
    }
    let start = Instant::now();
    let outcome = look_at(&options.corpus, seed);
    println!("{outcome:?}, {:?}", start.elapsed());
    ExitCode::SUCCESS
}

fn run(options: &Options) -> ExitCode {
    // The pool's threads are there before the limit is set.
    let _ = look_at(&options.corpus, options.first_seed);
    limit_memory();
    say_the_seeds_on_abort();
    let start = Instant::now();
    let failures = Mutex::new(Vec::new());
    let next = AtomicU64::new(options.first_seed);
    let accepted = AtomicU64::new(0);
    let workers_left = AtomicUsize::new(THREADS);
    // What a panic says is collected, not printed.
    panic::set_hook(Box::new(|_| {}));
    thread::scope(|scope| {
        for slot in &SLOTS {
            let (failures, next, accepted, workers_left) =
                (&failures, &next, &accepted, &workers_left);
            scope.spawn(move || {
                while start.elapsed() < options.duration && count(failures) < MAX_FAILURES {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    slot.seed.store(seed, Ordering::Relaxed);
                    slot.since_ms.store(milliseconds(start) + 1, Ordering::Relaxed);
                    match panic::catch_unwind(AssertUnwindSafe(|| look_at(&options.corpus, seed))) {
                        Ok(Ok(())) => {
                            accepted.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Err(_)) => {}
                        Err(panic) => report(failures, seed, &panic_text(&*panic)),
                    }
                    slot.since_ms.store(0, Ordering::Relaxed);
                }
                workers_left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        while workers_left.load(Ordering::Relaxed) > 0 {
            thread::sleep(Duration::from_millis(100));
            exit_on_hang(start);
        }
    });
    let inputs = next.load(Ordering::Relaxed) - options.first_seed;
    println!(
        "{inputs} damaged inputs in {:.0} s, {} of them still a snapshot",
        start.elapsed().as_secs_f64(),
        accepted.load(Ordering::Relaxed),
    );
    let failed = count(&failures);
    println!("{} passed, {failed} failed", inputs - failed as u64);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count(failures: &Mutex<Vec<String>>) -> usize {
    failures.lock().map_or(MAX_FAILURES, |failures| failures.len())
}

/// Remembers a failure, and prints it if nothing has failed in the same way before.
fn report(failures: &Mutex<Vec<String>>, seed: u64, what: &str) {
    let Ok(mut failures) = failures.lock() else { return };
    if !failures.iter().any(|known| known == what) {
        println!("PANIC at seed {seed}: {what}");
        failures.push(what.into());
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()))
        .unwrap_or_else(|| "a panic without words".into())
}

fn exit_on_hang(start: Instant) {
    let now = milliseconds(start);
    for slot in &SLOTS {
        let since = slot.since_ms.load(Ordering::Relaxed);
        if since != 0 && u128::from(now.saturating_sub(since)) > PATIENCE.as_millis() {
            println!("HANG at seed {}", slot.seed.load(Ordering::Relaxed));
            std::process::exit(1);
        }
    }
}

fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Everything that a user can have done with the file.
fn look_at(corpus: &[Vec<u8>], seed: u64) -> Result<(), Error> {
    let mut mutator = Mutator::new(corpus, seed);
    let bytes = mutator.input();
    let control = Control::default();
    let compared = compare(&mutator, bytes.clone(), &control);
    let explorer = explore(Source::Bytes(bytes), &control)?;
    ask(&explorer, mutator.number());
    compared
}

fn compare(mutator: &Mutator<'_>, bytes: Vec<u8>, control: &Control) -> Result<(), Error> {
    let class_rows = if mutator.seed() & 1 == 0 { ClassRows::Merged } else { ClassRows::Devtools };
    let options = DiffOptions { class_rows, min_growth_bytes: Some(1), ..DiffOptions::default() };
    let (sound, damaged) = (Source::Bytes(mutator.partner()), Source::Bytes(bytes));
    // Either side may be the damaged one.
    let report = if mutator.seed() & 2 == 0 {
        diff(sound, damaged, &options, control)
    } else {
        diff(damaged, sound, &options, control)
    };
    report.map(drop)
}

fn ask(explorer: &Explorer, id: u32) {
    let _ = explorer.stats();
    explorer.classes(ClassRows::Devtools, "").take(20).for_each(drop);
    let _ = explorer.duplicate_strings();
    let dominators: Vec<u32> = explorer.dominators(None, 5).map(|node| node.id).collect();
    for id in dominators.into_iter().chain([id]) {
        let _ = explorer.node(id);
        explorer.dominators(Some(id), 5).for_each(drop);
        explorer.retainers(id).for_each(drop);
        explorer.edges(id).for_each(drop);
        explorer.path(id).for_each(drop);
    }
}

/// Lets an allocation fail that goes beyond the bound; that ends the process, with [`say_seeds`].
#[cfg(target_os = "linux")]
fn limit_memory() {
    let pages: u64 = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').next().and_then(|pages| pages.parse().ok()))
        .unwrap_or(0);
    let bytes = pages * 4096 + MEMORY_LIMIT;
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: `limit` is a valid structure that the call only reads.
    if unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) } != 0 {
        eprintln!("no memory limit: {}", std::io::Error::last_os_error());
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory() {}

#[cfg(unix)]
fn say_the_seeds_on_abort() {
    let handler = say_seeds as extern "C" fn(libc::c_int);
    // SAFETY: The handler only reads atomics and calls `write`, both of which a signal handler may do.
    unsafe {
        libc::signal(libc::SIGABRT, handler as libc::sighandler_t);
        libc::signal(libc::SIGSEGV, handler as libc::sighandler_t);
        libc::signal(libc::SIGBUS, handler as libc::sighandler_t);
    }
}

#[cfg(not(unix))]
fn say_the_seeds_on_abort() {}

#[cfg(unix)]
extern "C" fn say_seeds(signal: libc::c_int) {
    let mut text = *b"ABORT at seed 00000000000000000000\n";
    for slot in &SLOTS {
        let mut seed = slot.seed.load(Ordering::Relaxed);
        for digit in text[14..34].iter_mut().rev() {
            *digit = b'0' + (seed % 10) as u8;
            seed /= 10;
        }
        // SAFETY: The pointer and the length are those of `text`.
        unsafe { libc::write(libc::STDOUT_FILENO, text.as_ptr().cast(), text.len()) };
    }
    // SAFETY: `_exit` may be called anywhere.
    unsafe { libc::_exit(128 + signal) }
}
