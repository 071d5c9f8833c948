//! Digests.

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use super::input::Input;
use super::job::{Job, spawn_job};
use super::written::{Rss, WrittenFile};
use crate::capture::memory::give_back;
use crate::capture::pending_file::PendingFile;
use crate::error::Result;
use crate::{diff, digest};

/// Reads a snapshot, makes its digest, and puts that in place under `path`: whole or not at all.
#[napi(catch_unwind)]
pub fn write_digest<'env>(
    env: &'env Env,
    job: &Job,
    input: &Input,
    path: String,
    exclusive: bool,
    taken_at: Option<String>,
) -> napi::Result<Object<'env>> {
    let source = input.take();
    let watch = input.rss();
    spawn_job(env, job, "heapdiff-digest", move |control| -> Result<WrittenFile> {
        // Before anything is read: what cannot be written shall fail at once.
        let mut file = PendingFile::create(path.as_ref(), exclusive)?;
        let body = diff::make_digest(source?.open(control)?, taken_at, control)?;
        watch.sample(0);
        let stats = body.stats(String::new());
        let bytes = digest::encode(&body)?;
        drop(body);
        file.write_all(&bytes, control)?;
        let size = file.commit()?;
        give_back();
        let rss = watch.finish();
        Ok(WrittenFile {
            bytes: size as f64,
            node_count: stats.node_count as f64,
            edge_count: stats.edge_count as f64,
            rss: Rss { before: rss.before as f64, peak: rss.peak as f64, after: rss.after as f64 },
        })
    })
}
