//! View: figures as people and programs read them, in ms.

use super::outcomes::Outcomes;
use super::phases::Trips;
use super::row::Row;
use crate::histogram::Histogram;

/// The percentiles Locust has, by their names.
pub const SHARES: [(&str, f64); 10] = [
    ("50", 0.50),
    ("66", 0.66),
    ("75", 0.75),
    ("80", 0.80),
    ("90", 0.90),
    ("95", 0.95),
    ("98", 0.98),
    ("99", 0.99),
    ("99.9", 0.999),
    ("99.99", 0.9999),
];

/// A histogram in figures; all but the count are `None` if nothing was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// How many times.
    pub count: u64,
    /// The shortest, in ms.
    pub min: Option<f64>,
    /// Their mean, in ms.
    pub mean: Option<f64>,
    /// The longest, in ms.
    pub max: Option<f64>,
    /// In the order of `SHARES`.
    pub percentiles: [Option<f64>; SHARES.len()],
}

/// A time in ms.
#[must_use]
pub fn ms(ns: i64) -> f64 {
    ns as f64 / 1e6
}

impl Histogram {
    /// What there is to read.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let mut percentiles = [None; SHARES.len()];
        if let Some(times) = self.quantiles(&SHARES.map(|(_, share)| share)) {
            for (percentile, ns) in percentiles.iter_mut().zip(times) {
                *percentile = Some(ms(ns));
            }
        }
        Spread {
            count: self.count(),
            min: self.min().map(ms),
            mean: self.mean().map(|ns| ns / 1e6),
            max: self.max().map(ms),
            percentiles,
        }
    }
}

/// A row in figures.
#[derive(Debug, Clone)]
pub struct RowView {
    /// GET, POST, …; empty for the total.
    pub method: String,
    /// The name; empty for the total.
    pub name: String,
    /// Response times of all.
    pub times: Spread,
    /// Response times of those that failed.
    pub failed: Spread,
    /// Times of those that did not fail.
    pub succeeded: Spread,
    /// Requests without a response time.
    pub without_time: u64,
    /// Requests by what became of them.
    pub outcomes: Outcomes,
    /// How old those were that were cut off.
    pub ages: Spread,
    /// In the order of `PHASES`; `None` for what was never measured.
    pub phases: [Option<Spread>; 7],
    /// Of the requests that the core held back, how long; `None` if it held back none.
    pub held: Option<Spread>,
    /// Without its histograms.
    pub trips: Trips,
    /// Times above 1 h or below 0.
    pub out_of_range: u64,
    /// Whether rounded figures are among them.
    pub coarse: bool,
    /// All times, if they were asked for.
    pub histogram: Option<Histogram>,
}

impl Row {
    /// What there is to read.
    #[must_use]
    pub fn view(&self, method: &str, name: &str, histogram: bool) -> RowView {
        let mut phases = [const { None }; 7];
        let (mut held, mut trips) = (None, Trips::default());
        if let Some(own) = &self.trips {
            for (phase, times) in phases.iter_mut().zip(&own.times) {
                *phase = (times.count() > 0).then(|| times.spread());
            }
            held = (own.held.count() > 0).then(|| own.held.spread());
            trips = Trips {
                times: Default::default(),
                held: Histogram::default(),
                versions: own.versions.clone(),
                ..**own
            };
        }
        RowView {
            method: method.to_owned(),
            name: name.to_owned(),
            times: self.times.spread(),
            failed: self.failed.spread(),
            succeeded: match self.failed.count() {
                0 => self.times.spread(),
                _ => self.times.without(&self.failed).spread(),
            },
            without_time: self.without_time,
            outcomes: self.outcomes,
            ages: self.ages.spread(),
            phases,
            held,
            trips,
            out_of_range: self.times.out_of_range(),
            coarse: self.coarse,
            histogram: histogram.then(|| self.times.clone()),
        }
    }
}
