//! P4 between processes: what workers report adds up to what one process would have counted.

use _core::record::{Coarse, Record, Report};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Serialize;

use super::{HOUR, assert_adds_up, assert_same, done, series};

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
            prop_assert_eq!(record.total().ends.started(), 0);
            prop_assert!(series(record).is_empty());
        }
        // Any order: by a multiplicative hash of their number.
        let key = |place: usize| (place as u64 + 1).wrapping_mul(shuffle | 1);
        let mut order: Vec<usize> = (0..reports.len()).collect();
        order.sort_by_key(|place| key(*place));
        let mut master = Record::new(100);
        for place in order {
            let (worker, bytes) = &reports[place];
            master.absorb(&worker.to_string(), &Report::decode(bytes).unwrap());
        }
        assert_same(&master, &unsplit)?;
        assert_adds_up(&master)?;
    }

    #[test]
    fn p4_broken_reports_are_refused(
        done in vec(done(), 1..30), at in any::<Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut worker = Record::new(100);
        done.iter().for_each(|request| request.log(&mut worker));
        let mut bytes = worker.take_report().encode();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        match Report::decode(&bytes) {
            Err(refused) => prop_assert!(!refused.to_string().contains('\n')),
            // A changed digit in a time or a name cannot be told from another report.
            Ok(report) => {
                let mut master = Record::new(100);
                master.absorb("worker", &report);
                let sum: u64 = master.rows().iter().map(|(_, _, row)| row.ends.started()).sum();
                prop_assert_eq!(sum, master.total().ends.started());
            }
        }
    }
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
        version: 1,
        buckets: (1, 3, HOUR as u64),
        rows: vec![ForeignRow {
            method: "GET",
            name: "/",
            succeeded: 3,
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
    assert_eq!(record.row("GET", "/").unwrap().ends.succeeded, 3);
    assert_eq!(record.total().without_time, 3);
}

#[test]
fn p4_other_configurations_are_refused() {
    let version = Foreign {
        version: 2,
        ..foreign()
    };
    assert!(version.decode().unwrap_err().contains("version 2"));
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
    assert_eq!(record.total().ends.succeeded, u64::MAX);
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
        (row.ends.succeeded, row.ends.failed, row.without_time),
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
        (alone.ends.requests(), alone.ends.failed, alone.without_time),
        (2, 2, 2)
    );
}
