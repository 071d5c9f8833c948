//! `diffSnapshots`.

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use super::input::Input;
use super::job::{Job, spawn_job};
use crate::diff;
use crate::error::{Error, Result};
use crate::report::DiffOptions;

/// Compares two snapshots on a native thread. Resolves to the report as JSON: one string crosses
/// to JavaScript faster than thousands of properties.
#[napi(catch_unwind)]
pub fn diff_snapshots<'env>(
    env: &'env Env,
    job: &Job,
    baseline: &Input,
    current: &Input,
    options_json: String,
) -> napi::Result<Object<'env>> {
    let sources = baseline.take().and_then(|older| Ok((older, current.take()?)));
    spawn_job(env, job, "heapdiff-diff", move |control| -> Result<String> {
        let (older, newer) = sources?;
        let options: DiffOptions = serde_json::from_str(&options_json)
            .map_err(|error| Error::invalid_arg(error.to_string()))?;
        let (older, newer) = (older.open(control)?, newer.open(control)?);
        let report = diff::diff(older, newer, &options, control)?;
        serde_json::to_string(&report).map_err(|error| Error::internal(error.to_string()))
    })
}
