//! P4 between processes: what workers report adds up to what one process would have counted.

use engine::record::{Coarse, MOST, Outcomes, Record, Report, Second};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Serialize;

use super::{HOUR, assert_adds_up, assert_same, done, series, shares};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p4_reports_merge(
        done in vec((done(), 0..4_usize, proptest::bool::weighted(0.05)), 0..300),
        shuffle in any::<u64>(),
    ) {
        let mut unsplit = Record::new(100);
        let mut workers: Vec<Record> = (0..4).map(|_| Record::new(100)).collect();
        let mut reports: Vec<(usize, Vec<u8>)> = Vec::new();
        for (request, worker, then_report) in &done {
            request.log(&mut unsplit);
            request.log(&mut workers[*worker]);
            if *then_report {
                reports.push((*worker, workers[*worker].take_report().encode()));
            }
        }
        for (worker, record) in workers.iter_mut().enumerate() {
            reports.push((worker, record.take_report().encode()));
            // A new beginning.
            prop_assert_eq!(record.total().outcomes.started(), 0);
            prop_assert!(series(record).is_empty());
        }
        // Any order: by a multiplicative hash of their number.
        let key = |slot: usize| (slot as u64 + 1).wrapping_mul(shuffle | 1);
        let mut order: Vec<usize> = (0..reports.len()).collect();
        order.sort_by_key(|slot| key(*slot));
        let mut master = Record::new(100);
        for slot in order {
            let (worker, bytes) = &reports[slot];
            master.absorb(&worker.to_string(), &Report::decode(bytes).unwrap());
        }
        assert_same(&master, &unsplit)?;
        assert_adds_up(&master)?;
    }

    #[test]
    fn p4_broken_reports_are_refused(
        done in vec(done(), 1..30), in_flight in 0..3_u32, spoils in vec(spoil(), 1..4), cut in any::<Option<Index>>(),
    ) {
        let mut worker = Record::new(100);
        done.iter().for_each(|request| request.log(&mut worker));
        let slot = worker.slot("GET", "/");
        (0..in_flight).for_each(|_| worker.begin(slot));
        let mut bytes = worker.take_report().encode();
        for (at, patch) in &spoils {
            let at = at.index(bytes.len());
            bytes.splice(at..=at, patch.iter().copied());
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match Report::decode(&bytes) {
            Err(refused) => prop_assert!(!refused.to_string().contains('\n')),
            // A changed digit cannot be told from another report; whatever it says has to be harmless.
            Ok(report) => {
                let mut master = Record::new(3);
                for source in ["one", "two", "one"] {
                    master.absorb(source, &report);
                    done.iter().for_each(|request| request.log(&mut master));
                    prop_assert!(master.rows().len() <= 4);
                    prop_assert!(master.footprint() < 4_000_000);
                }
                for (method, name, row) in master.rows() {
                    prop_assert!(row.view(method, name, true).times.count <= master.total().times.count());
                }
                for second in series(&master) {
                    prop_assert!(second.times.quantiles(&shares()).is_none_or(|times| times.is_sorted()));
                }
                for source in ["one", "two"] {
                    master.forget(source);
                }
                let elsewhere = |outcomes: &Outcomes| outcomes.in_flight();
                prop_assert!(master.rows().iter().all(|(_, _, row)| elsewhere(&row.outcomes) == 0));
                prop_assert_eq!(elsewhere(&master.total().outcomes), 0);
            }
        }
    }
}

/// Where, and what comes there instead of one byte: another, or a whole value as MessagePack has it.
fn spoil() -> impl Strategy<Value = (Index, Vec<u8>)> {
    let number = |kind: u8| {
        let edge = proptest::sample::select(vec![0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 53]);
        prop_oneof![edge, any::<u64>()]
            .prop_map(move |number| [&[kind], &number.to_be_bytes()[..]].concat())
    };
    let patch = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        number(0xcf), // without a sign
        number(0xd3), // with one
        proptest::sample::select(vec![vec![0x80], vec![0x90], vec![0xc0], vec![]]),
    ];
    (any::<Index>(), patch)
}

#[test]
fn p16_what_reports_say_of_time_takes_no_room_without_end() {
    let mut worker = Record::new(10);
    (0..300).for_each(|at| worker.log("GET", "/", Some(at as f64), at as f64));
    let mut master = Record::new(10);
    master.absorb(
        "worker",
        &Report::decode(&worker.take_report().encode()).unwrap(),
    );
    let all = MOST as i64 + 200;
    // And a clock that is nowhere.
    let nowhere = [(i64::MIN, 3), (-1, 2), (i64::MAX, 4)];
    let coarse = Coarse {
        seconds: (0..all).map(|at| (at, 1)).chain(nowhere).collect(),
        ..Coarse::default()
    };
    master.absorb_coarse("GET", "/", &coarse);
    let seconds = master.seconds(i64::MIN, i64::MAX);
    assert!(seconds.len() <= 5 * MOST + 2);
    assert!(seconds.is_sorted_by_key(|second| second.at));
    assert!(
        seconds
            .iter()
            .all(|second| (0..=253_402_300_799).contains(&second.at))
    );
    let together = Second::together(&seconds);
    assert_eq!(together.requests, 300 + all as u64 + 9);
    assert_eq!(together.times, master.total().times);
}

#[derive(Serialize)]
struct Foreign<'a> {
    format: &'a str,
    version: u32,
    buckets: (u64, u8, u64),
    rows: Vec<ForeignRow<'a>>,
    novelty: &'a str,
}

#[derive(Serialize)]
struct ForeignRow<'a> {
    method: &'a str,
    name: &'a str,
    succeeded: u64,
    failed: u64,
    without_time: u64,
    novelty: [u8; 3],
}

