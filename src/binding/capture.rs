//! Capturing the live heap. The order of calls is written down in `lib/native-binding.d.ts`.

use std::cell::RefCell;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use super::input::{Input, PendingSource};
use super::job::{Job, spawn_job};
use crate::capture::conduit::{Conduit, ReaderEnd, ReaderStage, SnapshotStream, WriterEnd};
use crate::capture::memory::{self, RssWatch};
use crate::capture::slot::Slot;
use crate::capture::snapshot_file::SnapshotFile;
use crate::capture::{identity, snapshot_file};
use crate::error::{Error, Result};
use crate::snapshot::Source;

/// A capture that is prepared: the way is open, the file too if there is to be one. Dropping it,
/// also when its environment ends, frees all of it, and with that whoever waits for bytes.
#[napi]
pub struct Capture {
    path: String,
    rss: RssWatch,
    writer: RefCell<Option<WriterEnd>>,
    stage: Arc<ReaderStage>,
    reader: RefCell<Option<ReaderEnd>>,
    file: RefCell<Option<SnapshotFile>>,
    slot: RefCell<Option<Slot>>,
}

#[napi]
impl Capture {
    /// Where V8 has to write.
    #[napi(getter, catch_unwind)]
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// The reading end as a source for a job.
    #[napi(catch_unwind)]
    pub fn to_input(&self) -> Input {
        let reader = self.take_reader();
        let rss = self.rss.clone();
        Input::new(PendingSource::Made(Box::new(move |control| {
            let stream =
                SnapshotStream::new(reader?, control.clone(), Box::new(move || rss.sample()));
            Ok(Source::Stream { name: "the live heap".into(), reader: Box::new(stream) })
        })))
    }

    /// Waits until the job that was given the reader has begun to read: some microseconds. False
    /// if it has failed already or was never started.
    #[napi(catch_unwind)]
    pub fn wait_for_reader(&self) -> bool {
        self.reader.borrow().is_none() && self.stage.wait_for_reader()
    }

    /// Lets the reader see the end. To be called when V8 has written, or will not.
    #[napi(catch_unwind)]
    pub fn close_writer(&self) {
        self.writer.borrow_mut().take();
    }

    /// Frees everything that no job has taken.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.close_writer();
        self.reader.borrow_mut().take();
        self.file.borrow_mut().take();
        self.slot.borrow_mut().take();
    }
}

impl Capture {
    /// Opens the way. `slot` is given back when the capture is closed.
    fn open(slot: Slot, file: Option<SnapshotFile>) -> Result<Self> {
        let Conduit { writer, reader } = Conduit::open()?;
        Ok(Self {
            path: writer.path().display().to_string(),
            rss: RssWatch::start(),
            writer: RefCell::new(Some(writer)),
            stage: reader.stage(),
            reader: RefCell::new(Some(reader)),
            file: RefCell::new(file),
            slot: RefCell::new(Some(slot)),
        })
    }

    fn take_reader(&self) -> Result<ReaderEnd> {
        let reader = self.reader.borrow_mut().take();
        reader.ok_or_else(|| Error::internal("a capture was read twice"))
    }
}

/// What the file of a capture turned out to be. Sizes are bytes.
#[napi(object, object_from_js = false)]
pub struct WrittenFile {
    /// Size of the file.
    pub bytes: f64,
    /// Nodes in the snapshot.
    pub node_count: f64,
    /// Edges in the snapshot.
    pub edge_count: f64,
    /// Resident set sizes around the capture.
    pub rss: Rss,
}

/// Resident set sizes of the process in bytes.
#[napi(object, object_from_js = false)]
pub struct Rss {
    /// Before the capture.
    pub before: f64,
    /// At its peak.
    pub peak: f64,
    /// After memory was given back.
    pub after: f64,
}

/// Prepares a capture into a file. `gzip_level` left out: uncompressed.
#[napi(catch_unwind)]
pub fn prepare_file<'env>(
    env: &'env Env,
    job: &Job,
    path: String,
    exclusive: bool,
    gzip_level: Option<u32>,
) -> napi::Result<Object<'env>> {
    let slot = Slot::take();
    spawn_job(env, job, "heapdiff-open", move |_| {
        let slot = slot.ok_or_else(Error::busy)?;
        let file = SnapshotFile::create(path.as_ref(), exclusive, gzip_level)?;
        Capture::open(slot, Some(file))
    })
}

/// Prepares a capture into the parser.
#[napi(catch_unwind)]
pub fn prepare_stream<'env>(env: &'env Env, job: &Job) -> napi::Result<Object<'env>> {
    let slot = Slot::take();
    spawn_job(env, job, "heapdiff-open", move |_| {
        Capture::open(slot.ok_or_else(Error::busy)?, None)
    })
}

/// Receives what V8 writes and puts the file in place.
#[napi(catch_unwind)]
pub fn write_file<'env>(
    env: &'env Env,
    job: &Job,
    capture: &Capture,
) -> napi::Result<Object<'env>> {
    let parts = capture.take_reader().and_then(|reader| {
        let file = capture.file.borrow_mut().take();
        Ok((reader, file.ok_or_else(|| Error::internal("a capture was written twice"))?))
    });
    let slot = capture.slot.borrow_mut().take();
    let rss = capture.rss.clone();
    spawn_job(env, job, "heapdiff-write", move |control| {
        let _slot = slot;
        let (reader, file) = parts?;
        let written = file.receive(reader, &rss, control);
        memory::give_back();
        let snapshot_file::Written { file_bytes, nodes, edges } = written?;
        let rss = rss.finish();
        Ok(WrittenFile {
            bytes: file_bytes as f64,
            node_count: nodes as f64,
            edge_count: edges as f64,
            rss: Rss { before: rss.before as f64, peak: rss.peak as f64, after: rss.after as f64 },
        })
    })
}

/// Gives the memory that V8 has freed back to the system, on a native thread.
#[napi(catch_unwind)]
pub fn give_memory_back<'env>(env: &'env Env, job: &Job) -> napi::Result<Object<'env>> {
    spawn_job(env, job, "heapdiff-trim", |_| {
        memory::give_back();
        Ok(())
    })
}

/// Names the isolate of the thread with this `threadId`.
#[napi(catch_unwind)]
pub fn isolate_id(thread_id: f64) -> String {
    identity::isolate_id(thread_id as u64)
}
