//! Engine: requests go in from an event loop's thread, outcomes come back in batches.
//!
//! One [`Queue`] per event loop. [`Queue::submit`] spawns the request on the runtime and returns a
//! token; the loop watches [`Queue::descriptor`] and takes finished ones with [`Queue::drain`]. Each
//! token that was not cancelled is answered exactly once, whatever happens to its task.

pub mod asking;
mod completions;
mod executor;
mod heartbeat;
mod io_thread;
pub mod lateness;
mod waker;

use crate::sync::lock;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::HashMap;

use crate::clock::Stamp;
use crate::http::{Client, Exchange, Request};
use completions::{Completions, Ticket};
use executor::Task;
use heartbeat::Heartbeat;

pub use completions::Outcome;
pub use io_thread::{forget_after_fork, generation, lateness, rest_before_fork, resume_after_fork};

/// Names one request under way; unique within its queue.
pub type Token = u64;

/// The seam between one event loop and the runtime.
#[derive(Debug)]
pub struct Queue {
    completions: Arc<Completions>,
    heartbeat: Arc<Heartbeat>,
    under_way: Arc<Mutex<UnderWay>>,
    /// The process whose runtime has the tasks. Asked of the system and not of `generation()`: Python drops what
    /// belonged to other threads before any after-fork hook runs.
    process: u32,
}

#[derive(Debug, Default)]
struct UnderWay {
    next: Token,
    /// How to give each up.
    tasks: HashMap<Token, Arc<Task>>,
}

fn open(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    lock(under_way)
}

impl Queue {
    /// A queue with a descriptor of its own.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> std::io::Result<Self> {
        let completions = Arc::new(Completions::new(
            io_thread::pending(),
            io_thread::lateness(),
        )?);
        let (heartbeat, under_way) = (io_thread::heartbeat(), Arc::default());
        heartbeat.watch(&completions, &under_way);
        Ok(Self {
            completions,
            heartbeat,
            under_way,
            process: std::process::id(),
        })
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        open(&self.under_way)
    }

    /// Starts a request and returns its token.
    ///
    /// # Errors
    /// When the runtime cannot be started (no threads or descriptors left).
    pub fn submit(&self, client: Arc<Client>, request: Request) -> std::io::Result<Token> {
        let submitted = Stamp::now();
        let executor = io_thread::executor()?;
        self.heartbeat.used();
        let (token, task) = {
            let mut under_way = self.under_way();
            let token = under_way.next;
            under_way.next += 1;
            let ticket = Ticket::new(token, Arc::clone(&self.completions));
            // Made here, where it comes back to: what one thread allocates and another frees costs both more.
            let mut call = Box::new(Finished {
                request,
                exchange: Exchange::with_room(),
                done: submitted,
            });
            let task = Task::new(executor, async move {
                let Finished {
                    request, exchange, ..
                } = &mut *call;
                client.send_into(request, submitted, true, exchange).await; // see `Task::begin`
                ticket.answer(call);
            });
            under_way.tasks.insert(token, Arc::clone(&task));
            (token, task)
        };
        task.begin();
        Ok(token)
    }

    /// Gives a request up: its connection is closed and its outcome will not be delivered.
    pub fn cancel(&self, token: Token) {
        let task = self.under_way().tasks.remove(&token);
        match task {
            Some(task) if self.is_ours() => task.abort(),
            task => std::mem::forget(task),
        }
    }

    /// Whether the tasks are this process's. In a forked child they are the parent's, and touching them would wait
    /// for locks of threads that are not there.
    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// Takes all outcomes there are, those of cancelled requests left out.
    #[must_use]
    pub fn drain(&self) -> Vec<(Token, Outcome)> {
        let mut batch = self.completions.take();
        let mut under_way = self.under_way();
        batch.retain(|(token, _)| under_way.tasks.remove(token).is_some());
        batch
    }

    /// Makes the descriptor readable, for a loop that has left something for its next turn.
    pub fn wake(&self) {
        self.completions.wake();
    }

    /// How many requests are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.under_way().tasks.len()
    }

    /// The descriptor that becomes readable when there is something to drain.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.completions.descriptor()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.is_ours() {
            for (_, task) in self.under_way().tasks.drain() {
                task.abort();
            }
        } else {
            std::mem::forget(std::mem::take(&mut self.under_way().tasks));
        }
    }
}

/// Tells the meter that what waited for this outcome goes on now; in which second.
pub fn resumed(finished: &Finished, now: Stamp) -> i64 {
    let late = now.since(finished.done);
    io_thread::with_lateness(|lateness| lateness.add_answer(late, finished.exchange.taken_up, now))
}

/// What a finished request was and what became of it.
#[derive(Debug)]
pub struct Finished {
    /// The request as submitted.
    pub request: Request,
    /// Its hops, error and time.
    pub exchange: Exchange,
    /// When it was complete and handed back.
    pub done: Stamp,
}
