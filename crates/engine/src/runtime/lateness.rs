//! LatenessRecorder: how late the generator itself was, so that it is not taken for a slow server.

use crate::sync::lock;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{self, Stamp};
use crate::histogram::{Histogram, Packed};
use crate::record::MOST;

/// Shorter waits for the generator are an event loop's daily business: measured, but no reason to flag a second.
const LATE: Duration = Duration::from_millis(10);
/// A second is limited in which its users lost one part in so many of their time to longer waits…
const PART: u128 = 10;
/// …and so is one in which so many answers and turns came, and half of them this late.
const ENOUGH: u64 = 20;
const VERY_LATE: Duration = Duration::from_millis(75);
/// Over more seconds than this nothing is spread.
const SPREAD: i64 = 1_000;

/// Which sign of life is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An event loop's: called until it came.
    Loop,
    /// The I/O thread's: due until it ran.
    Io,
}

/// The lateness of everything in this process.
#[derive(Debug, Default)]
pub struct LatenessRecorder {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    seen: Lateness,
    /// The second that was counted in last, which is not in `seen` yet.
    open: (i64, Second),
    present: Present,
}

/// How things are now, which `take` leaves.
#[derive(Debug, Default, Clone, Copy)]
struct Present {
    users: u64,
    /// Requests, as of the last beat.
    under_way: u64,
}

/// What was seen so far.
#[derive(Debug, Default, Clone)]
pub struct Lateness {
    /// Of answers: from the last byte until the greenlet or task went on.
    pub lag: Histogram,
    /// Of event loops, asked every few milliseconds.
    pub hub: Histogram,
    /// Of I/O threads, asked every few milliseconds.
    pub io: Histogram,
    /// By wall-clock second (since 1970).
    pub seconds: BTreeMap<i64, Second>,
}

/// One second's lateness; times in ns.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Second {
    /// Answers that went on in it.
    pub answers: u64,
    /// The greatest lateness of an answer, in ns.
    pub lag: u64,
    /// The greatest lateness of an event loop or an I/O thread.
    pub hiccup: u64,
    /// Turns of users that came in it.
    pub turns: u64,
    /// How many turns and answers were very late.
    pub late: u64,
    /// What all users together waited in it for their answers and turns; long waits only.
    pub waited: u64,
    /// The same of requests, for the I/O thread to take them up.
    pub before: u64,
    /// For so long the I/O thread was away, times the requests that were under way: their times may be too long by it.
    pub unread: u64,
    /// The most users there were in it at a time; or requests under way, if those were more.
    pub users: u64,
    /// CPU time of all threads, in ns.
    pub cpu: u64,
    /// CPU time of the I/O thread, in ns.
    pub io_cpu: u64,
    /// For how long it was watched, in ns.
    pub watched: u64,
    /// For so long the Python thread could run and had no processor.
    pub starved: u64,
}

impl Second {
    /// Whether the generator was the limit.
    #[must_use]
    pub fn limited(&self) -> bool {
        let lost = u128::from(self.waited) + u128::from(self.before.max(self.unread));
        let lived = u128::from(self.users.max(1)) * 1_000_000_000;
        let came = self.answers.saturating_add(self.turns);
        lost * PART >= lived || (came >= ENOUGH && self.late >= came / 2)
    }

    /// Both together, if they were in different processes.
    pub fn merge(&mut self, other: &Self) {
        let users = self.users.saturating_add(other.users);
        self.add(other);
        self.users = users;
    }

