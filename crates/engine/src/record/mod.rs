//! Record: the precise figures of a test, beside Locust's rounded ones.

mod outcomes;
mod patterns;
mod phases;
mod report;
mod row;
mod seconds;
mod series;
mod slots;
mod view;

use std::time::Duration;

use crate::histogram::Histogram;
use foldhash::{HashMap, HashMapExt};

pub use outcomes::Outcomes;
pub use patterns::{Shape, shape};
pub use phases::{PHASES, Phases, Trips};
pub use report::{Refused, Report};
pub use row::Row;
pub use seconds::{MOST, PackedSecond, Second};
pub use slots::{LONGEST_NAME, OTHERS, SlotId};
pub use view::{RowView, SHARES, Spread, ms};

use row::Logged;
use seconds::Seconds;
use slots::Slots;

/// The figures of one test.
///
/// A request's life: `begin` as it starts; then `finish` as its end is known and before the statistics are told, `log`
/// (and `fail`) by the statistics, `reported` when all have been told; or `cut_off`; or `unreported`. A request that is
/// logged without all that counts as started and finished at once. So at any moment, in each row and in total,
/// started = succeeded + failed + in flight + cut off + unreported.
#[derive(Debug)]
pub struct Record {
    rows: Slots,
    /// What ended unreported under names of which nothing was ever reported: part of the total, and no name's.
    nameless: Row,
    seconds: Seconds,
    /// Whether any row has times that a worker without a record has rounded.
    coarse: bool,
    /// Where the request ended that finished last: most likely, the statistics are told of that one next.
    finished: SlotId,
    /// What is in flight in other processes, by their last reports.
    sources: HashMap<Box<str>, Vec<(SlotId, u64)>>,
}

/// What a worker without a record tells of one name.
#[derive(Debug, Clone, Default)]
pub struct Coarse {
    /// (ms, requests)
    pub times: Vec<(f64, u64)>,
    /// Of these requests' times in ms, not rounded: their sum, the least and the greatest.
    pub exact: Option<[f64; 3]>,
    /// Requests without a response time.
    pub without_time: u64,
    /// Requests that failed.
    pub failures: u64,
    /// (unix second, requests)
    pub seconds: Vec<(i64, u64)>,
    /// (unix second, failures)
    pub failed_seconds: Vec<(i64, u64)>,
}

/// A time as Python has it, in ns; `None` if it is none.
fn nanoseconds(ms: f64) -> Option<i64> {
    // Beyond 292 years it stays there: still counted, and out of range. (A call of `round` takes longer than this.)
    ms.is_finite()
        .then(|| (ms * 1e6 + 0.5_f64.copysign(ms)) as i64)
}

/// The unix second of a wall-clock time; 0 for what is no time.
fn second(now: f64) -> i64 {
    let whole = now as i64;
    whole - i64::from(now < whole as f64)
}

impl Record {
    /// An empty record with room for so many names.
    #[must_use]
    pub fn new(names: usize) -> Self {
        Self {
            rows: Slots::new(names),
            nameless: Row::default(),
            seconds: Seconds::default(),
            coarse: false,
            finished: SlotId::default(),
            sources: HashMap::new(),
        }
    }

    /// Where requests of this method and name are counted.
    pub fn slot(&mut self, method: &str, name: &str) -> SlotId {
        self.rows.slot(method, name)
    }

    /// Whether the place that was found for this method and name is that of no other.
    #[must_use]
    pub fn is_own(&self, slot: SlotId, method: &str, name: &str) -> bool {
        self.rows.is_own(slot, method, name)
    }

    /// Where a request that began at one place is counted as it ends under this method and name.
    pub fn slot_again(&mut self, begun: SlotId, method: &str, name: &str) -> SlotId {
        self.rows.slot_again(begun, method, name)
    }

    /// Counts a finished request: response time in ms if it has one, and the wall clock in s.
    pub fn log(&mut self, method: &str, name: &str, ms: Option<f64>, now: f64) {
        let logged = Logged {
            time: ms.and_then(nanoseconds),
            second: second(now),
        };
        let slot = self.slot_again(self.finished, method, name);
        let Some(row) = self.rows.row_at(slot, method, name, 1) else {
            return;
        };
        let awaited = row.outcomes.awaited > 0;
        row.log(logged, awaited);
        self.seconds.at(logged.second).log(logged.time);
    }

