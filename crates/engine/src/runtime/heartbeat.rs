//! Heartbeat: every few milliseconds, asks the I/O thread and each event loop for a sign of life, and how late it came.

use crate::sync::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::UnderWay;
use super::completions::Completions;
use super::lateness::{Cpu, LatenessRecorder};
use crate::clock;

/// How often. Oftener would cost more than half a percent of a core, most of it for waking an idle loop.
pub const PERIOD: Duration = Duration::from_millis(10);
/// The timer's own grain: it never fires before the next whole millisecond.
const GRAIN: Duration = Duration::from_millis(1);
/// So many beats after the last request it rests: 10 s.
const REST: u32 = 1_000;

/// Source is asked, and whether there is reason to.
#[derive(Debug, Default)]
pub struct Heartbeat {
    loops: Mutex<Vec<Watched>>,
    /// A request was made since the last beat.
    used: AtomicBool,
    resting: AtomicBool,
    again: Notify,
}

/// A loop's completions, and what is under way to them.
type Watched = (Weak<Completions>, Weak<Mutex<UnderWay>>);

impl Heartbeat {
    fn loops(&self) -> MutexGuard<'_, Vec<Watched>> {
        lock(&self.loops)
    }

    /// Asks this loop, too, from now on.
    pub fn watch(&self, completions: &Arc<Completions>, under_way: &Arc<Mutex<UnderWay>>) {
        let watched = (Arc::downgrade(completions), Arc::downgrade(under_way));
        self.loops().push(watched);
    }

    /// Asks the loops that are left for a sign of life; how many requests are under way to them.
    fn ask(&self) -> usize {
        let mut sum = 0;
        self.loops().retain(|(completions, under_way)| {
            let (Some(completions), Some(under_way)) = (completions.upgrade(), under_way.upgrade())
            else {
                return false;
            };
            completions.ping();
            sum += super::open(&under_way).tasks.len();
            true
        });
        sum
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
    pub async fn beat(self: Arc<Self>, lateness: Arc<LatenessRecorder>) {
        let (mut due, mut quiet) = (Instant::now() + PERIOD, 0);
        let mut before = (Instant::now(), clock::cpu());
        loop {
            tokio::time::sleep_until(due).await;
            let late = due.elapsed().saturating_sub(GRAIN);
            let under_way = self.ask();
            let (now, (all, io)) = (Instant::now(), clock::cpu());
            let (then, (all_then, io_then)) = std::mem::replace(&mut before, (now, (all, io)));
            let cpu = Cpu {
                all: all.saturating_sub(all_then),
                io: io.saturating_sub(io_then),
                watched: now - then,
            };
            lateness.add_beat(late, under_way as u64, cpu, PERIOD);
            quiet = if self.used.swap(false, Ordering::Relaxed) || under_way > 0 {
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
                before = (Instant::now(), clock::cpu());
            }
            due = Instant::now() + PERIOD;
        }
    }
}