    /// Both together, if they were in one process.
    fn add(&mut self, other: &Self) {
        self.lag = self.lag.max(other.lag);
        self.hiccup = self.hiccup.max(other.hiccup);
        self.users = self.users.max(other.users);
        for (sum, more) in [
            (&mut self.answers, other.answers),
            (&mut self.turns, other.turns),
            (&mut self.late, other.late),
            (&mut self.waited, other.waited),
            (&mut self.before, other.before),
            (&mut self.unread, other.unread),
            (&mut self.cpu, other.cpu),
            (&mut self.io_cpu, other.io_cpu),
            (&mut self.watched, other.watched),
            (&mut self.starved, other.starved),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// As ns.
fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What of some time falls on `part`, in ns, of the time in which it passed.
fn share(time: Duration, part: u64, of: Duration) -> u64 {
    let share = u128::from(ns(time)) * u128::from(part) / u128::from(ns(of).max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

impl Inner {
    /// The second of this unix time, mostly the same as before.
    fn at(&mut self, second: i64) -> &mut Second {
        if self.open.0 != second {
            self.close(second);
        }
        &mut self.open.1
    }

    /// Keeps the second that is open, and opens another.
    #[inline(never)]
    fn close(&mut self, next: i64) {
        let present = Second {
            users: self.present.users.max(self.present.under_way),
            ..Second::default()
        };
        let (second, closed) = std::mem::replace(&mut self.open, (next, present));
        self.seen.seconds.entry(second).or_default().add(&closed);
        self.seen.forget_the_earliest();
    }

    /// Has `to` add, for each second of the time up to `now`, how much of it that was.
    fn spread(&mut self, time: Duration, now: Stamp, to: impl Fn(&mut Second, u64)) {
        let end = clock::since_1970(now);
        let last = i64::try_from(end.as_secs()).unwrap_or(i64::MAX);
        let (mut second, mut left) = (last, time);
        let mut part = Duration::from_nanos(end.subsec_nanos().into());
        while !left.is_zero() && second > last - SPREAD {
            let passed = left.min(part);
            if !passed.is_zero() {
                to(self.at(second), ns(passed));
            }
            left -= passed;
            second -= 1;
            part = Duration::from_secs(1);
        }
    }

    /// A user waited for so long until now.
    fn waited(&mut self, late: Duration, now: Stamp) {
        self.at(clock::second_of(now)).late += u64::from(late >= VERY_LATE);
        self.spread(late, now, |second, part| {
            second.waited = second.waited.saturating_add(part);
        });
    }
}

impl Lateness {
    /// As many seconds as a record keeps apart.
    fn forget_the_earliest(&mut self) {
        while self.seconds.len() > MOST {
            self.seconds.pop_first();
        }
    }

    /// Adds what this process has seen since.
    pub fn add(&mut self, later: &Self) {
        self.take_in(later, Second::add);
    }

    /// Adds what another process has seen.
    pub fn merge(&mut self, other: &Self) {
        self.take_in(other, Second::merge);
    }

    fn take_in(&mut self, other: &Self, both: impl Fn(&mut Second, &Second)) {
        self.lag.merge(&other.lag);
        self.hub.merge(&other.hub);
        self.io.merge(&other.io);
        for (second, seen) in &other.seconds {
            both(self.seconds.entry(*second).or_default(), seen);
        }
        self.forget_the_earliest();
    }

    /// As seen by a clock that is so many s behind.
    pub fn shift(&mut self, by: i64) {
        if by != 0 {
            let seconds = std::mem::take(&mut self.seconds).into_iter();
            let shifted = seconds.map(|(second, seen)| (second.saturating_sub(by), seen));
            self.seconds = shifted.collect();
        }
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

    /// The stretches of seconds in which the generator was the limit, from `since` on: first and last second of each.
    #[must_use]
    pub fn limited(&self, since: i64) -> Vec<(i64, i64)> {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        let seconds = self.seconds.range(since..);
        for (&second, _) in seconds.filter(|(_, seen)| seen.limited()) {
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

impl LatenessRecorder {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Counts the lateness of an answer that goes on now, and says in which second. Its request had waited for `before`
    /// until the I/O thread got round to it: that is in the response time, but no less the generator's doing.
    pub fn add_answer(&self, late: Duration, before: Duration, now: Stamp) -> i64 {
        let second = clock::second_of(now);
        let mut inner = self.inner();
        inner.seen.lag.record(late);
        let here = inner.at(second);
        here.answers += 1;
        here.lag = here.lag.max(ns(late));
        if before >= LATE {
            here.before = here.before.saturating_add(ns(before));
            here.late += u64::from(before >= VERY_LATE && late < VERY_LATE);
        }
        if late >= LATE {
            inner.waited(late, now);
        }
        second
    }

    /// Counts the lateness of a user's turn that has come now.
    pub fn add_turn(&self, late: Duration, now: Stamp) {
        let mut inner = self.inner();
        inner.at(clock::second_of(now)).turns += 1;
        if late >= LATE {
            inner.waited(late, now);
        }
    }

    /// So many users more, or less, in this process.
    pub fn add_users(&self, more: i64) {
        let mut inner = self.inner();
        let users = inner.present.users.saturating_add_signed(more);
        inner.present.users = users;
        let here = inner.at(clock::second());
        here.users = here.users.max(users);
    }

    /// The I/O thread has come so late, while so many requests were under way; since it was there last, this process and
    /// this thread have used so much CPU time.
    pub fn add_beat(&self, late: Duration, under_way: u64, cpu: Cpu, period: Duration) {
        self.add_asked(Source::Io, late, period, period);
        let now = Stamp::now();
        let mut inner = self.inner();
        inner.present.under_way = under_way;
        let here = inner.at(clock::second_of(now));
        here.users = here.users.max(under_way);
        if late >= LATE {
            inner.spread(late, now, |second, part| {
                let part = part.saturating_mul(under_way);
                second.unread = second.unread.saturating_add(part);
            });
        }
        let (all, io) = (cpu.all, cpu.io);
        inner.spread(cpu.watched, now, |second, part| {
            second.watched = second.watched.saturating_add(part);
            second.cpu = second.cpu.saturating_add(share(all, part, cpu.watched));
            second.io_cpu = second.io_cpu.saturating_add(share(io, part, cpu.watched));
        });
    }

    /// For so much of the time up to now the Python thread could run and had no processor.
    pub fn add_starved(&self, starved: Duration, of: Duration) {
        self.inner().spread(of, Stamp::now(), |second, part| {
            second.starved = second.starved.saturating_add(share(starved, part, of));
        });
    }

    /// Counts the lateness of a loop or thread that is asked every `period`, and was last known to be there `before` it
    /// was asked this time. One that did not answer at once may have been away for part of that, half of it on the
    /// average; and had it been asked all the time, it would have been late by one period less each time (HdrHistogram's
    /// correction for an expected interval).
    pub fn add_asked(&self, who: Source, late: Duration, before: Duration, period: Duration) {
        let mut inner = self.inner();
        let mut left = late;
        if late > period {
            left += before.min(period) / 2;
        }
        let here = inner.at(clock::second());
        here.hiccup = here.hiccup.max(ns(left));
        for _ in 0..1_000 {
            match who {
                Source::Loop => inner.seen.hub.record(left),
                Source::Io => inner.seen.io.record(left),
            }
            match left.checked_sub(period) {
                Some(less) if less > period && !period.is_zero() => left = less,
                _ => break,
            }
        }
    }

    /// What was seen so far; it begins anew.
    pub fn take(&self) -> Lateness {
        let mut inner = self.inner();
        inner.close(0);
        inner.seen.seconds.remove(&0);
        std::mem::take(&mut inner.seen)
    }
}

/// CPU time used within a time.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cpu {
    /// CPU time of the whole process.
    pub all: Duration,
    /// By the I/O thread.
    pub io: Duration,
    /// For how long it was watched.
    pub watched: Duration,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MS: u64 = 1_000_000;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// So many ms into a second in which nothing else is; and which one that is.
    fn moment(milliseconds: u64) -> (Stamp, i64) {
        let now = Stamp::now();
        let into = u64::from(clock::since_1970(now).subsec_millis());
        let stamp = now.after(ms(10_000 + milliseconds - into));
        (stamp, clock::second_of(stamp))
    }

    /// A meter of a process with so many users.
    fn with(users: i64) -> LatenessRecorder {
        let lateness = LatenessRecorder::default();
        lateness.add_users(users);
        lateness
    }

    fn limited(lateness: &LatenessRecorder) -> Vec<(i64, i64)> {
        lateness.take().limited(i64::MIN)
    }

    #[test]
    fn one_stall_of_75_ms_limits_no_second_however_many_waited() {
        let (now, second) = moment(500);
        for users in [1, 7, 1_000] {
            let lateness = with(users);
            lateness.add_asked(Source::Loop, ms(75), ms(10), ms(10));
            lateness.add_beat(ms(75), 0, Cpu::default(), ms(10));
            assert_eq!(limited(&lateness), []);
            (0..users).for_each(|_| _ = lateness.add_answer(ms(75), ms(0), now));
            (0..users * 2).for_each(|_| lateness.add_turn(ms(1), now)); // the second goes on
            assert_eq!(limited(&lateness), []);
        }
        // A fifth of it does, where all waited.
        let lateness = with(7);
        (0..7).for_each(|_| _ = lateness.add_answer(ms(200), ms(0), now));
        assert_eq!(limited(&lateness), [(second, second)]);
    }

    #[test]
    fn a_second_in_which_most_came_late_is_limited_if_there_were_enough() {
        let (now, second) = moment(500);
        for (late, in_time, expected) in [
            (1_000, 0, true),
            (500, 500, true),
            (400, 600, false),
            (9, 9, false), // may happen to anybody
        ] {
            let lateness = with(10_000);
            (0..late).for_each(|_| lateness.add_turn(ms(75), now));
            (0..in_time).for_each(|_| _ = lateness.add_answer(ms(74), ms(74), now));
            let expected = if expected {
                vec![(second, second)]
            } else {
                vec![]
            };
            assert_eq!(limited(&lateness), expected);
        }
    }

    #[test]
    fn seconds_that_users_waited_through_are_limited_though_nothing_came_in_them() {
        let (now, second) = moment(500);
        let lateness = with(2);
        lateness.add_turn(ms(2_600), now);
        let seen = lateness.take();
        assert_eq!(seen.limited(i64::MIN), [(second - 2, second)]);
        assert_eq!(seen.limited(second), [(second, second)]);
        let waited = [3, 2, 1, 0].map(|ago| seen.seconds[&(second - ago)].waited / MS);
        assert!(
            matches!(waited, [99..=100, 1_000, 1_000, 500..=501]),
            "{waited:?}"
        );
    }

    #[test]
    fn requests_that_wait_for_the_io_thread_count_and_are_no_lag() {
        let (now, second) = moment(500);
        let lateness = with(2);
        lateness.add_answer(ms(0), ms(150), now);
        lateness.add_answer(ms(4), ms(60), now);
        let seen = lateness.take();
        assert_eq!(seen.limited(i64::MIN), [(second, second)]);
        assert_eq!(seen.lag.max(), Some(4_000_000));
        assert_eq!(seen.seconds[&second].lag, 4 * MS);
        // And so does the time for which it read no answers.
        let lateness = with(2);
        lateness.add_beat(ms(300), 1, Cpu::default(), ms(10));
        assert!(!limited(&lateness).is_empty());
        lateness.add_beat(ms(300), 0, Cpu::default(), ms(10));
        assert_eq!(limited(&lateness), []);
    }

    #[test]
    fn cpu_time_is_of_the_seconds_it_was_used_in() {
        let lateness = with(1);
        let cpu = Cpu {
            all: ms(1_000),
            io: ms(500),
            watched: ms(2_000),
        };
        lateness.add_beat(ms(0), 1, cpu, ms(10));
        let seconds = lateness.take().seconds;
        let sum = |of: fn(&Second) -> u64| seconds.values().map(of).sum::<u64>() / MS;
        assert_eq!(sum(|second| second.watched), 2_000);
        assert!(sum(|second| second.cpu) >= 999);
        assert!(sum(|second| second.io_cpu) >= 499);
        assert!(seconds.values().all(|second| second.cpu <= 501 * MS));
    }

    #[test]
    fn a_long_lateness_stands_for_those_nobody_asked_for() {
        let lateness = LatenessRecorder::default();
        lateness.add_asked(Source::Loop, ms(50), ms(10), ms(10));
        let seen = lateness.take();
        assert_eq!(seen.hub.count(), 5);
        assert_eq!(seen.hub.max(), Some(55_000_000));
        lateness.add_asked(Source::Loop, ms(9), ms(10), ms(10));
        assert_eq!(lateness.take().hub.max(), Some(9_000_000));
        assert_eq!(lateness.take().hub.count(), 0);
    }

    #[test]
    fn what_two_processes_saw_is_what_one_with_the_users_of_both_would_have_seen() {
        let (mut parts, both) = (
            [with(3), with(4)].map(|lateness| (lateness, Lateness::default())),
            with(7),
        );
        for i in 0..1_000u64 {
            let (now, _) = moment(i * 7 % 5_000);
            let (part, seen) = &mut parts[usize::from(i % 3 == 0)];
            for lateness in [&*part, &both] {
                lateness.add_answer(ms(i * i % 90), ms(i % 13), now);
                lateness.add_turn(ms(i % 20), now);
            }
            if i % 10 == 0 {
                seen.add(&part.take()); // of the same users
            }
        }
        let [(_, mut one), (_, other)] = parts.map(|(lateness, mut seen)| {
            seen.add(&lateness.take());
            (lateness, seen)
        });
        one.merge(&Lateness::decode(&other.encode()).unwrap());
        let both = both.take();
        assert_eq!(one.lag.buckets(), both.lag.buckets());
        let last = both.seconds.keys().next_back().unwrap();
        let whole = |seen: &Lateness| {
            let mut seconds = seen.seconds.clone();
            seconds.retain(|second, at| second < last && at.answers > 0);
            seconds
        };
        assert_eq!(whole(&one), whole(&both));
    }

    #[test]
    fn what_another_process_tells_is_bounded() {
        let mut told = Lateness::default();
        for second in [i64::MAX, i64::MIN, 7] {
            let most = Second {
                answers: u64::MAX,
                late: u64::MAX,
                waited: u64::MAX,
                before: u64::MAX,
                users: u64::MAX,
                ..Second::default()
            };
            told.seconds.insert(second, most);
        }
        let told = Lateness::decode(&told.encode()).unwrap();
        let mut seen = Lateness::default();
        (0..2).for_each(|_| seen.merge(&told));
        assert_eq!(seen.seconds[&7].answers, u64::MAX);
        assert!(!seen.limited(i64::MIN).is_empty());
        let all = 2 * i64::try_from(MOST).unwrap();
        let many = Lateness {
            seconds: (0..all).map(|second| (second, Second::default())).collect(),
            ..Lateness::default()
        };
        seen.merge(&many);
        assert_eq!(seen.seconds.len(), MOST);
        assert!(seen.seconds.contains_key(&i64::MAX));
    }

    #[test]
    fn broken_reports_are_refused_or_harmless() {
        let lateness = with(3);
        for i in 0..5 {
            lateness.add_answer(ms(3), ms(0), moment(i * 1_000).0);
        }
        let seen = lateness.take();
        let whole = seen.encode();
        for place in 0..whole.len() {
            for patch in [0, 1, 0x7f, 0x80, 0x90, 0xc0, 0xcf, 0xd3, 0xdb, 0xdd, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] = patch;
                if let Some(told) = Lateness::decode(&bytes) {
                    let mut merged = seen.clone();
                    merged.merge(&told);
                    assert!(merged.seconds.len() <= 100);
                    let _ = (merged.limited(i64::MIN), merged.lag.quantiles(&[0.5, 1.0]));
                }
            }
            assert!(Lateness::decode(&whole[..place]).is_none());
        }
    }
}
