//! The tokio runtime: one per process, built on first use, forgotten in a forked child.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use super::completions::Completions;
use super::meter::Meter;
use super::pulse::Pulse;
use crate::clock::Stamp;

/// Only ever locked by threads that hold the interpreter, so that a fork never finds it locked.
static CURRENT: Mutex<Option<Current>> = Mutex::new(None);
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How long a fork waits for the I/O thread to come to rest; a thread that is stuck must not stop it.
const REST: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Current {
    owed: Arc<Owed>,
    meter: Arc<Meter>,
    pulse: Arc<Pulse>,
    runtime: Option<Runtime>,
    /// Lets the I/O thread go on that rests while the process forks.
    resting: Option<Sender<()>>,
}

/// The completion lists whose event loop is still to be told.
#[derive(Debug, Default)]
pub struct Owed {
    lists: Mutex<Vec<(Stamp, Arc<Completions>)>>,
    /// Whether there are any: asked after every step of every request.
    any: AtomicBool,
}

/// How long an outcome may wait for others to share its wake-up while the I/O thread has work without an end.
const PATIENCE: Duration = Duration::from_millis(1);

impl Owed {
    /// Asks for `completions.wake()` as soon as the I/O thread has run out of ready work: what finishes
    /// until then shares the wake-up (measured: 17 to 27 outcomes each at saturation, none delayed when idle).
    pub fn wake_when_parking(&self, completions: Arc<Completions>) {
        lock(&self.lists).push((Stamp::now(), completions));
        self.any.store(true, Ordering::Release);
        // Not on a runtime thread (a ticket dropped elsewhere): no park is coming.
        if Handle::try_current().is_err() {
            self.wake_all();
        }
    }

    /// Takes a request's task one step further and then pays what has been owed for too long: a download over a
    /// fast network may keep the thread from parking, and then it is such steps that pass.
    pub fn step<F: Future>(&self, task: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        let polled = task.poll(context);
        if self.any.load(Ordering::Relaxed) {
            let first = lock(&self.lists).first().map(|(since, _)| *since);
            if first.is_some_and(|since| Stamp::now().since(since) > PATIENCE) {
                self.wake_all();
            }
        }
        polled
    }

    fn wake_all(&self) {
        let mut owed = lock(&self.lists);
        self.any.store(false, Ordering::Release);
        for (_, completions) in owed.drain(..) {
            completions.wake();
        }
    }
}

/// A number that is another one in a forked child: what belongs to an earlier one is not ours to use.
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// The wake-ups owed by this process's runtime.
pub fn owed() -> Arc<Owed> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().owed)
}

/// How late this process was, with all its event loops.
pub fn meter() -> Arc<Meter> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().meter)
}

/// What keeps asking this process's event loops for a sign of life.
pub fn pulse() -> Arc<Pulse> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().pulse)
}

/// The runtime of this process.
pub fn handle() -> io::Result<Handle> {
    let mut current = lock(&CURRENT);
    let current = current.get_or_insert_default();
    if let Some(runtime) = &current.runtime {
        return Ok(runtime.handle().clone());
    }
    let owed = Arc::clone(&current.owed);
    // One I/O thread does four times what one Python thread can ask of it.
    let built = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("locust-native-io")
        .enable_io()
        .enable_time()
        .on_thread_park(move || owed.wake_all())
        .build()?;
    let handle = built.handle().clone();
    handle.spawn(Arc::clone(&current.pulse).beat(Arc::clone(&current.meter)));
    current.runtime = Some(built);
    Ok(handle)
}

/// For `os.register_at_fork(before=…)`: brings the I/O thread to rest between two tasks, so that the child is not
/// made while it holds a lock (of a cookie jar, of idle connections), which nobody would ever release there.
pub fn rest_before_fork() {
    let mut current = lock(&CURRENT);
    let Some(current) = &mut *current else { return };
    let Some(runtime) = &current.runtime else {
        return;
    };
    let (rests, resting) = channel();
    let (go, going) = channel::<()>();
    // It blocks the only I/O thread, which is the point.
    runtime.spawn(async move {
        let _ = rests.send(());
        let _ = going.recv();
    });
    let _ = resting.recv_timeout(REST);
    current.resting = Some(go);
}

/// For `os.register_at_fork(after_in_parent=…)`: lets the I/O thread go on.
pub fn resume_after_fork() {
    if let Some(current) = &mut *lock(&CURRENT) {
        current.resting = None;
    }
}

/// For `os.register_at_fork(after_in_child=…)`: threads do not survive a fork, so the runtime is left
/// behind. Dropping it would wait for them forever.
pub fn forget_after_fork() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    std::mem::forget(lock(&CURRENT).take());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while one of these was held leaves it whole: each change is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;
    use crate::engine::completions::Ticket;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    #[test]
    fn work_without_an_end_does_not_keep_an_outcome_back() {
        let handle = handle().unwrap();
        let completions = Arc::new(Completions::new(owed(), Arc::default()).unwrap());
        // Something that always has more to do, as a long download over a fast network: the thread never parks.
        let busy = handle.spawn(async {
            let owed = owed();
            let mut endless = pin!(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            poll_fn(|context| owed.step(endless.as_mut(), context)).await
        });
        let ticket = Ticket::new(1, Arc::clone(&completions));
        let owing = handle.spawn(async move { drop(ticket) });
        let descriptor = completions.descriptor();
        let limit = Timespec {
            tv_sec: 5,
            tv_nsec: 0,
        };
        let ready = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&limit));
        busy.abort();
        owing.abort();
        assert_eq!(ready, Ok(1), "the outcome waited for the thread to park");
    }
}
