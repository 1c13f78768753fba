//! Row: the figures of one name, or of all together.

use std::time::Duration;

use super::outcomes::Outcomes;
use super::phases::{Phases, Trips};
use crate::histogram::Histogram;

/// All that is kept of one (method, name). Small until something is seen: there may be thousands.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Times of all requests that have one.
    pub times: Histogram,
    /// Times of those that failed.
    pub failed: Histogram,
    /// Requests without a response time.
    pub without_time: u64,
    /// Its requests by what became of them.
    pub outcomes: Outcomes,
    /// How old those were that were cut off.
    pub ages: Histogram,
    /// Their phases; None before the first.
    pub trips: Option<Box<Trips>>,
    /// Whether rounded figures are among them.
    pub coarse: bool,
    /// The request logged last, while it may still turn out to have failed.
    pub(super) last: Option<Logged>,
}

/// What a failure that is told afterwards needs to know of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    /// In ns, if it has one.
    pub time: Option<i64>,
    pub second: i64,
}

impl Row {
    /// Counts a finished request; `awaited` if it was known to be over.
    pub fn log(&mut self, logged: Logged, awaited: bool) {
        match logged.time {
            Some(ns) => self.times.record_ns(ns, 1),
            None => self.without_time = self.without_time.saturating_add(1),
        }
        self.outcomes.succeeded = self.outcomes.succeeded.saturating_add(1);
        self.outcomes.awaited -= u64::from(awaited && self.outcomes.awaited > 0);
        self.last = Some(logged);
    }

    /// The request logged last, once.
    pub fn take_last(&mut self) -> Option<Logged> {
        self.last.take()
    }

    /// Has the request that was logged as a success failed.
    pub fn fail(&mut self, time: Option<i64>) {
        self.outcomes.succeeded = self.outcomes.succeeded.saturating_sub(1);
        self.outcomes.failed = self.outcomes.failed.saturating_add(1);
        if let Some(ns) = time {
            self.failed.record_ns(ns, 1);
        }
    }

    /// Counts a request that was cut off at this age.
    pub fn cut_off(&mut self, age: Duration) {
        self.outcomes.cut_off = self.outcomes.cut_off.saturating_add(1);
        self.ages.record(age);
    }

    /// Counts the phases of one request.
    pub fn trip(&mut self, phases: &Phases) {
        self.trips.get_or_insert_default().add(phases);
    }

    /// Adds what another row has counted, but not what is in flight there.
    pub fn merge(&mut self, other: &Self) {
        self.times.merge(&other.times);
        self.failed.merge(&other.failed);
        self.without_time = self.without_time.saturating_add(other.without_time);
        self.outcomes.merge(&other.outcomes);
        self.ages.merge(&other.ages);
        if let Some(trips) = &other.trips {
            self.trips.get_or_insert_default().merge(trips);
        }
        self.coarse |= other.coarse;
    }

    /// Takes all there is; what is left is zero, but for what is in flight.
    pub fn take(&mut self) -> Self {
        let mut outcomes = self.outcomes;
        outcomes.reset();
        let left = Self {
            outcomes,
            ..Self::default()
        };
        std::mem::replace(self, left)
    }

    /// Whether there is nothing but zeros in it.
    pub fn is_blank(&self) -> bool {
        self.outcomes.started() == 0 && self.trips.is_none() && !self.coarse
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        let trips = self
            .trips
            .as_ref()
            .map_or(0, |trips| size_of::<Trips>() + trips.footprint());
        self.times.footprint() + self.failed.footprint() + self.ages.footprint() + trips
    }
}
