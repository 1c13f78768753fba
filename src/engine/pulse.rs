//! Pulse: every few milliseconds, asks the I/O thread and each event loop for a sign of life, and how late it came.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::completions::Completions;
use super::meter::{Meter, Who};

/// How often. Oftener would cost more than half a percent of a core, most of it for waking an idle loop.
pub const PERIOD: Duration = Duration::from_millis(10);
/// The timer's own grain: it never fires before the next whole millisecond.
const GRAIN: Duration = Duration::from_millis(1);
/// So many beats after the last request it rests: 10 s.
const REST: u32 = 1_000;

/// Who is asked, and whether there is reason to.
#[derive(Debug, Default)]
pub struct Pulse {
    loops: Mutex<Vec<Weak<Completions>>>,
    /// A request was made since the last beat.
    used: AtomicBool,
    resting: AtomicBool,
    again: Notify,
}

impl Pulse {
    fn loops(&self) -> MutexGuard<'_, Vec<Weak<Completions>>> {
        // A panic while the list was held leaves it whole.
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks this loop, too, from now on.
    pub fn watch(&self, completions: &Arc<Completions>) {
        self.loops().push(Arc::downgrade(completions));
    }

    /// There is work: goes on if it rested.
    pub fn used(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        if self.resting.load(Ordering::Acquire) {
            self.again.notify_one();
        }
    }

    /// Beats until the runtime ends.
    pub async fn beat(self: Arc<Self>, meter: Arc<Meter>) {
        let (mut due, mut quiet) = (Instant::now() + PERIOD, 0);
        loop {
            tokio::time::sleep_until(due).await;
            let late = due.elapsed().saturating_sub(GRAIN);
            meter.add_asked(Who::Io, late, PERIOD, PERIOD);
            self.loops().retain(|completions| {
                completions.upgrade().is_some_and(|there| {
                    there.ping();
                    true
                })
            });
            quiet = if self.used.swap(false, Ordering::Relaxed) {
                0
            } else {
                quiet + 1
            };
            if quiet > REST {
                self.resting.store(true, Ordering::Release);
                if !self.used.load(Ordering::Acquire) {
                    self.again.notified().await;
                }
                self.resting.store(false, Ordering::Release);
                quiet = 0;
            }
            due = Instant::now() + PERIOD;
        }
    }
}
