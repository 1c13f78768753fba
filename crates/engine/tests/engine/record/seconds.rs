//! P20: the seconds add up to the total, and a window is exactly its seconds.

use engine::histogram::Histogram;
use engine::record::{Record, Report, Second};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Done, HOUR, assert_adds_up, assert_close, done, exact, series, shares};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p20_seconds_add_up(
        done in vec(done(), 0..300), from in 999..1_011_i64, length in 0..12_i64,
    ) {
        let mut record = Record::new(100);
        done.iter().for_each(|request| request.log(&mut record));
        assert_adds_up(&record)?;
        let seconds = series(&record);
        prop_assert!(seconds.is_sorted_by_key(|second| second.at));
        for second in seconds {
            let own = |request: &&Done| request.now.floor() as i64 == second.at;
            prop_assert_eq!(second.requests, done.iter().filter(own).count() as u64);
            let failed = done.iter().filter(own).filter(|request| request.failed).count();
            prop_assert_eq!(second.failures, failed as u64);
        }
        // The exact last seconds, not a window that is nearly there.
        let mut within: Vec<i64> = done
            .iter()
            .filter(|request| (from..from + length).contains(&(request.now.floor() as i64)))
            .filter_map(|request| request.ms.filter(|ms| ms.is_finite()))
            .map(|ms| (ms * 1e6).round() as i64)
            .collect();
        within.sort_unstable();
        let window = Second::together(&record.seconds(from, from + length)).times;
        prop_assert_eq!(window.count(), within.len() as u64);
        if (within.first(), within.last()) > (Some(&0), None) && within.last() <= Some(&HOUR) {
            for (told, share) in window.quantiles(&shares()).unwrap().iter().zip(shares()) {
                assert_close(*told, exact(&within, share))?;
            }
        }
    }
}

/// A test of so many seconds, of which each has `each` requests with as many different times as thousands of requests of
/// a quick server have: what its record takes more at the end than after the first minute, in bytes.
fn grown(seconds: i64, each: i64) -> usize {
    let mut record = Record::new(10);
    let mut expected = Histogram::default();
    let mut after_a_minute = 0;
    for second in 0..seconds {
        for n in 0..each {
            let ns = 20_000 + (second * 7_919 + n * 104_729) % 2_000_003;
            record.log("GET", "/", Some(ns as f64 / 1e6), second as f64);
            expected.record_ns(ns, 1);
        }
        if second == 60 {
            after_a_minute = record.footprint();
        }
    }
    let together = Second::together(&record.seconds(i64::MIN, i64::MAX));
    let requests = u64::try_from(seconds * each).unwrap();
    assert_eq!((together.requests, &together.times), (requests, &expected));
    // The latest are exact, and what is older follows without a gap, coarser the older it is.
    let kept = series(&record);
    assert!(kept.iter().rev().take(600).all(|second| second.width == 1));
    assert!(kept.is_sorted_by_key(|second| u32::MAX - second.width));
    let mut covered = 0;
    for second in &kept {
        assert!(second.at <= covered);
        covered = covered.max(second.at + i64::from(second.width));
    }
    assert_eq!(covered, seconds);
    record.footprint() - after_a_minute
}

#[test]
fn a_long_test_takes_a_fixed_room_and_loses_nothing() {
    let grown = grown(12_000, 300);
    assert!(grown < 10 << 20, "{} KiB", grown >> 10);
}

/// `cargo test --release -p locust-native-engine -- --ignored --nocapture a_day`
#[test]
#[ignore = "a measurement: what the record of a day at full rate takes"]
fn a_day_at_full_rate_takes_less_than_64_mib() {
    let grown = grown(86_400, 2_000);
    println!(
        "a day at full rate: {:.1} MiB more than after the first minute",
        grown as f64 / (1 << 20) as f64
    );
    assert!(grown < 64 << 20);
}

