//! Report: what one process tells another of its figures, as MessagePack with named fields.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::outcomes::Outcomes;
use super::phases::{PHASES, Trips};
use super::row::Row;
use super::seconds::PackedSecond;
use super::{Record, Shape};
use crate::histogram::LONGEST;
use crate::histogram::{Histogram, Packed};

/// Raised when a field changes its meaning, or when passing over a new one would make others wrong; readers pass over
/// what they do not know. In version 1 the time that a request was held is in `queued`, what was never reported has rows,
/// and each of `seconds` is one.
const VERSION: u32 = 2;
/// What a report says it is.
const FORMAT: &str = "locust-native record";
/// What all histograms in it were made for: lowest time in ns, digits, longest time in ns.
const BUCKETS: (u64, u8, u64) = (1, 3, LONGEST);

/// Why a report was not taken; nothing of it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What every report begins with, whatever its version.
#[derive(Debug, Deserialize)]
struct Head {
    format: String,
    version: u32,
    buckets: (u64, u8, u64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    format: String,
    version: u32,
    buckets: (u64, u8, u64),
    #[serde(default)]
    rows: Vec<RowMessage>,
    #[serde(default)]
    seconds: Vec<PackedSecond>,
    #[serde(default)]
    patterns: Vec<Shape>,
    /// What ended under names of which nothing was ever reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nameless: Option<RowMessage>,
}

// What is always written has to be there: a report takes no more than some ten times its length once it is read.
#[derive(Debug, Serialize, Deserialize)]
struct RowMessage {
    method: String,
    name: String,
    succeeded: u64,
    failed: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    without_time: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    in_flight: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    cut_off: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    unreported: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    coarse: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    times: Option<Packed>,
    #[serde(default, skip_serializing_if = "is_default")]
    failed_times: Option<Packed>,
    #[serde(default, skip_serializing_if = "is_default")]
    ages: Option<Packed>,
    #[serde(default, skip_serializing_if = "is_default")]
    trips: Option<TripsMessage>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct TripsMessage {
    phases: BTreeMap<String, Packed>,
    #[serde(default, skip_serializing_if = "is_default")]
    held: Option<Packed>,
    new: u64,
    reused: u64,
    full: u64,
    resumed: u64,
    bytes_out: u64,
    bytes_in: u64,
    versions: Vec<(u8, u64)>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn pack(times: &Histogram) -> Option<Packed> {
    (times.count() > 0).then(|| times.pack())
}

fn unpack(times: Option<&Packed>) -> Option<Histogram> {
    times.map_or_else(|| Some(Histogram::default()), Packed::unpack)
}

/// What another process has counted since its last report, and what is in flight there. It stays packed until it is
/// added to a record, row by row.
#[derive(Debug)]
pub struct Report(Message);

impl Report {
    /// As counted by a clock that is so many s behind.
    #[must_use]
    pub fn shifted(mut self, by: i64) -> Self {
        for second in &mut self.0.seconds {
            second.at = second.at.saturating_sub(by);
        }
        self
    }

    /// As it goes to another process.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing to memory what has a type for every field cannot fail.
        rmp_serde::to_vec_named(&self.0).unwrap_or_default()
    }

    /// What another process has sent.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refused> {
        let broken = |why: &dyn fmt::Display| {
            Refused(format!(
                "no report of figures, or a broken one ({} bytes): {why}",
                bytes.len()
            ))
        };
        let head: Head = rmp_serde::from_slice(bytes).map_err(|error| broken(&error))?;
        if head.format != FORMAT {
            return Err(broken(&format_args!(
                "it says it is {:?}",
                short(&head.format)
            )));
        }
        if head.version != VERSION {
            return Err(Refused(format!(
                "its figures are of version {}, and only version {VERSION} is known here: \
                 install the same locust-native everywhere",
                head.version
            )));
        }
        if head.buckets != BUCKETS {
            return Err(Refused(format!(
                "its histograms have other buckets {:?} than those here {BUCKETS:?} (lowest ns, digits, longest ns): \
                 install the same locust-native everywhere",
                head.buckets
            )));
        }
        let message: Message = rmp_serde::from_slice(bytes).map_err(|error| broken(&error))?;
        let wrong = |what: &dyn fmt::Display| Err(broken(&format_args!("{what} does not add up")));
        let off = |second: &&PackedSecond| second.unpack().is_none();
        if let Some(second) = message.seconds.iter().find(off) {
            return wrong(&format_args!("second {}", second.at));
        }
        let mut rows = message.rows.iter().chain(&message.nameless);
        if let Some(row) = rows.find(|row| read_row(row).is_none()) {
            return wrong(&format_args!("row {:?}", short(&row.name)));
        }
        Ok(Self(message))
    }
}

/// As much of a name as a line of a log has room for.
fn short(name: &str) -> String {
    name.chars().take(80).collect()
}

fn row_message((method, name, row): (String, String, Row)) -> RowMessage {
    RowMessage {
        method,
        name,
        succeeded: row.outcomes.succeeded,
        failed: row.outcomes.failed,
        without_time: row.without_time,
        in_flight: row.outcomes.in_flight(),
        cut_off: row.outcomes.cut_off,
        unreported: row.outcomes.unreported,
        coarse: row.coarse,
        times: pack(&row.times),
        failed_times: pack(&row.failed),
        ages: pack(&row.ages),
        trips: row.trips.as_deref().map(trips_message),
    }
}

fn trips_message(trips: &Trips) -> TripsMessage {
    TripsMessage {
        phases: PHASES
            .iter()
            .zip(&trips.times)
            .filter_map(|(phase, times)| Some(((*phase).to_owned(), pack(times)?)))
            .collect(),
        held: pack(&trips.held),
        new: trips.new,
        reused: trips.reused,
        full: trips.full,
        resumed: trips.resumed,
        bytes_out: trips.bytes_out,
        bytes_in: trips.bytes_in,
        versions: trips.versions.clone(),
    }
}

/// `None` if it does not add up.
fn read_row(message: &RowMessage) -> Option<Row> {
    let row = Row {
        times: unpack(message.times.as_ref())?,
        failed: unpack(message.failed_times.as_ref())?,
        without_time: message.without_time,
        outcomes: Outcomes {
            succeeded: message.succeeded,
            failed: message.failed,
            cut_off: message.cut_off,
            unreported: message.unreported,
            elsewhere: message.in_flight,
            ..Outcomes::default()
        },
        ages: unpack(message.ages.as_ref())?,
        trips: match &message.trips {
            Some(trips) => Some(Box::new(read_trips(trips)?)),
            None => None,
        },
        coarse: message.coarse,
        ..Row::default()
    };
    let requests = row.times.count().checked_add(row.without_time)?;
    let adds_up = message.succeeded.checked_add(message.failed) == Some(requests)
        && row.failed.count() <= message.failed
        && row.ages.count() == message.cut_off;
    adds_up.then_some(row)
}

fn read_trips(message: &TripsMessage) -> Option<Trips> {
    let mut times: [Histogram; 7] = Default::default();
    for (phase, times) in PHASES.iter().zip(&mut times) {
        *times = unpack(message.phases.get(*phase))?;
    }
    Some(Trips {
        times,
        held: unpack(message.held.as_ref())?,
        new: message.new,
        reused: message.reused,
        full: message.full,
        resumed: message.resumed,
        bytes_out: message.bytes_out,
        bytes_in: message.bytes_in,
        versions: message.versions.clone(),
    })
}

impl Record {
    /// Everything since the last report, and what is in flight now; counting starts anew.
    #[must_use]
    pub fn take_report(&mut self) -> Report {
        let patterns = self.rows.patterns.all().to_vec();
        let rows = self.rows.drain().into_iter().map(row_message).collect();
        let nameless = std::mem::take(&mut self.nameless);
        let nameless =
            (!nameless.is_blank()).then(|| row_message((String::new(), String::new(), nameless)));
        let seconds = std::mem::take(&mut self.seconds).between(i64::MIN, i64::MAX);
        Report(Message {
            format: FORMAT.to_owned(),
            version: VERSION,
            buckets: BUCKETS,
            rows,
            seconds,
            patterns,
            nameless,
        })
    }

