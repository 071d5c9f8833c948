//! `openSnapshot`, and the rows of `heapdiff nodes`.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};

use napi::Env;
use napi::bindgen_prelude::{Object, ObjectFinalize};
use napi_derive::napi;

use super::failure::Settled;
use super::input::Input;
use super::job::{Job, spawn_job, spawn_job_then};
use crate::analysis::class_table::ClassRows;
use crate::analysis::{What, analyse};
use crate::error::{Error, Result};
use crate::explore::{Explorer, explore};
use crate::json::{rows_to_json, to_json};
use crate::node_table::write_nodes as write_node_table;
use crate::snapshot::{ReadOptions, read};

/// An open snapshot. Answers are JSON; see `Snapshot` in `index.d.ts` for what they mean.
///
/// V8 is told how much memory it holds, or its garbage collector would see a small object and let
/// thousands of them pile up.
#[napi(custom_finalize)]
pub struct OpenSnapshot {
    explorer: RefCell<Option<Explorer>>,
    /// What V8 has been told.
    accounted_bytes: i64,
}

/// Opens a snapshot on a native thread. Resolves to an [`OpenSnapshot`].
#[napi(catch_unwind)]
pub fn open_snapshot<'env>(env: &'env Env, job: &Job, input: &Input) -> napi::Result<Object<'env>> {
    let source = input.take();
    spawn_job_then(
        env,
        job,
        "heapdiff-open",
        move |control| explore(source?.open(control)?, control),
        OpenSnapshot::new,
    )
}

#[napi]
impl OpenSnapshot {
    fn new(env: &Env, explorer: Explorer) -> napi::Result<Self> {
        let accounted_bytes = explorer.memory_bytes() as i64;
        env.adjust_external_memory(accounted_bytes)?;
        Ok(Self { explorer: RefCell::new(Some(explorer)), accounted_bytes })
    }

    /// `SnapshotStats`.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Settled<String> {
        self.answer(|explorer| to_json(explorer.stats()))
    }

    /// `string[]`.
    #[napi(catch_unwind)]
    pub fn warnings(&self) -> Settled<String> {
        self.answer(|explorer| to_json(&explorer.warnings()))
    }

    /// `ClassSummary[]`.
    #[napi(catch_unwind)]
    pub fn classes(&self, is_devtools: bool, top: u32, filter: String) -> Settled<String> {
        let rows = if is_devtools { ClassRows::Devtools } else { ClassRows::Merged };
        self.answer(|explorer| rows_to_json(explorer.classes(rows, &filter).take(top as usize)))
    }

    /// `SnapshotNode | null`.
    #[napi(catch_unwind)]
    pub fn node(&self, id: f64) -> Settled<String> {
        self.answer(|explorer| to_json(&node_id(id).and_then(|id| explorer.node(id))))
    }

    /// `SnapshotNode[]`.
    #[napi(catch_unwind)]
    pub fn dominators(&self, top: u32, of: Option<f64>) -> Settled<String> {
        let of = of.map(node_id);
        // Of a number that no id can be there are none.
        let top = if of == Some(None) { 0 } else { top as usize };
        self.answer(|explorer| rows_to_json(explorer.dominators(of.flatten(), top)))
    }

    /// `SnapshotEdge[]`.
    #[napi(catch_unwind)]
    pub fn retainers(&self, id: f64, top: u32) -> Settled<String> {
        let id = node_id(id).into_iter();
        self.answer(|explorer| {
            rows_to_json(id.flat_map(|id| explorer.retainers(id)).take(top as usize))
        })
    }

    /// `SnapshotEdge[]`.
    #[napi(catch_unwind)]
    pub fn edges(&self, id: f64, top: u32) -> Settled<String> {
        let id = node_id(id).into_iter();
        self.answer(|explorer| {
            rows_to_json(id.flat_map(|id| explorer.edges(id)).take(top as usize))
        })
    }

    /// `PathStep[]`.
    #[napi(catch_unwind)]
    pub fn path(&self, id: f64) -> Settled<String> {
        let id = node_id(id).into_iter();
        self.answer(|explorer| rows_to_json(id.flat_map(|id| explorer.path(id))))
    }

    /// `DuplicateString[]`.
    #[napi(catch_unwind)]
    pub fn duplicate_strings(&self, top: u32) -> Settled<String> {
        self.answer(|explorer| rows_to_json(explorer.duplicate_strings().iter().take(top as usize)))
    }

    /// Frees the memory. Once is enough.
    #[napi(catch_unwind)]
    pub fn close(&self, env: &Env) -> napi::Result<()> {
        if let Some(explorer) = self.explorer.take() {
            free_elsewhere(explorer);
            env.adjust_external_memory(-self.accounted_bytes)?;
        }
        Ok(())
    }

    fn answer(&self, question: impl FnOnce(&Explorer) -> Result<String>) -> Settled<String> {
        let explorer = self.explorer.borrow();
        let closed = || Error::internal("the snapshot has been closed");
        Settled(explorer.as_ref().ok_or_else(closed).and_then(question))
    }
}

impl ObjectFinalize for OpenSnapshot {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.close(&env)
    }
}

/// Giving hundreds of megabytes back to the system takes tens of milliseconds, which the JavaScript
/// thread shall not spend.
fn free_elsewhere(explorer: Explorer) {
    let thread = std::thread::Builder::new().name("heapdiff-free".into());
    // Where no thread can be had, the closure is dropped here, and the explorer with it.
    let _ = thread.spawn(move || drop(explorer));
}

/// The id that JavaScript means, or `None` for a number that no id can be.
fn node_id(number: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
}

/// Writes a row per node to standard output, from a native thread. Resolves to the number of nodes.
#[napi(catch_unwind)]
pub fn write_nodes<'env>(env: &'env Env, job: &Job, input: &Input) -> napi::Result<Object<'env>> {
    let source = input.take();
    spawn_job(env, job, "heapdiff-nodes", move |control| -> Result<u32> {
        let graph = read(source?.open(control)?, &ReadOptions::default(), control)?;
        let analysis = analyse(&graph, What::ALL, control)?;
        let mut stdout = standard_output()?;
        write_node_table(&graph, &analysis, &mut stdout, "stdout", control)?;
        Ok(graph.node_count() as u32)
    })
}

/// Standard output without the buffer of the standard library, which would cut blocks into lines.
struct StandardOutput(File);

fn standard_output() -> Result<StandardOutput> {
    #[cfg(unix)]
    use std::os::fd::AsFd;
    #[cfg(windows)]
    use std::os::windows::io::AsHandle;

    let stdout = io::stdout();
    #[cfg(unix)]
    let duplicate = stdout.as_fd().try_clone_to_owned();
    #[cfg(windows)]
    let duplicate = stdout.as_handle().try_clone_to_owned();
    let duplicate = duplicate.map_err(|error| Error::io("dup", "stdout", error))?;
    Ok(StandardOutput(File::from(duplicate)))
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                // Node makes pipes non-blocking, and its flag is ours too.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait()?,
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl StandardOutput {
    /// Waits until something can be written.
    #[cfg(unix)]
    fn wait(&self) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
        // SAFETY: `poll` is one entry that lives until the call returns, as the count says.
        match unsafe { libc::poll(&mut poll, 1, -1) } {
            -1 => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                error => Err(error),
            },
            _ => Ok(()),
        }
    }

    /// Elsewhere standard output blocks.
    #[cfg(not(unix))]
    fn wait(&self) -> io::Result<()> {
        std::thread::yield_now();
        Ok(())
    }
}