#[test]
fn what_is_told_of_a_second_long_past_is_counted() {
    let mut record = Record::new(10);
    for second in 0..6_000_i64 {
        for n in 0..300_i64 {
            let ms = ((second * 7_919 + n * 104_729) % 2_000_003) as f64 / 1e6;
            record.log("GET", "/", Some(ms), second as f64);
        }
    }
    record.log("GET", "/", Some(77.0), 5.0);
    record.fail("GET", "/", 5.0);
    record.log("GET", "/", Some(1.0), 6_000.0);
    record.log("GET", "/", Some(1.0), 6_001.0);
    assert_adds_up(&record).unwrap();
    let points = record.series(60, 0);
    assert_eq!(points[0].failures, 1);
    assert_eq!(
        points.iter().map(|point| point.requests).sum::<u64>(),
        1_800_003
    );
}

/// A record of a test of so many seconds with so many requests in each.
fn steady(seconds: i64, rate: i64) -> Record {
    let mut record = Record::new(10);
    for second in 0..seconds {
        for n in 0..rate {
            let ms = 1.0 + ((second * 7_919 + n * 104_729) % 1_009) as f64 / 100.0;
            record.log("GET", "/", Some(ms), second as f64);
        }
    }
    record
}

#[test]
fn the_width_of_points_follows_the_rate_and_not_the_length_of_the_test() {
    for (rate, width) in [(1, 60), (3, 30), (30, 2), (50, 1), (400, 1)] {
        for seconds in [120, 600, 1_200] {
            let record = steady(seconds, rate);
            assert_eq!(
                record.series_width(),
                width,
                "{rate} requests/s, {seconds} s"
            );
        }
    }
    assert_eq!(Record::new(10).series_width(), 1);
    // Hours by the second are more than a chart can show.
    assert_eq!(steady(9_000, 50).series_width(), 5);
}

#[test]
fn points_are_the_merged_seconds_and_their_medians_those_of_the_test() {
    let record = steady(900, 5);
    let median = record.times().quantiles(&[0.5]).unwrap()[0] as f64;
    let points = record.series(record.series_width(), i64::MIN);
    assert_eq!(
        points.iter().map(|point| point.requests).sum::<u64>(),
        4_500
    );
    for point in &points {
        let own = point.times.quantiles(&[0.5]).unwrap()[0] as f64;
        assert!((own / median - 1.0).abs() < 0.35, "{own} {median}");
    }
    // From the point on in which a second lies.
    let tail = record.series(10, 895);
    assert_eq!(
        tail.iter()
            .map(|point| (point.at, point.requests))
            .collect::<Vec<_>>(),
        [(890, 50)]
    );
}

/// A record of so many seconds, of which the older ones are kept in wider stretches.
fn thinned(seconds: i64) -> Record {
    let mut record = Record::new(10);
    for second in 0..seconds {
        for n in 0..300_i64 {
            let ms = ((second * 7_919 + n * 104_729) % 2_000_003) as f64 / 1e6;
            record.log("GET", "/", Some(ms), second as f64);
        }
    }
    assert!(series(&record).iter().any(|second| second.width > 1));
    record
}

#[test]
fn old_stretches_of_two_workers_lie_where_they_were() {
    let mut worker = thinned(9_000);
    let points = |record: &Record, each: u64| -> Vec<_> {
        let points = record.series(600, 0).into_iter();
        points
            .map(|point| (point.at, point.width, each * point.requests))
            .collect()
    };
    let own = points(&worker, 2);
    let report = Report::decode(&worker.take_report().encode()).unwrap();
    let mut master = Record::new(10);
    master.absorb("one", &report);
    master.absorb("two", &report);
    assert_eq!(points(&master, 1), own);
}

#[test]
fn no_old_stretch_lies_in_two_points() {
    let record = thinned(7_000);
    for rate in [1, 3, 4, 12, 30, 400] {
        let width = steady(1_200, rate).series_width();
        for point in record.series(width, 0) {
            let seconds = (point.at + i64::from(point.width)).min(7_000) - point.at;
            let requests = 300 * u64::try_from(seconds).unwrap();
            assert_eq!(point.requests, requests, "{width} s, from {}", point.at);
        }
    }
}
