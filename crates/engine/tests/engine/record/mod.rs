//! The record against samples that are simply kept, sorted and counted; what its tests share.

mod cost;
mod histogram;
mod names;
mod outcomes;
mod reports;
mod seconds;

use engine::histogram::Histogram;
use engine::record::{Phases, Record, Row, SHARES, Second};
use proptest::collection::vec;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000_000;

/// Times in ns between 1 µs and 1 h, as servers and generators make them.
fn times() -> impl Strategy<Value = Vec<i64>> {
    let log_uniform = vec(
        (3.0..12.556_f64).prop_map(|power| 10_f64.powf(power) as i64),
        1..400,
    );
    let bimodal = vec(
        prop_oneof![900_000..1_100_000_i64, 900_000_000..1_500_000_000_i64],
        1..400,
    );
    let constant = (1_000..=HOUR, 1..400_usize).prop_map(|(time, n)| vec![time; n]);
    prop_oneof![log_uniform, bimodal, constant]
}

/// Times of any kind, in and out of range.
fn any_times() -> impl Strategy<Value = Vec<i64>> {
    let any = prop_oneof![any::<i64>(), -5..5_000_i64, HOUR - 5..HOUR + 5];
    prop_oneof![times(), vec(any, 0..50)]
}

fn counted(times: &[i64]) -> Histogram {
    let mut histogram = Histogram::default();
    times.iter().for_each(|ns| histogram.record_ns(*ns, 1));
    histogram
}

fn shares() -> Vec<f64> {
    SHARES.map(|(_, share)| share).to_vec()
}

/// Number `int(n * share)` of the sorted times, or the last: Locust's own choice.
fn exact(sorted: &[i64], share: f64) -> i64 {
    let rank = (sorted.len() as f64 * share) as usize;
    sorted[rank.min(sorted.len() - 1)]
}

fn assert_close(told: i64, exact: i64) -> Result<(), TestCaseError> {
    let off = told.abs_diff(exact);
    prop_assert!(
        off as f64 <= exact as f64 * 0.001,
        "{told} is {off} ns off {exact}"
    );
    Ok(())
}
/// A request that was logged, and perhaps has failed and was on a trip.
#[derive(Debug, Clone)]
struct Done {
    name: &'static str,
    ms: Option<f64>,
    now: f64,
    failed: bool,
    trip: Option<Phases>,
}

impl Done {
    fn log(&self, record: &mut Record) {
        record.log("GET", self.name, self.ms, self.now);
        if self.failed {
            record.fail("GET", self.name, self.now);
        }
        if let Some(phases) = &self.trip {
            let slot = record.slot("GET", self.name);
            record.trip(slot, phases);
        }
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["/", "/a", "/b", "/c"])
}

fn trip() -> impl Strategy<Value = Phases> {
    let phase = proptest::option::of(0..5_000_000_000_u64);
    let version = proptest::sample::select(vec![None, Some(9), Some(10), Some(11), Some(20)]);
    (
        proptest::array::uniform7(phase),
        proptest::array::uniform4(0..3_u32),
        version,
        0..9_999_u64,
    )
        .prop_map(
            |(times, [opened, reused, full, resumed], version, bytes)| Phases {
                times,
                opened,
                reused,
                held: bytes % 3,
                full,
                resumed,
                bytes_out: bytes,
                bytes_in: 2 * bytes,
                version,
            },
        )
}

fn done() -> impl Strategy<Value = Done> {
    let ms = prop_oneof![
        1 => Just(None),
        1 => proptest::sample::select(vec![Some(f64::NAN), Some(f64::INFINITY), Some(1e300), Some(-1.0)]),
        18 => (0.001..5_000.0_f64).prop_map(Some),
    ];
    (
        name(),
        ms,
        1_000.0..1_010.0_f64,
        any::<bool>(),
        proptest::option::weighted(0.3, trip()),
    )
        .prop_map(|(name, ms, now, failed, trip)| Done {
            name,
            ms,
            now,
            failed,
            trip,
        })
}

fn series(record: &Record) -> Vec<Second> {
    let packed = record.seconds(i64::MIN, i64::MAX);
    packed
        .iter()
        .map(|second| second.unpack().unwrap())
        .collect()
}

fn assert_same_row(ours: &Row, theirs: &Row) -> Result<(), TestCaseError> {
    prop_assert_eq!(&ours.times, &theirs.times);
    prop_assert_eq!(&ours.failed, &theirs.failed);
    prop_assert_eq!(&ours.ages, &theirs.ages);
    prop_assert_eq!(ours.outcomes, theirs.outcomes);
    prop_assert_eq!(ours.without_time, theirs.without_time);
    prop_assert_eq!(ours.coarse, theirs.coarse);
    let sorted = |row: &Row| {
        row.trips.clone().map(|mut trips| {
            trips.versions.sort_unstable();
            trips
        })
    };
    prop_assert_eq!(sorted(ours), sorted(theirs));
    Ok(())
}

fn assert_same(ours: &Record, theirs: &Record) -> Result<(), TestCaseError> {
    assert_same_row(&ours.total(), &theirs.total())?;
    let (rows, others) = (ours.rows(), theirs.rows());
    prop_assert_eq!(rows.len(), others.len());
    for ((method, name, row), (other_method, other_name, other)) in rows.into_iter().zip(others) {
        prop_assert_eq!((method, name), (other_method, other_name));
        assert_same_row(row, other)?;
    }
    prop_assert_eq!(series(ours), series(theirs));
    Ok(())
}

/// What rows and seconds add up to is what the total says (P14, P20).
fn assert_adds_up(record: &Record) -> Result<(), TestCaseError> {
    let mut together = record.nameless().clone();
    for (_, name, row) in record.rows() {
        let outcomes = row.outcomes;
        let parts = outcomes.succeeded
            + outcomes.failed
            + outcomes.in_flight()
            + outcomes.cut_off
            + outcomes.unreported;
        prop_assert_eq!(outcomes.started(), parts, "{}", name);
        prop_assert_eq!(row.times.count() + row.without_time, outcomes.requests());
        together.merge(row);
        together.outcomes.under_way += outcomes.under_way;
        together.outcomes.awaited += outcomes.awaited;
        together.outcomes.elsewhere += outcomes.elsewhere;
        together.outcomes.reporting += outcomes.reporting;
    }
    assert_same_row(&together, &record.total())?;
    let window = Second::together(&record.seconds(i64::MIN, i64::MAX));
    prop_assert_eq!(&window.times, &record.total().times);
    prop_assert_eq!(window.requests, record.total().outcomes.requests());
    prop_assert_eq!(window.failures, record.total().outcomes.failed);
    Ok(())
}
