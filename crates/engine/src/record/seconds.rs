//! Seconds: all requests by the second of wall-clock time in which they finished; the older ones by ten seconds, a
//! minute, ten minutes, an hour.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, Packed};

/// Widths in s of the stretches that requests are counted in, the latest first. Each is a multiple of the one before.
const WIDTHS: [u32; 5] = [1, 10, 60, 600, 3_600];
/// What the stretches of one width may take, in bytes; beyond that the earliest becomes part of a wider one. A test at
/// full rate has the last quarter of an hour by the second, and 20 MiB for whatever came before.
const BUDGET: usize = 4 << 20;
/// So many are kept whatever they take.
const LEAST: usize = 120;
/// So many are kept of one width whatever little they take; of more, the earliest become part of a wider one, or of each
/// other. That bounds what workers may tell whose clocks are wrong.
pub const MOST: usize = 100_000;
/// The seconds there are, the years 1970 to 9999: what is told of others is told of the nearest of these.
const TIMES: RangeInclusive<i64> = 0..=253_402_300_799;

/// One second's requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Second {
    /// Unix time of its beginning.
    pub at: i64,
    /// How long it is, in s: 1, or more for one long past.
    pub width: u32,
    /// Requests that ended in it.
    pub requests: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Their response times.
    pub times: Histogram,
}

/// A second as it is kept and sent: 2 to 3 bytes for each different time in it, some 120 besides; so at most 70 kB while
/// no bucket has over 127, whatever happened in it, and seldom above 3 kB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackedSecond {
    /// Its first second, since 1970.
    pub at: i64,
    /// How many seconds it spans.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub width: u32,
    /// Requests that ended in it.
    pub requests: u64,
    failures: u64,
    times: Packed,
}

fn one() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_one(width: &u32) -> bool {
    *width == 1
}

/// A series of seconds. The two that were counted in last are open, so that requests which finish around the turn of
/// a second, or are told a little late, find theirs at once.
#[derive(Debug, Clone, Default)]
pub struct Seconds {
    latest: Option<Second>,
    other: Option<Second>,
    /// By width, as in `WIDTHS`.
    closed: [Stretches; WIDTHS.len()],
}

/// Closed stretches of one width.
#[derive(Debug, Clone, Default)]
struct Stretches {
    by_time: BTreeMap<i64, PackedSecond>,
    /// What they take.
    bytes: usize,
}

impl Stretches {
    fn insert(&mut self, stretch: PackedSecond) {
        self.bytes += stretch.footprint();
        if let Some(before) = self.by_time.insert(stretch.at, stretch) {
            self.bytes -= before.footprint();
        }
    }

    fn remove(&mut self, at: i64) -> Option<PackedSecond> {
        let stretch = self.by_time.remove(&at)?;
        self.bytes -= stretch.footprint();
        Some(stretch)
    }

    /// The earliest, if they are more than may be kept.
    fn overflow(&mut self) -> Option<PackedSecond> {
        let count = self.by_time.len();
        if count <= MOST && (count <= LEAST || self.bytes <= BUDGET) {
            return None;
        }
        let earliest = *self.by_time.first_key_value()?.0;
        self.remove(earliest)
    }
}

impl Default for Second {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Second {
    /// One in which nothing has happened yet.
    pub fn new(at: i64) -> Self {
        Self {
            at,
            width: 1,
            requests: 0,
            failures: 0,
            times: Histogram::default(),
        }
    }

    /// Counts a request with this response time, in ns, or without one.
    pub fn log(&mut self, time: Option<i64>) {
        self.requests = self.requests.saturating_add(1);
        if let Some(ns) = time {
            self.times.record_ns(ns, 1);
        }
    }

    fn pack(&self) -> PackedSecond {
        PackedSecond {
            at: self.at,
            width: self.width,
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

    /// Counts the request logged last as failed.
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
        self.latest.get_or_insert_with(|| Second::new(at))
    }

    fn reopen(&mut self, at: i64) -> Second {
        // We packed it ourselves.
        let closed = self.closed[0].remove(at);
        let second = closed.and_then(|closed| closed.unpack());
        second.unwrap_or_else(|| Second::new(at))
    }

    fn close(&mut self, second: &Second) {
        self.closed[0].insert(second.pack());
        // Each that is too much goes one width further; of the widest, it becomes part of the next.
        for slot in 0..WIDTHS.len() {
            while let Some(earliest) = self.closed[slot].overflow() {
                if slot + 1 < WIDTHS.len() {
                    self.widen(&earliest, slot + 1);
                } else {
                    let next = self.closed[slot].by_time.first_key_value();
                    let at = next.map_or(earliest.at, |(at, _)| *at);
                    self.add(&earliest, at, slot);
                }
            }
        }
    }

    /// Makes a stretch part of the one of this width that it lies in.
    fn widen(&mut self, stretch: &PackedSecond, slot: usize) {
        let at = stretch.at - stretch.at.rem_euclid(i64::from(WIDTHS[slot]));
        self.add(stretch, at, slot);
    }

    /// Makes a stretch part of the one of this width at this time.
    fn add(&mut self, stretch: &PackedSecond, at: i64, slot: usize) {
        let (width, stretches) = (WIDTHS[slot], &mut self.closed[slot]);
        let mut both = Second::new(at);
        both.width = width;
        for part in stretches.remove(at).iter().chain([stretch]) {
            if let Some(part) = part.unpack() {
                both.merge(&part);
            }
        }
        stretches.insert(both.pack());
    }

    /// Adds what was told of a second, or of a longer stretch.
    pub fn absorb(&mut self, told: &Second) {
        match WIDTHS.iter().position(|width| *width == told.width) {
            Some(slot) if slot > 0 => {
                let mut stretch = told.pack();
                stretch.at = stretch.at.clamp(*TIMES.start(), *TIMES.end());
                self.widen(&stretch, slot);
            }
            _ => self.at(told.at).merge(told),
        }
    }

    /// The seconds that begin from one to before another, in order; older ones in wider stretches.
    pub fn between(&self, from: i64, before: i64) -> Vec<PackedSecond> {
        let mut seconds: Vec<PackedSecond> = Vec::new();
        if from < before {
            for stretches in &self.closed {
                seconds.extend(
                    stretches
                        .by_time
                        .range(from..before)
                        .map(|(_, closed)| closed.clone()),
                );
            }
        }
        let open = self.latest.iter().chain(&self.other);
        seconds.extend(
            open.filter(|second| (from..before).contains(&second.at))
                .map(Second::pack),
        );
        // The wider first: a second that was told late may lie within one.
        seconds.sort_unstable_by_key(|second| (second.at, u32::MAX - second.width));
        seconds
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        let open = self.latest.iter().chain(&self.other);
        open.map(|second| second.times.footprint()).sum::<usize>()
            + self
                .closed
                .iter()
                .map(|stretches| stretches.bytes)
                .sum::<usize>()
    }
}

impl PackedSecond {
    fn footprint(&self) -> usize {
        size_of::<(i64, Self)>() + self.times.footprint()
    }

    /// The second; `None` if it does not add up.
    #[must_use]
    pub fn unpack(&self) -> Option<Second> {
        let times = self.times.unpack()?;
        (times.count() <= self.requests && self.width > 0).then_some(Second {
            at: self.at,
            width: self.width,
            requests: self.requests,
            failures: self.failures,
            times,
        })
    }
}
