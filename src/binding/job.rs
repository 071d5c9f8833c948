//! Jobs: native threads that JavaScript can watch and stop.
//!
//! Every job has a thread of its own. libuv's pool would be the usual place, and the wrong one: a
//! handful of jobs there make every file operation of the service wait, and neither
//! `worker.terminate()` nor `process.exit()` returns before the job does.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{FnArgs, Function, Object, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi::{Env, JsDeferred};
use napi_derive::napi;

use super::failure::Settled;
use crate::control::{Cancel, Control, Progress};
use crate::error::{Error, Result};

/// What a progress callback gets: phase, bytes, total bytes.
pub(super) type ProgressArgs = FnArgs<(&'static str, f64, Option<f64>)>;

/// The handle by which JavaScript watches and stops one job.
#[napi]
pub struct Job {
    cancel: Cancel,
    /// Taken by the job. It must not stay here: it holds the callback, whose closure holds this
    /// object, and no garbage collector could see through that circle.
    control: RefCell<Option<Control>>,
    /// The latest report, also where JavaScript did not get it.
    latest: Arc<Mutex<Option<Progress>>>,
}

/// How far a job is.
#[napi(object, object_from_js = false)]
pub struct Reached {
    /// The phase.
    pub phase: &'static str,
    /// Bytes dealt with in it.
    pub bytes: f64,
}

#[napi]
impl Job {
    /// A job that gives up after `timeout_ms`, counted from now, and reports to `on_progress`.
    ///
    /// Reports never wait for JavaScript: one that comes while another is still on its way is
    /// dropped. They do not keep the event loop alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        timeout_ms: Option<f64>,
        on_progress: Option<Function<'_, ProgressArgs, UnknownReturnValue>>,
    ) -> napi::Result<Self> {
        let cancel = Cancel::default();
        let latest = Arc::<Mutex<Option<Progress>>>::default();
        let deadline = timeout_ms
            .and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok())
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut control = Control::new(cancel.clone()).with_deadline(deadline);
        if let Some(callback) = on_progress {
            let report = callback
                .build_threadsafe_function::<Progress>()
                .weak::<true>()
                .max_queue_size::<1>()
                .build_callback(|context| {
                    let Progress { phase, bytes, total_bytes } = context.value;
                    let total = total_bytes.map(|bytes| bytes as f64);
                    Ok(FnArgs::from((phase.name(), bytes as f64, total)))
                })?;
            let latest = Arc::clone(&latest);
            control = control.with_progress(Arc::new(move |progress| {
                *latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
                report.call(progress, ThreadsafeFunctionCallMode::NonBlocking);
            }));
        }
        Ok(Self { cancel, control: RefCell::new(Some(control)), latest })
    }

    /// What the latest report said, if there is one and somebody listens: reports may be dropped.
    #[napi(getter, catch_unwind)]
    pub fn reached(&self) -> Option<Reached> {
        let latest = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.map(|Progress { phase, bytes, .. }| Reached {
            phase: phase.name(),
            bytes: bytes as f64,
        })
    }

    /// Asks the job to stop at its next checkpoint. Does nothing once it has ended.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

/// Runs `work` on a native thread called `name` and returns the promise of its [`Settled`] result.
///
/// The promise is resolved on the JavaScript thread. It always is, whatever happens to `work`: a
/// panic becomes `ERR_INTERNAL`, a thread that cannot be had becomes its errno code. When the
/// environment ends first (`process.exit()`, `worker.terminate()`), the job is cancelled, nobody
/// waits for it, and its result is dropped.
///
/// # Errors
///
/// Only if napi itself fails, or if `job` has been used before.
pub fn spawn_job<'env, T, Work>(
    env: &'env Env,
    job: &Job,
    name: &'static str,
    work: Work,
) -> napi::Result<Object<'env>>
where
    T: ToNapiValue + Send + 'static,
    Work: FnOnce(&Control) -> Result<T> + Send + 'static,
{
    spawn_job_then(env, job, name, work, |_, value| Ok(value))
}