    /// The processes that have requests in flight, by their last reports.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        self.sources
            .keys()
            .map(|source| source.to_string())
            .collect()
    }

    /// Adds what another process has counted; what is in flight there is what this report says.
    pub fn absorb(&mut self, source: &str, report: &Report) {
        let Report(message) = report;
        let mut in_flight = Vec::new();
        for told in &message.rows {
            let Some(more) = read_row(told) else {
                continue; // there is none: `decode` has read them all
            };
            if told.in_flight > 0 {
                let slot = self.rows.slot(&told.method, &told.name);
                in_flight.push((slot, told.in_flight));
                if let Some(row) = self.rows.at(slot) {
                    row.outcomes.elsewhere = row.outcomes.elsewhere.saturating_add(told.in_flight);
                }
            }
            self.coarse |= more.coarse;
            let requests = more.outcomes.requests();
            if (more.outcomes.ended() > 0 || more.trips.is_some() || more.coarse)
                && let Some(row) = self.rows.row(&told.method, &told.name, requests)
            {
                row.merge(&more);
            }
        }
        if let Some(more) = message.nameless.as_ref().and_then(read_row) {
            self.nameless.merge(&more);
        }
        self.forget(source);
        if !in_flight.is_empty() {
            self.sources.insert(source.into(), in_flight);
        }
        for second in message.seconds.iter().filter_map(PackedSecond::unpack) {
            self.seconds.absorb(&second);
        }
        for shape in &message.patterns {
            self.rows
                .patterns
                .count(&shape.shape, &shape.example, shape.count);
        }
    }

    /// A process is gone: what was in flight there is not any more.
    pub fn forget(&mut self, source: &str) {
        for (slot, count) in self.sources.remove(source).unwrap_or_default() {
            if let Some(row) = self.rows.at(slot) {
                row.outcomes.elsewhere = row.outcomes.elsewhere.saturating_sub(count);
            }
            self.rows.release(slot);
        }
    }
}
