//! The tokio runtime: one per process, built on first use, forgotten in a forked child.

use crate::sync::lock;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

use super::completions::Completions;
use super::executor::Executor;
use super::heartbeat::Heartbeat;
use super::lateness::LatenessRecorder;
use crate::clock::Stamp;

/// Only ever locked by threads that hold the interpreter, so that a fork never finds it locked.
static CURRENT: Mutex<Option<Current>> = Mutex::new(None);
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How long a fork waits for the I/O thread to come to rest; a thread that is stuck must not stop it.
const REST: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Current {
    pending: Arc<PendingWakeups>,
    lateness: Arc<LatenessRecorder>,
    heartbeat: Arc<Heartbeat>,
    executor: Arc<Executor>,
    runtime: Option<Handle>,
    /// Lets the I/O thread go on that rests while the process forks.
    resting: Option<Sender<()>>,
}

/// The completion lists whose event loop is still to be told.
#[derive(Debug, Default)]
pub struct PendingWakeups {
    lists: Mutex<Vec<(Stamp, Arc<Completions>)>>,
    /// Whether there are any: asked after every step of every request.
    any: AtomicBool,
}

thread_local! {
    /// Whether this is the I/O thread.
    static IO: Cell<bool> = const { Cell::new(false) };
}

/// How many sockets the reactor hears of in one turn. More than there are users, mostly: before a request goes over
/// an idle connection, one turn is to tell whether it has been closed (`http/transport/stream.rs`).
const EVENTS: usize = 1 << 14;

/// How long an outcome may wait for others to share its wake-up while the I/O thread has work without an end.
const PATIENCE: Duration = Duration::from_millis(1);

impl PendingWakeups {
    /// Asks for `completions.wake()` as soon as the I/O thread has run out of ready work: what finishes
    /// until then shares the wake-up (measured: 17 to 27 outcomes each at saturation, none delayed when idle).
    pub fn wake_when_parking(&self, completions: Arc<Completions>) {
        lock(&self.lists).push((Stamp::now(), completions));
        self.any.store(true, Ordering::Release);
        // Not on the I/O thread (a request that failed as it began): no park is coming.
        if !IO.get() {
            self.wake_all();
        }
    }

    /// Gives the wake-ups that have been pending for too long: a download over a fast network may keep the thread from parking, and
    /// then it is the steps of jobs that pass.
    pub fn pay_if_late(&self) {
        if self.any.load(Ordering::Relaxed) {
            let first = lock(&self.lists).first().map(|(since, _)| *since);
            if first.is_some_and(|since| Stamp::now().since(since) > PATIENCE) {
                self.wake_all();
            }
        }
    }

    fn wake_all(&self) {
        let mut pending = lock(&self.lists);
        self.any.store(false, Ordering::Release);
        for (_, completions) in pending.drain(..) {
            completions.wake();
        }
    }
}

/// A number that is another one in a forked child: what belongs to an earlier one is not ours to use.
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// The pending wake-ups of this process's runtime.
pub fn pending() -> Arc<PendingWakeups> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().pending)
}

/// How late this process was, with all its event loops.
pub fn lateness() -> Arc<LatenessRecorder> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().lateness)
}

/// The same, where it is told of one answer: without another reference to it.
pub fn with_lateness<T>(tell: impl FnOnce(&LatenessRecorder) -> T) -> T {
    tell(&lock(&CURRENT).get_or_insert_default().lateness)
}

/// What keeps asking this process's event loops for a sign of life.
pub fn heartbeat() -> Arc<Heartbeat> {
    Arc::clone(&lock(&CURRENT).get_or_insert_default().heartbeat)
}

/// The jobs of this process, and the runtime that does them.
pub fn executor() -> io::Result<Arc<Executor>> {
    let mut current = lock(&CURRENT);
    let current = current.get_or_insert_default();
    if current.runtime.is_some() {
        return Ok(Arc::clone(&current.executor));
    }
    let (pending, executor) = (Arc::clone(&current.pending), Arc::clone(&current.executor));
    let parking = Arc::clone(&pending);
    // One I/O thread does four times what one Python thread can ask of it.
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_io_events_per_tick(EVENTS)
        .on_thread_park(move || parking.wake_all())
        .build()?;
    let handle = runtime.handle().clone();
    handle.spawn(Arc::clone(&current.heartbeat).beat(Arc::clone(&current.lateness)));
    thread::Builder::new()
        .name("locust-native-io".to_owned())
        .spawn(move || {
            IO.set(true);
            runtime.block_on(executor.work(|| pending.pay_if_late()));
        })?;
    current.runtime = Some(handle);
    Ok(Arc::clone(&current.executor))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::runtime::completions::Ticket;
    use crate::runtime::executor::Task;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    #[test]
    fn work_without_an_end_does_not_keep_an_outcome_back() {
        let executor = executor().unwrap();
        let completions = Arc::new(Completions::new(pending(), Arc::default()).unwrap());
        // Something that always has more to do, as a long download over a fast network: the thread never parks.
        let busy = Task::new(Arc::clone(&executor), async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        busy.begin();
        let ticket = Ticket::new(1, Arc::clone(&completions));
        let pending = Task::new(executor, async move { drop(ticket) });
        pending.begin();
        let descriptor = completions.descriptor();
        let limit = Timespec {
            tv_sec: 5,
            tv_nsec: 0,
        };
        let ready = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&limit));
        busy.abort();
        assert_eq!(ready, Ok(1), "the outcome waited for the thread to park");
    }
}
