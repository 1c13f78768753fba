//! Meter: how late the generator itself was, so that it is not taken for a slow server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::record::{Histogram, MOST, Packed};

/// A second in which somebody waited this long for the generator was limited by it…
const LATE: Duration = Duration::from_millis(75);
/// …and so was one in which answers waited this long on the average.
const LATE_ON_AVERAGE: Duration = Duration::from_millis(10);

/// Whose lateness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// An answer's: complete until its greenlet or task went on.
    Answer,
    /// An event loop's: called until it came.
    Loop,
    /// A user's turn: when its wait was over until it went on. Its second is flagged for it; it has no histogram, since
    /// only those that matter are told.
    Turn,
    /// The I/O thread's: due until it ran.
    Io,
}

/// The lateness of everything in this process.
#[derive(Debug, Default)]
pub struct Meter {
    seen: Mutex<Seen>,
    /// Of all answers ever, in ns; nobody takes it.
    answers: AtomicU64,
}

/// What was seen so far.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// Of answers: from the last byte until the greenlet or task went on.
    pub lag: Histogram,
    /// Of event loops, asked every few milliseconds.
    pub hub: Histogram,
    /// Of I/O threads, asked every few milliseconds.
    pub io: Histogram,
    /// By wall-clock second (since 1970).
    pub seconds: BTreeMap<i64, Second>,
}

/// One second's lateness.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Second {
    /// The greatest of all, in ns.
    pub max: u64,
    /// Of answers, in ns.
    pub sum: u64,
    /// Answers.
    pub count: u64,
}

impl Second {
    /// Whether the generator was the limit.
    #[must_use]
    pub fn limited(&self) -> bool {
        let mean = self.sum.checked_div(self.count).unwrap_or(0);
        u128::from(self.max) >= LATE.as_nanos() || u128::from(mean) >= LATE_ON_AVERAGE.as_nanos()
    }

    /// Both together.
    pub fn merge(&mut self, other: &Self) {
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
        self.count = self.count.saturating_add(other.count);
    }
}

impl Seen {
    fn add(&mut self, who: Who, late: Duration, second: i64) {
        let ns = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        // Mostly the latest there is.
        let here = match self.seconds.last_entry() {
            Some(latest) if *latest.key() == second => latest.into_mut(),
            _ => self.seconds.entry(second).or_default(),
        };
        here.max = here.max.max(ns);
        match who {
            Who::Answer => {
                here.sum = here.sum.saturating_add(ns);
                here.count = here.count.saturating_add(1);
                self.lag.record(late);
            }
            Who::Loop => self.hub.record(late),
            Who::Io => self.io.record(late),
            Who::Turn => {}
        }
        self.forget_the_earliest();
    }

    /// A request whose answer was late by `late` had waited before it went out.
    fn add_before(&mut self, late: Duration, before: Duration, second: i64) {
        if before < Duration::from_millis(1) {
            return; // mostly; and it would flag nothing
        }
        let Some(here) = self.seconds.get_mut(&second) else {
            return; // so long ago that it is forgotten
        };
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        here.max = here.max.max(ns(late.saturating_add(before)));
        here.sum = here.sum.saturating_add(ns(before));
    }

    /// As many seconds as a record keeps apart.
    fn forget_the_earliest(&mut self) {
        while self.seconds.len() > MOST {
            self.seconds.pop_first();
        }
    }

    /// Adds what another process has seen.
    pub fn merge(&mut self, other: &Self) {
        self.lag.merge(&other.lag);
        self.hub.merge(&other.hub);
        self.io.merge(&other.io);
        for (second, seen) in &other.seconds {
            self.seconds.entry(*second).or_default().merge(seen);
        }
        self.forget_the_earliest();
    }

    /// As it goes to another process: MessagePack with named fields.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = Message {
            lag: self.lag.pack(),
            hub: self.hub.pack(),
            io: self.io.pack(),
            seconds: self.seconds.clone(),
        };
        // Writing to memory what has a type for every field cannot fail.
        rmp_serde::to_vec_named(&message).unwrap_or_default()
    }

    /// What another process has sent; `None` if these bytes are none of it.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let message: Message = rmp_serde::from_slice(bytes).ok()?;
        Some(Self {
            lag: message.lag.unpack()?,
            hub: message.hub.unpack()?,
            io: message.io.unpack()?,
            seconds: message.seconds,
        })
    }

    /// The stretches of seconds in which the generator was the limit: first and last second of each.
    #[must_use]
    pub fn limited(&self) -> Vec<(i64, i64)> {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (&second, _) in self.seconds.iter().filter(|(_, seen)| seen.limited()) {
            match stretches.last_mut() {
                Some((_, last)) if *last + 1 == second => *last = second,
                _ => stretches.push((second, second)),
            }
        }
        stretches
    }
}

#[derive(Serialize, Deserialize)]
struct Message {
    lag: Packed,
    hub: Packed,
    io: Packed,
    seconds: BTreeMap<i64, Second>,
}

impl Meter {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic while it was held leaves it whole enough: every change of it is a count.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How late all answers of this process were together, whoever has taken what was seen.
    #[must_use]
    pub fn answers(&self) -> Duration {
        Duration::from_nanos(self.answers.load(Ordering::Relaxed))
    }

    /// Counts the lateness of an answer that goes on now. Its request had waited for `before` until the I/O thread got
    /// round to it: that is in the response time, but no less the generator's doing, and its second is flagged for it.
    pub fn add_answer(&self, late: Duration, before: Duration, second: i64) {
        let ns = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.answers.fetch_add(ns, Ordering::Relaxed);
        let mut seen = self.seen();
        seen.add(Who::Answer, late, second);
        seen.add_before(late, before, second);
    }

