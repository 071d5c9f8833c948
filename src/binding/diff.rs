//! `diffSnapshots` and `diffTrend`.

use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Object};
use napi_derive::napi;

use super::input::Input;
use super::job::{Job, spawn_job};
use crate::diff;
use crate::error::{Error, Result};
use crate::json::to_json;
use crate::report::DiffOptions;

/// Compares two snapshots on a native thread. Resolves to the report as JSON.
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
        to_json(&diff::diff(older, newer, &options, control)?)
    })
}

/// Compares three or more snapshots in the order of time. Resolves to the report as JSON.
#[napi(catch_unwind)]
pub fn diff_trend<'env>(
    env: &'env Env,
    job: &Job,
    inputs: Vec<ClassInstance<'_, Input>>,
    options_json: String,
) -> napi::Result<Object<'env>> {
    let sources: Result<Vec<_>> = inputs.iter().map(|input| input.take()).collect();
    spawn_job(env, job, "heapdiff-trend", move |control| -> Result<String> {
        let options: DiffOptions = serde_json::from_str(&options_json)
            .map_err(|error| Error::invalid_arg(error.to_string()))?;
        let sources: Result<Vec<_>> =
            sources?.into_iter().map(|source| source.open(control)).collect();
        to_json(&diff::trend(sources?, &options, control)?)
    })
}
