//! Seconds: all requests by the second of wall-clock time in which they finished.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, Packed};

/// So many seconds are kept apart, a day and four hours; of more, the earliest are in one. That bounds a test that runs
/// for weeks, and what workers may tell whose clocks are wrong.
pub const MOST: usize = 100_000;
/// The seconds there are, the years 1970 to 9999: what is told of others is told of the nearest of these.
const TIMES: RangeInclusive<i64> = 0..=253_402_300_799;

/// One second's requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Second {
    /// Unix time.
    pub at: i64,
    pub requests: u64,
    pub failures: u64,
    pub times: Histogram,
}

/// A second as it is kept and sent: 2 to 3 bytes for each different time in it, some 120 besides; so at most 70 kB while
/// no bucket has over 127, whatever happened in it, and seldom above 3 kB.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PackedSecond {
    pub at: i64,
    requests: u64,
    failures: u64,
    times: Packed,
}

/// A series of seconds. The two that were counted in last are open, so that requests which finish around the turn of
/// a second, or are told a little late, find theirs at once.
#[derive(Debug, Clone, Default)]
pub struct Seconds {
    latest: Option<Second>,
    other: Option<Second>,
    closed: BTreeMap<i64, PackedSecond>,
}

impl Second {
    pub fn log(&mut self, time: Option<i64>) {
        self.requests = self.requests.saturating_add(1);
        if let Some(ns) = time {
            self.times.record_ns(ns, 1);
        }
    }

    fn pack(&self) -> PackedSecond {
        PackedSecond {
            at: self.at,
            requests: self.requests,
            failures: self.failures,
            times: self.times.pack(),
        }
    }

    /// Seconds in one; the time it says it was at is of no meaning.
    pub fn together(seconds: &[PackedSecond]) -> Self {
        let mut together = Self::default();
        for second in seconds.iter().filter_map(PackedSecond::unpack) {
            together.merge(&second);
        }
        together
    }

    pub fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Adds the requests of another.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.failures = self.failures.saturating_add(other.failures);
        self.times.merge(&other.times);
    }
}

impl Seconds {
    /// The second of this unix time, opened if it is not.
    pub fn at(&mut self, at: i64) -> &mut Second {
        let at = at.clamp(*TIMES.start(), *TIMES.end());
        if self.latest.as_ref().is_none_or(|latest| latest.at != at) {
            std::mem::swap(&mut self.latest, &mut self.other);
            if self.latest.as_ref().is_none_or(|latest| latest.at != at) {
                let opened = self.reopen(at);
                if let Some(second) = self.latest.replace(opened) {
                    self.close(&second);
                }
            }
        }
        self.latest.get_or_insert_with(|| Second {
            at,
            ..Second::default()
        })
    }

    fn reopen(&mut self, at: i64) -> Second {
        // We packed it ourselves.
        let closed = self.closed.remove(&at);
        let second = closed.and_then(|closed| closed.unpack());
        second.unwrap_or_else(|| Second {
            at,
            ..Second::default()
        })
    }

    fn close(&mut self, second: &Second) {
        self.closed.insert(second.at, second.pack());
        if self.closed.len() > MOST
            && let Some((_, earliest)) = self.closed.pop_first()
            && let Some(mut next) = self.closed.first_entry()
        {
            let mut both = Second::together(&[earliest, next.get().clone()]);
            both.at = *next.key();
            next.insert(both.pack());
        }
    }

    /// The seconds from one to before another, in order.
    pub fn between(&self, from: i64, before: i64) -> Vec<PackedSecond> {
        let mut seconds: Vec<PackedSecond> = if from < before {
            self.closed
                .range(from..before)
                .map(|(_, closed)| closed.clone())
                .collect()
        } else {
            Vec::new()
        };
        let open = self.latest.iter().chain(&self.other);
        seconds.extend(
            open.filter(|second| (from..before).contains(&second.at))
                .map(Second::pack),
        );
        seconds.sort_unstable_by_key(|second| second.at);
        seconds
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        let open = self.latest.iter().chain(&self.other);
        open.map(|second| second.times.footprint()).sum::<usize>()
            + self
                .closed
                .values()
                .map(|closed| size_of::<(i64, PackedSecond)>() + closed.times.footprint())
                .sum::<usize>()
    }
}

impl PackedSecond {
    /// The second; `None` if it does not add up.
    #[must_use]
    pub fn unpack(&self) -> Option<Second> {
        let times = self.times.unpack()?;
        (times.count() <= self.requests).then_some(Second {
            at: self.at,
            requests: self.requests,
            failures: self.failures,
            times,
        })
    }
}