impl Foreign<'_> {
    fn decode(&self) -> Result<Report, String> {
        Report::decode(&rmp_serde::to_vec_named(self).unwrap())
            .map_err(|refused| refused.to_string())
    }
}

fn foreign() -> Foreign<'static> {
    Foreign {
        format: "locust-native record",
        version: 2,
        buckets: (1, 3, HOUR as u64),
        rows: vec![ForeignRow {
            method: "GET",
            name: "/",
            succeeded: 3,
            failed: 0,
            without_time: 3,
            novelty: [1, 2, 3],
        }],
        novelty: "of a later version",
    }
}

#[test]
fn p4_a_report_with_more_fields_is_read() {
    let mut record = Record::new(10);
    record.absorb("worker", &foreign().decode().unwrap());
    assert_eq!(record.row("GET", "/").unwrap().outcomes.succeeded, 3);
    assert_eq!(record.total().without_time, 3);
}

#[test]
fn p4_other_configurations_are_refused() {
    for version in [1, 3] {
        let version = Foreign {
            version,
            ..foreign()
        };
        assert_eq!(
            version.decode().unwrap_err(),
            format!(
                "its figures are of version {}, and only version 2 is known here: install the same locust-native \
                 everywhere",
                version.version
            )
        );
    }
    let buckets = Foreign {
        buckets: (1_000, 2, 60_000),
        ..foreign()
    };
    assert!(buckets.decode().unwrap_err().contains("(1000, 2, 60000)"));
    let format = Foreign {
        format: "song",
        ..foreign()
    };
    assert!(format.decode().unwrap_err().contains("\"song\""));
    let mut wrong = foreign();
    wrong.rows[0].succeeded = 4;
    assert!(
        wrong
            .decode()
            .unwrap_err()
            .contains("\"/\" does not add up")
    );
    let mut huge = foreign();
    huge.rows[0].succeeded = u64::MAX;
    huge.rows[0].without_time = u64::MAX;
    let huge = huge.decode().unwrap();
    let mut record = Record::new(10);
    record.absorb("one", &huge);
    record.absorb("two", &huge); // not beyond what can be counted, but no panic either
    assert_eq!(record.total().outcomes.succeeded, u64::MAX);
}
#[test]
fn coarse_figures_are_merged_as_they_are_and_marked() {
    let mut record = Record::new(10);
    record.log("GET", "/fine", Some(1.5), 7.0);
    let coarse = Coarse {
        times: vec![(12.0, 3), (1_200.0, 2)],
        without_time: 1,
        failures: 2,
        seconds: vec![(7, 4), (8, 2)],
        failed_seconds: vec![(8, 2)],
        exact: None,
    };
    record.absorb_coarse("GET", "/", &coarse);
    let row = record.row("GET", "/").unwrap();
    assert!(row.coarse);
    assert_eq!(
        row.times
            .buckets()
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        5
    );
    assert_eq!(row.times.max(), Some(1_200_000_000));
    assert_eq!(
        (
            row.outcomes.succeeded,
            row.outcomes.failed,
            row.without_time
        ),
        (4, 2, 1)
    );
    assert!(record.total().coarse);
    assert!(!record.row("GET", "/fine").unwrap().coarse);
    let seconds = series(&record);
    let told: Vec<_> = seconds
        .iter()
        .map(|s| (s.at, s.requests, s.failures))
        .collect();
    assert_eq!(told, [(7, 5, 0), (8, 2, 2)]);
    // A failure that nobody logged as a request.
    record.absorb_coarse(
        "",
        "alone",
        &Coarse {
            failures: 2,
            ..Coarse::default()
        },
    );
    let alone = record.row("", "alone").unwrap();
    assert_eq!(
        (
            alone.outcomes.requests(),
            alone.outcomes.failed,
            alone.without_time
        ),
        (2, 2, 2)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Buckets as Locust has them: two digits, whole milliseconds.
    #[test]
    fn p1_what_a_stock_worker_has_not_rounded_stays_exact(times in vec(0.001..100_000.0_f64, 1..100)) {
        let rounded = |ms: f64| {
            let step = 10_f64.powf(ms.log10().floor() - 1.0).max(1.0);
            (ms / step).round() * step
        };
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        let (least, greatest) = (sorted[0], sorted[sorted.len() - 1]);
        let coarse = Coarse {
            times: times.iter().map(|ms| (rounded(*ms), 1)).collect(),
            exact: Some([times.iter().sum(), least, greatest]),
            ..Coarse::default()
        };
        let mut record = Record::new(10);
        record.absorb_coarse("GET", "/", &coarse);
        let told = record.row("GET", "/").unwrap().times.spread();
        let close = |told: Option<f64>, exact: f64| (told.unwrap() - exact).abs() <= 1e-6 + exact * 1e-9;
        prop_assert!(close(told.min, least) && close(told.max, greatest));
        prop_assert!(close(told.mean, times.iter().sum::<f64>() / times.len() as f64));
        // What cannot be is not believed.
        for exact in [[1.0, f64::NAN, 2.0], [f64::INFINITY, least, greatest], [1e300, least, greatest],
                      [times.iter().sum(), greatest + 1.0, least], [-1e9, least, greatest]] {
            let mut other = Record::new(10);
            other.absorb_coarse("GET", "/", &Coarse { exact: Some(exact), ..coarse.clone() });
            let told = &other.row("GET", "/").unwrap().times;
            prop_assert_eq!(told.count(), times.len() as u64);
            prop_assert_eq!(told.max().unwrap() % 1_000_000, 0);
        }
    }
}
