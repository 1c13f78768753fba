//! Completions: many tasks push, one event loop takes all at once; and the Ticket that pushes exactly once.

use crate::sync::lock;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::heartbeat::PERIOD;
use super::io_thread::PendingWakeups;
use super::lateness::{LatenessRecorder, Source};
use super::waker::Waker;
use super::{Finished, Token};
use crate::clock::Stamp;

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It ran to its end, well or not.
    Finished(Box<Finished>),
    /// Its task vanished (a panic, a runtime shut down).
    Lost,
}

/// When so many outcomes wait, the loop is woken at once instead of when the I/O thread runs out of
/// work: bounds both the delay and the batch under saturation.
const WAKE_AT: usize = 64;

/// The outcomes not yet taken, and the way to tell the loop.
#[derive(Debug)]
pub struct Completions {
    outcomes: Mutex<Vec<(Token, Outcome)>>,
    /// Whether a wake-up is pending or already sent since the last `take`.
    notified: AtomicBool,
    pending: Arc<PendingWakeups>,
    waker: Waker,
    lateness: Arc<LatenessRecorder>,
    life: Mutex<Life>,
}

impl Completions {
    /// An empty list with a descriptor of its own, woken as `pending` says; `lateness` is told how late its loop is.
    pub fn new(
        pending: Arc<PendingWakeups>,
        lateness: Arc<LatenessRecorder>,
    ) -> std::io::Result<Self> {
        Ok(Self {
            lateness,
            life: Mutex::new(Life {
                asked: None,
                seen: Stamp::now(),
            }),
            outcomes: Mutex::default(),
            notified: AtomicBool::new(false),
            pending,
            waker: Waker::new()?,
        })
    }

    fn outcomes(&self) -> MutexGuard<'_, Vec<(Token, Outcome)>> {
        lock(&self.outcomes)
    }

    fn push(self: &Arc<Self>, token: Token, outcome: Outcome) {
        let length = {
            let mut outcomes = self.outcomes();
            outcomes.push((token, outcome));
            outcomes.len()
        };
        if !self.notified.swap(true, Ordering::AcqRel) {
            self.pending.wake_when_parking(Arc::clone(self));
        } else if length == WAKE_AT {
            self.wake();
        }
    }

    /// Makes the descriptor readable.
    pub fn wake(&self) {
        self.waker.wake();
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }

    /// Asks the loop for a sign of life, unless it still owes one.
    pub fn ping(&self) {
        let mut life = self.life();
        if life.asked.is_none() {
            life.asked = Some(Stamp::now());
            self.waker.wake();
        }
    }

    fn pong(&self) {
        let mut life = self.life();
        let (now, seen) = (Stamp::now(), life.seen);
        life.seen = now;
        if let Some(asked) = life.asked.take() {
            drop(life);
            let (late, before) = (now.since(asked), asked.since(seen));
            self.lateness.add_asked(Source::Loop, late, before, PERIOD);
        }
    }

    /// All outcomes so far. The descriptor is reset first and the list emptied after: an outcome pushed
    /// in between is taken now and wakes once too often, never too seldom.
    pub fn take(&self) -> Vec<(Token, Outcome)> {
        self.waker.reset();
        self.pong();
        self.notified.store(false, Ordering::Release);
        std::mem::take(&mut *self.outcomes())
    }

    /// The descriptor to watch.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.waker.descriptor()
    }
}

/// When a loop was last heard of.
#[derive(Debug)]
struct Life {
    /// When it was asked for a sign of life that it has not given yet.
    asked: Option<Stamp>,
    /// When it gave the last one.
    seen: Stamp,
}

/// The duty to answer one token exactly once: by `answer`, or as `Lost` when dropped before.
#[derive(Debug)]
pub struct Ticket {
    token: Token,
    completions: Option<Arc<Completions>>,
}

impl Ticket {
    /// A ticket for `token`.
    pub fn new(token: Token, completions: Arc<Completions>) -> Self {
        Self {
            token,
            completions: Some(completions),
        }
    }

    /// Answers.
    pub fn answer(mut self, mut call: Box<Finished>) {
        if let Some(completions) = self.completions.take() {
            call.done = Stamp::now();
            completions.push(self.token, Outcome::Finished(call));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(completions) = self.completions.take() {
            completions.push(self.token, Outcome::Lost);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_dropped_ticket_answers_lost_once() {
        let completions = Arc::new(Completions::new(Arc::default(), Arc::default()).unwrap());
        drop(Ticket::new(7, Arc::clone(&completions)));
        let taken = completions.take();
        assert!(matches!(taken[..], [(7, Outcome::Lost)]));
        assert!(completions.take().is_empty());
    }

    #[test]
    fn a_task_that_panics_answers_lost() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let completions = Arc::new(Completions::new(Arc::default(), Arc::default()).unwrap());
        let ticket = Ticket::new(9, Arc::clone(&completions));
        let task = runtime.spawn(async move {
            let _held = ticket;
            std::panic::resume_unwind(Box::new("as a panic would")); // without its message in the test's output
        });
        assert!(runtime.block_on(task).is_err());
        assert!(matches!(completions.take()[..], [(9, Outcome::Lost)]));
    }
}