    /// The request that was logged last for this method and name has failed. If none was, this is one without a time.
    pub fn fail(&mut self, method: &str, name: &str, now: f64) {
        let Some(row) = self.rows.row(method, name, 1) else {
            return;
        };
        let logged = row.take_last().unwrap_or_else(|| {
            let logged = Logged {
                time: None,
                second: second(now),
            };
            let awaited = row.outcomes.awaited > 0;
            row.log(logged, awaited);
            row.take_last();
            self.seconds.at(logged.second).log(None);
            logged
        });
        row.fail(logged.time);
        self.seconds.at(logged.second).fail();
    }

    /// A request has started.
    pub fn begin(&mut self, slot: SlotId) {
        if let Some(row) = self.rows.at(slot) {
            row.outcomes.under_way += 1;
        }
    }

    /// Whether any is under way at this place.
    #[must_use]
    pub fn is_under_way(&self, slot: SlotId) -> bool {
        let row = self.rows.seen_at(slot);
        row.is_some_and(|row| row.outcomes.under_way > 0)
    }

    /// A request is over that began at one place, and the statistics will be told of it at another (or the same).
    pub fn finish(&mut self, begun: SlotId, ended: SlotId) {
        self.finished = ended;
        if !self.leave(begun) {
            return;
        }
        if let Some(row) = self.rows.at(ended) {
            row.outcomes.awaited += 1;
            row.outcomes.reporting += 1;
        }
        self.rows.release(begun);
    }

    /// Everybody has been told of a request that was finished: if the statistics have not, they will not be.
    pub fn reported(&mut self, ended: SlotId) {
        let Some(Row { outcomes, .. }) = self.rows.at(ended) else {
            return;
        };
        if outcomes.reporting == 0 {
            return;
        }
        let untold = outcomes.awaited == outcomes.reporting;
        outcomes.reporting -= 1;
        if untold {
            outcomes.awaited -= 1;
            outcomes.unreported = outcomes.unreported.saturating_add(1);
        }
    }

    /// `finish`, `trip`, `log` and `reported` in one, of a request that ends under the method and name it began under,
    /// at a place of its own. False, and nothing has happened, if it is not under way there any more.
    ///
    /// Nothing comes between, so nobody sees it awaited.
    pub fn end(&mut self, slot: SlotId, ms: Option<f64>, second: i64, phases: &Phases) -> bool {
        let Some(row) = self.rows.leave(slot) else {
            return false;
        };
        let logged = Logged {
            time: ms.and_then(nanoseconds),
            second,
        };
        row.trip(phases);
        row.log(logged, false);
        self.finished = slot;
        self.seconds.at(second).log(logged.time);
        true
    }

    /// A request was given up at this age because the test has ended.
    pub fn cut_off(&mut self, slot: SlotId, age: Duration) {
        if self.leave(slot)
            && let Some(row) = self.rows.known(slot)
        {
            row.cut_off(age);
        }
    }

    /// A request is over, and the statistics will not be told; `phases`, if it was answered. Under a name of which
    /// nothing was ever reported it makes no row: Locust has none either.
    pub fn unreported(&mut self, slot: SlotId, phases: Option<&Phases>) {
        if !self.leave(slot) {
            return;
        }
        let row = match self.rows.if_known(slot) {
            Some(row) => row,
            None => &mut self.nameless,
        };
        row.outcomes.unreported = row.outcomes.unreported.saturating_add(1);
        if let Some(phases) = phases {
            row.trip(phases);
        }
        self.rows.release(slot);
    }

    /// Takes one that is under way out of its row; false if there is none, as after `clear`.
    fn leave(&mut self, begun: SlotId) -> bool {
        let Some(row) = self.rows.at(begun) else {
            return false;
        };
        if row.outcomes.under_way == 0 {
            return false;
        }
        row.outcomes.under_way -= 1;
        true
    }

