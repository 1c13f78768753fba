//! The only reader of time: monotonic stamps for durations, the wall clock for cookies' expiry.
#![allow(clippy::disallowed_methods)] // this is the home file of the clock

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// A point on the monotonic clock, in ns; stepping the wall clock does not move it.
///
/// Not an `Instant`, which keeps seconds apart: every request takes the time between stamps, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

impl Stamp {
    /// The monotonic clock now.
    #[must_use]
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        // Never negative, and good for 584 years.
        Self(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
    }

    /// Time from `earlier` to this stamp; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// The reading itself, in ns.
    #[must_use]
    pub fn nanos(self) -> u64 {
        self.0
    }

    /// A stamp so much later.
    #[cfg(test)]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0 + u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The same in ns.
    #[must_use]
    pub fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The present second since 1970 for figures over time: the wall clock of when it was first asked, and from there on
/// the monotonic clock, so that setting the wall clock changes no rate.
#[must_use]
pub fn second() -> i64 {
    second_of(Stamp::now())
}

/// The second of a stamp on the same scale.
#[must_use]
pub fn second_of(stamp: Stamp) -> i64 {
    i64::try_from(since_1970(stamp).as_secs()).unwrap_or(i64::MAX)
}

/// A stamp on the same scale.
#[must_use]
pub fn since_1970(stamp: Stamp) -> Duration {
    static START: LazyLock<(Stamp, Duration)> = LazyLock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        (Stamp::now(), since.unwrap_or_default())
    });
    let (start, since) = *START;
    since + stamp.since(start)
}

/// CPU time that this process has used, and that this thread has.
#[must_use]
pub fn cpu() -> (Duration, Duration) {
    let read = |clock| {
        let now = clock_gettime(clock);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    (read(ClockId::ProcessCPUTime), read(ClockId::ThreadCPUTime))
}

/// Seconds since 1970 by the wall clock, as Python's `time.time()`.
#[must_use]
pub fn unix_time() -> f64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Whole seconds since 1970 by the wall clock (negative before it).
#[must_use]
pub fn unix_seconds() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}
