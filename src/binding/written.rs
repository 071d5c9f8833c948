//! What becomes of the bytes that V8 writes: a file, blocks that JavaScript pulls, or what a file has
//! with its values replaced. Apart from how a capture is prepared and begun, because all of it is done on
//! native threads, and a file that exists takes the same way.

use std::sync::{Arc, PoisonError};

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use super::block::Block;
use super::capture::Capture;
use super::input::Input;
use super::job::{Job, spawn_job};
use crate::capture::outlet::{Outlet, OutletOptions};
use crate::capture::snapshot_file::SnapshotFile;
use crate::capture::stream::PulledCapture;
use crate::capture::{memory, snapshot_file};
use crate::error::Error;
use crate::redact::Salt;

/// What happens to the bytes on the way.
#[napi(object, object_to_js = false)]
pub struct OutletArguments {
    /// Left out: uncompressed.
    pub gzip_level: Option<u32>,
    /// Whether values are replaced by tokens.
    pub redact: bool,
    /// Left out: a random one.
    pub salt: Option<String>,
}

impl From<OutletArguments> for OutletOptions {
    fn from(arguments: OutletArguments) -> Self {
        let OutletArguments { gzip_level, redact, salt } = arguments;
        let redact = redact.then(|| Salt::new(salt.as_deref()));
        Self { gzip_level, redact, ..Self::default() }
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

/// Receives what V8 writes and puts the file in place.
#[napi(catch_unwind)]
pub fn write_file<'env>(
    env: &'env Env,
    job: &Job,
    capture: &Capture,
) -> napi::Result<Object<'env>> {
    let feed = capture.make_feed();
    let file = capture.file.borrow_mut().take();
    let slot = capture.slot.borrow_mut().take();
    spawn_job(env, job, "heapdiff-write", move |control| {
        let _slot = slot;
        let mut feed = feed()?;
        let inline = feed.is_inline();
        let file = file.ok_or_else(|| Error::internal("a capture was written twice"))?;
        let written = file.receive(&mut feed, control);
        if inline {
            memory::give_back();
        }
        let snapshot_file::Written { file_bytes, nodes, edges } = written?;
        let rss = feed.rss().finish();
        Ok(WrittenFile {
            bytes: file_bytes as f64,
            node_count: nodes as f64,
            edge_count: edges as f64,
            rss: Rss { before: rss.before as f64, peak: rss.peak as f64, after: rss.after as f64 },
        })
    })
}

/// Begins to pull: at once from a child; inline when V8 has written all of it.
#[napi(catch_unwind)]
pub fn begin_pull<'env>(
    env: &'env Env,
    job: &Job,
    capture: &Capture,
    outlet: OutletArguments,
) -> napi::Result<Object<'env>> {
    let feed = capture.make_feed();
    let pulled = Arc::clone(&capture.pulled);
    spawn_job(env, job, "heapdiff-spool", move |control| {
        let (feed, outlet) = (feed()?, Outlet::new(outlet.into()));
        let capture = if feed.is_inline() {
            let spooled = PulledCapture::spool(feed, outlet, control);
            memory::give_back();
            spooled?
        } else {
            PulledCapture::live(feed, outlet)
        };
        *pulled.lock().unwrap_or_else(PoisonError::into_inner) = Some(capture);
        Ok(())
    })
}

/// The next block of a capture; null at the end.
#[napi(catch_unwind)]
pub fn pull<'env>(env: &'env Env, job: &Job, capture: &Capture) -> napi::Result<Object<'env>> {
    let pulled = Arc::clone(&capture.pulled);
    spawn_job(env, job, "heapdiff-pull", move |control| {
        let mut capture = pulled.lock().unwrap_or_else(PoisonError::into_inner);
        let capture = capture.as_mut().ok_or_else(|| Error::internal("pulled before it began"))?;
        Ok(capture.pull(control)?.map(Block))
    })
}

/// Redacts an existing file into another one.
#[napi(catch_unwind)]
pub fn redact_file<'env>(
    env: &'env Env,
    job: &Job,
    input: &Input,
    path: String,
    outlet: OutletArguments,
) -> napi::Result<Object<'env>> {
    let source = input.take();
    spawn_job(env, job, "heapdiff-redact", move |control| {
        let source = source?.open(control)?;
        let name = source.name();
        let mut source = source.open(control)?;
        let options = OutletOptions { is_of_file: true, ..outlet.into() };
        let file = SnapshotFile::create(path.as_ref(), false, options)?;
        let read = |buffer: &mut [u8]| {
            control.checkpoint()?;
            source.fill(buffer)
        };
        let written = file.write_from(read, control).map_err(|error| error.in_source(&name))?;
        Ok(written.file_bytes as f64)
    })
}