    /// Adds the rounded figures of a worker without a record.
    pub fn absorb_coarse(&mut self, method: &str, name: &str, coarse: &Coarse) {
        self.coarse = true;
        let mut more = Row {
            coarse: true,
            without_time: coarse.without_time,
            ..Row::default()
        };
        for (ms, times) in &coarse.times {
            match nanoseconds(*ms) {
                Some(ns) => more.times.record_ns(ns, *times),
                None => more.without_time = more.without_time.saturating_add(*times),
            }
        }
        if let Some([sum, least, greatest]) = coarse.exact
            && let (Some(least), Some(greatest)) = (nanoseconds(least), nanoseconds(greatest))
        {
            more.times
                .refine((sum * 1e6).round() as i128, least, greatest);
        }
        let requests = more.times.count().saturating_add(more.without_time);
        // A failure that was told alone is a request without a time.
        let alone = coarse.failures.saturating_sub(requests);
        more.without_time = more.without_time.saturating_add(alone);
        more.outcomes.failed = coarse.failures;
        more.outcomes.succeeded = requests.saturating_sub(coarse.failures);
        if let Some(row) = self.rows.row(method, name, more.outcomes.requests()) {
            row.merge(&more);
        }
        for (at, requests) in &coarse.seconds {
            let second = self.seconds.at(*at);
            second.requests = second.requests.saturating_add(*requests);
        }
        for (at, failures) in &coarse.failed_seconds {
            let second = self.seconds.at(*at);
            second.failures = second.failures.saturating_add(*failures);
        }
    }

    /// Counts where the time of one exchange went.
    pub fn trip(&mut self, slot: SlotId, phases: &Phases) {
        if let Some(row) = self.rows.known(slot) {
            row.trip(phases);
        }
    }

    /// Zeros everywhere, but for what is in flight.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.nameless = Row::default();
        self.seconds = Seconds::default();
        self.coarse = false;
    }

    /// Forgets everything, also what is in flight: whatever is heard of that later counts as if it had never begun.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.nameless = Row::default();
        self.seconds = Seconds::default();
        self.coarse = false;
        self.sources.clear();
    }

    /// The figures of all requests, added up when they are asked for: that is seldom.
    #[must_use]
    pub fn total(&self) -> Row {
        let mut total = Row::default();
        total.merge(&self.nameless);
        for (_, _, row) in self.rows.each() {
            total.merge(row);
            total.outcomes.merge_in_flight(&row.outcomes);
        }
        total
    }

    /// Whether any of its times were rounded by a worker without a record.
    #[must_use]
    pub fn is_coarse(&self) -> bool {
        self.coarse
    }

    /// Of the total, what is in no row: requests that ended unreported under names of which nothing was ever reported.
    #[must_use]
    pub fn nameless(&self) -> &Row {
        &self.nameless
    }

    /// The times of all requests.
    #[must_use]
    pub fn times(&self) -> Histogram {
        let mut times = Histogram::default();
        for (_, _, row) in self.rows.each() {
            times.merge(&row.times);
        }
        times
    }

    /// The figures of a method and name.
    #[must_use]
    pub fn row(&self, method: &str, name: &str) -> Option<&Row> {
        self.rows.get(method, name)
    }

    /// Method, name and figures of every row, in Locust's order: by name, then method.
    #[must_use]
    pub fn rows(&self) -> Vec<(&str, &str, &Row)> {
        let mut rows: Vec<_> = self.rows.each().collect();
        rows.sort_unstable_by_key(|(method, name, _)| (*name, *method));
        rows
    }

    /// The seconds from one to before another, in order; packed, so that nobody waits for whoever reads them.
    #[must_use]
    pub fn seconds(&self, from: i64, before: i64) -> Vec<PackedSecond> {
        self.seconds.between(from, before)
    }

    /// How many requests were counted under the name of the others, and the shape that most of their names have.
    #[must_use]
    pub fn overflowed(&self) -> Option<(u64, &Shape)> {
        let others = self.rows.of_others()?;
        Some((others.outcomes.requests(), self.rows.patterns.worst()?))
    }

    /// Bytes on the heap, near enough.
    #[must_use]
    pub fn footprint(&self) -> usize {
        self.rows.footprint() + self.nameless.footprint() + self.seconds.footprint()
    }
}
