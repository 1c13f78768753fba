//! Executor: requests under way, which the I/O thread takes from step to step.

use crate::sync::lock;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task::{unconstrained, yield_now};

/// What a task does; it tells whoever waits for it by itself.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Nobody has to look after it.
const IDLE: u8 = 0;
/// It is in the list.
const READY: u8 = 1;
/// Somebody takes it a step further.
const RUNNING: u8 = 2;
/// The same, and meanwhile it was woken.
const AGAIN: u8 = 3;

/// One request under way. A task of tokio's would do: this one costs less, as it need not know where it runs, and
/// may be handed in by any thread without waking the I/O thread more than once a batch.
pub struct Task {
    work: Mutex<Option<Work>>,
    state: AtomicU8,
    aborted: AtomicBool,
    executor: Arc<Executor>,
}

impl Task {
    /// A task that begins as soon as it is woken.
    pub fn new(
        executor: Arc<Executor>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            work: Mutex::new(Some(Box::pin(work))),
            state: AtomicU8::new(IDLE),
            aborted: AtomicBool::new(false),
            executor,
        })
    }

    /// Takes it a step further.
    fn poll(self: &Arc<Self>) {
        self.state.swap(RUNNING, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(self));
        let mut work = lock(&self.work);
        let Some(going) = work.as_mut() else { return };
        let over = self.aborted.load(Ordering::Acquire) || {
            let mut context = Context::from_waker(&waker);
            // What panics is over; what it holds answers for it as it is dropped.
            let poll = catch_unwind(AssertUnwindSafe(|| going.as_mut().poll(&mut context)));
            !matches!(poll, Ok(Poll::Pending))
        };
        if over {
            // It stays RUNNING: nobody wakes it any more.
            let over = work.take();
            drop(work);
            drop(over);
            return;
        }
        drop(work);
        let turn = self
            .state
            .compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if turn.is_err() {
            self.state.store(READY, Ordering::Release);
            self.executor
                .push(Arc::clone(self), |ready| &mut ready.woken);
        }
    }

    /// Has the I/O thread begin it, once the reactor has had a turn: to be called once.
    pub fn begin(self: &Arc<Self>) {
        // One that was given up before is in the list already.
        let turn = self
            .state
            .compare_exchange(IDLE, READY, Ordering::AcqRel, Ordering::Acquire);
        if turn.is_ok() {
            self.executor
                .push(Arc::clone(self), |ready| &mut ready.begun);
        }
    }

    /// Has the I/O thread drop what there is of it, if it has not come to its end.
    pub fn abort(self: &Arc<Self>) {
        self.aborted.store(true, Ordering::Release);
        self.wake_by_ref();
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            // Also where nothing changes: whoever takes the next step sees what was done before this.
            let next = if state == IDLE || state == READY {
                READY
            } else {
                AGAIN
            };
            let turn =
                self.state
                    .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed);
            match turn {
                Ok(IDLE) => {
                    return self
                        .executor
                        .push(Arc::clone(self), |ready| &mut ready.woken);
                }
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct ReadyQueue {
    /// To be taken a step further at once.
    woken: Vec<Arc<Task>>,
    /// To be begun after a turn of the reactor, which then has heard of all that happened before they were handed in.
    begun: Vec<Arc<Task>>,
}

/// The tasks that the I/O thread has to take a step further.
#[derive(Debug, Default)]
pub struct Executor {
    ready: Mutex<ReadyQueue>,
    /// Whether the I/O thread has been woken for what is in the queue.
    notified: AtomicBool,
    /// Waker of the executor task; set on its first poll.
    worker: OnceLock<Waker>,
}

impl Executor {
    fn push(&self, task: Arc<Task>, list: impl Fn(&mut ReadyQueue) -> &mut Vec<Arc<Task>>) {
        list(&mut lock(&self.ready)).push(task);
        if !self.notified.swap(true, Ordering::AcqRel)
            && let Some(worker) = self.worker.get()
        {
            worker.wake_by_ref();
        }
    }

    /// Does what is due, for ever; `after_each` is called after every step. Between two rounds the reactor has its turn.
    pub async fn work(&self, after_each: impl Fn()) {
        let (mut round, mut fresh, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        // The budget is tokio's for one task, which this is not.
        unconstrained(poll_fn(|context| {
            self.worker.get_or_init(|| context.waker().clone());
            self.notified.store(false, Ordering::Release);
            // Those that waited have had their turn of the reactor.
            mem::swap(&mut fresh, &mut waiting);
            {
                let mut ready = lock(&self.ready);
                mem::swap(&mut round, &mut ready.woken);
                mem::swap(&mut waiting, &mut ready.begun);
            }
            for task in fresh.drain(..).chain(round.drain(..)) {
                task.poll();
                after_each();
            }
            if !waiting.is_empty() {
                // Wakes this as soon as the reactor has had one.
                let _ = pin!(yield_now()).poll(context);
            }
            Poll::Pending
        }))
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::runtime::io_thread;

    const LONG: Duration = Duration::from_secs(10);

    /// Says so when it is dropped.
    struct Held(Sender<&'static str>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap();
        }
    }

    fn task(work: impl Future<Output = ()> + Send + 'static) -> Arc<Task> {
        Task::new(io_thread::executor().unwrap(), work)
    }

    fn notified(all: &Receiver<&'static str>) -> &'static str {
        all.recv_timeout(LONG).unwrap()
    }

    #[test]
    fn one_that_panics_is_dropped_and_others_go_on() {
        let (tell, all) = channel();
        let held = Held(tell.clone());
        task(async move {
            let _held = held;
            std::panic::resume_unwind(Box::new("as a panic would")); // without its message in the test's output
        })
        .begin();
        assert_eq!(notified(&all), "dropped");
        task(async move { tell.send("on").unwrap() }).begin();
        assert_eq!(notified(&all), "on");
    }

    #[test]
    fn one_given_up_before_it_began_never_begins() {
        let (tell, all) = channel();
        let held = Held(tell.clone());
        let never = task(async move { held.0.send("begun").unwrap() });
        never.abort();
        assert_eq!(notified(&all), "dropped");
        let held = Held(tell.clone());
        let waiting = task(async move {
            held.0.send("begun").unwrap();
            std::future::pending::<()>().await;
        });
        waiting.begin();
        assert_eq!(notified(&all), "begun");
        waiting.abort();
        assert_eq!(notified(&all), "dropped");
        waiting.abort();
        waiting.begin();
    }

    #[test]
    fn no_wake_is_lost_whoever_wakes_and_whenever() {
        const TIMES: usize = 2_000;
        let (tell, all) = channel();
        let wakers = Arc::new(Mutex::new(None::<Waker>));
        let (seen, mut steps) = (Arc::clone(&wakers), 0);
        let woken = task(poll_fn(move |context| {
            *lock(&seen) = Some(context.waker().clone());
            steps += 1;
            tell.send("poll").unwrap();
            if steps == TIMES {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        woken.begin();
        for _ in 1..TIMES {
            // The step that says so may still be under way.
            assert_eq!(notified(&all), "poll");
            lock(&wakers).clone().unwrap().wake();
        }
        assert_eq!(notified(&all), "poll");
    }
}
