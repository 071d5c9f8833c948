//! How a result crosses to JavaScript: `{ value }` or `{ failure }`. The JavaScript side makes an
//! `Error` of a failure, because an error made here would have no stack.

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, sys};
use napi_derive::napi;

use crate::error::{Error, Result};

/// An [`Error`] as plain data.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// What is wrong and where.
    pub message: String,
    /// Byte offset in the uncompressed input, where there is one.
    pub offset: Option<f64>,
    /// What the snapshot is called that cannot be read.
    pub source: Option<String>,
    /// The errno, negative as in Node.
    pub errno: Option<i32>,
    /// The system call that failed.
    pub syscall: Option<String>,
    /// What it was called with.
    pub path: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let syscall = error.syscall();
        Failure {
            code: error.code().into(),
            message: error.to_string(),
            offset: error.offset().map(|offset| offset as f64),
            source: error.source_name().map(Into::into),
            errno: error.errno().map(|errno| -errno),
            syscall: syscall.map(|(name, _)| name.into()),
            path: syscall.map(|(_, path)| path.into()),
        }
    }
}

/// The outcome of a job, as JavaScript gets it.
pub struct Settled<T>(pub Result<T>);

impl<T: ToNapiValue> ToNapiValue for Settled<T> {
    unsafe fn to_napi_value(
        raw_env: sys::napi_env,
        settled: Self,
    ) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        let mut object = Object::new(&env)?;
        match settled.0 {
            Ok(value) => object.set("value", value)?,
            Err(error) => object.set("failure", Failure::from(error))?,
        }
        // SAFETY: `raw_env` is the environment that the caller, napi's own glue, runs in, on its
        // JavaScript thread and with a handle scope open; `object` was made in that environment
        // a moment ago. That is all the conversion of an object asks for.
        unsafe { Object::to_napi_value(raw_env, object) }
    }
}