/// [`spawn_job`] for a result that becomes a value of JavaScript by `finish`, which runs on the
/// JavaScript thread.
///
/// # Errors
///
/// Those of [`spawn_job`].
pub fn spawn_job_then<'env, T, Value, Work, Finish>(
    env: &'env Env,
    job: &Job,
    name: &'static str,
    work: Work,
    finish: Finish,
) -> napi::Result<Object<'env>>
where
    T: Send + 'static,
    Value: ToNapiValue + 'static,
    Work: FnOnce(&Control) -> Result<T> + Send + 'static,
    Finish: FnOnce(&Env, T) -> napi::Result<Value> + Send + 'static,
{
    type Resolver<Value> = Box<dyn FnOnce(Env) -> napi::Result<Settled<Value>> + Send>;
    type Deferred<Value> = JsDeferred<Settled<Value>, Resolver<Value>>;
    type FinishResult<Value> = Box<dyn FnOnce(&Env) -> napi::Result<Result<Value>> + Send>;

    let control = (job.control.borrow_mut().take())
        .ok_or_else(|| napi::Error::from_reason("a Job starts one job"))?;
    name_pool_threads();
    let ticket = register(env, control.cancel())?;
    let (deferred, promise): (Deferred<Value>, _) = env.create_deferred()?;
    let settle = move |deferred: Deferred<Value>, finish: FinishResult<Value>| {
        deferred.resolve(Box::new(move |env| {
            unregister(ticket);
            finish(&env).map(Settled)
        }));
    };
    let on_thread = deferred.clone();
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| work(&control)))
            .unwrap_or_else(|panic| Err(Error::internal(panic_message(&*panic))));
        // The callback that `control` may hold has to go before the promise is settled, so that
        // nothing of a settled job is left.
        drop(control);
        settle(
            on_thread,
            Box::new(move |env| match result {
                Ok(value) => finish(env, value).map(Ok),
                Err(error) => Ok(Err(error)),
            }),
        );
    });
    if let Err(error) = thread {
        settle(deferred, Box::new(move |_| Ok(Err(Error::io("pthread_create", name, error)))));
    }
    Ok(promise)
}

/// Gives rayon's threads a name, before the first job starts them: an operator who looks at the
/// threads of a service shall see whose they are.
fn name_pool_threads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let pool = rayon::ThreadPoolBuilder::new();
        // Fails if there is a pool already, and then that one does.
        let _ = pool.thread_name(|index| format!("heapdiff-pool-{index}")).build_global();
    });
}

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
        .into()
}

thread_local! {
    /// The jobs that the environment of this thread has started and not yet settled. A thread has
    /// one environment at a time.
    static LIVE_JOBS: RefCell<HashMap<u64, Cancel>> = RefCell::default();
    static NEXT_TICKET: Cell<u64> = const { Cell::new(0) };
    /// Whether the environment of this thread will cancel them when it ends. One hook for all of
    /// them: a hook that is removed leaks its memory.
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Remembers a job until [`unregister`], to cancel it if the environment ends.
fn register(env: &Env, cancel: &Cancel) -> napi::Result<u64> {
    if !HOOKED.get() {
        env.add_env_cleanup_hook((), |()| cancel_all())?;
        HOOKED.set(true);
    }
    let ticket = NEXT_TICKET.get();
    NEXT_TICKET.set(ticket + 1);
    LIVE_JOBS.with_borrow_mut(|jobs| jobs.insert(ticket, cancel.clone()));
    Ok(ticket)
}

fn unregister(ticket: u64) {
    LIVE_JOBS.with_borrow_mut(|jobs| jobs.remove(&ticket));
}

/// The environment ends: stop everything it started.
fn cancel_all() {
    HOOKED.set(false);
    for cancel in LIVE_JOBS.take().into_values() {
        cancel.cancel();
    }
}