    /// Counts the lateness of a user's turn that has come now.
    pub fn add_turn(&self, late: Duration) {
        self.seen().add(Who::Turn, late, clock::second());
    }

    /// Counts the lateness of somebody who is asked every `period`, and was last known to be there `before` it was
    /// asked this time. Who did not answer at once may have been away for part of that, half of it on the average;
    /// and had it been asked all the time, it would have been late by one period less each time (HdrHistogram's
    /// correction for an expected interval).
    pub fn add_asked(&self, who: Who, late: Duration, before: Duration, period: Duration) {
        let mut seen = self.seen();
        let second = clock::second();
        let mut left = late;
        if late > period {
            left += before.min(period) / 2;
        }
        for _ in 0..1_000 {
            seen.add(who, left, second);
            match left.checked_sub(period) {
                Some(less) if less > period && !period.is_zero() => left = less,
                _ => break,
            }
        }
    }

    /// What was seen so far; it begins anew.
    pub fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(seen: &mut Seen, second: i64, milliseconds: u64) {
        seen.add(Who::Answer, Duration::from_millis(milliseconds), second);
    }

    #[test]
    fn stretches_are_runs_of_limited_seconds() {
        let mut seen = Seen::default();
        for (second, late) in [(1, 0), (2, 80), (3, 75), (4, 1), (6, 90), (7, 11)] {
            at(&mut seen, second, late);
        }
        assert_eq!(seen.limited(), [(2, 3), (6, 7)]);
    }

    #[test]
    fn a_request_that_waited_for_the_io_thread_flags_its_second_and_is_no_lag() {
        let meter = Meter::default();
        let ms = Duration::from_millis;
        for (second, late, before) in [(1, 0, 80), (2, 40, 40), (3, 4, 7), (4, 3, 3)] {
            meter.add_answer(ms(late), ms(before), second);
        }
        assert_eq!(meter.answers(), ms(47));
        let seen = meter.take();
        assert_eq!(seen.limited(), [(1, 3)]);
        assert_eq!(seen.lag.max(), Some(40_000_000));
    }

    #[test]
    fn one_late_answer_among_many_is_no_average() {
        let mut seen = Seen::default();
        at(&mut seen, 1, 40);
        for _ in 0..9 {
            at(&mut seen, 1, 0);
        }
        assert_eq!(seen.limited(), []);
        at(&mut seen, 1, 49);
        at(&mut seen, 1, 49);
        assert_eq!(seen.limited(), [(1, 1)]);
    }

    #[test]
    fn a_long_lateness_stands_for_those_nobody_asked_for() {
        let meter = Meter::default();
        let ms = Duration::from_millis;
        meter.add_asked(Who::Loop, ms(50), ms(10), ms(10));
        let seen = meter.take();
        assert_eq!(seen.hub.count(), 5);
        assert_eq!(seen.hub.max(), Some(55_000_000));
        meter.add_asked(Who::Loop, ms(9), ms(10), ms(10));
        assert_eq!(meter.take().hub.max(), Some(9_000_000));
        assert_eq!(meter.take().hub.count(), 0);
    }

    #[test]
    fn what_two_processes_saw_is_what_one_would_have_seen() {
        let (mut one, mut other, mut both) = (Seen::default(), Seen::default(), Seen::default());
        for i in 0..1_000u64 {
            let second = i64::try_from(i % 7).unwrap();
            at(
                if i % 3 == 0 { &mut one } else { &mut other },
                second,
                i * i % 90,
            );
            at(&mut both, second, i * i % 90);
        }
        one.merge(&Seen::decode(&other.encode()).unwrap());
        assert_eq!(one.lag.buckets(), both.lag.buckets());
        assert_eq!(one.seconds, both.seconds);
    }

    #[test]
    fn what_another_process_tells_is_bounded() {
        let mut told = Seen::default();
        at(&mut told, i64::MAX, 1);
        at(&mut told, i64::MIN, 1);
        told.seconds.insert(
            7,
            Second {
                max: u64::MAX,
                sum: u64::MAX,
                count: u64::MAX,
            },
        );
        let told = Seen::decode(&told.encode()).unwrap();
        let mut seen = Seen::default();
        at(&mut seen, 7, 1);
        (0..2).for_each(|_| seen.merge(&told));
        at(&mut seen, 7, 1);
        assert_eq!(seen.seconds[&7].count, u64::MAX);
        assert!(!seen.limited().is_empty());
        let all = 2 * i64::try_from(MOST).unwrap();
        let many = Seen {
            seconds: (0..all).map(|second| (second, Second::default())).collect(),
            ..Seen::default()
        };
        seen.merge(&many);
        assert_eq!(seen.seconds.len(), MOST);
        assert!(seen.seconds.contains_key(&i64::MAX));
    }

    #[test]
    fn broken_reports_are_refused_or_harmless() {
        let mut seen = Seen::default();
        for i in 0..5 {
            at(&mut seen, 1_000 + i, 3);
        }
        let whole = seen.encode();
        for place in 0..whole.len() {
            for patch in [0, 1, 0x7f, 0x80, 0x90, 0xc0, 0xcf, 0xd3, 0xdb, 0xdd, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] = patch;
                if let Some(told) = Seen::decode(&bytes) {
                    let mut merged = seen.clone();
                    merged.merge(&told);
                    assert!(merged.seconds.len() <= 100);
                    let _ = (merged.limited(), merged.lag.quantiles(&[0.5, 1.0]));
                }
            }
            assert!(Seen::decode(&whole[..place]).is_none());
        }
    }
}
