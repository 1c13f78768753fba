//! The counter: what it counts, what it refuses, and that nothing is lost on the way out.

use engine::locust_counts::{Number, Sample, Stats, TOTAL, bucket};
use proptest::prelude::*;

fn sample(response_time: f64, now: f64) -> Sample {
    Sample::new(Some(Number::Float(response_time)), 10, now).unwrap()
}

fn open(names: &[&str]) -> (Stats, Vec<usize>) {
    let mut stats = Stats::default();
    stats.open(TOTAL, Number::Int(0));
    let places: Vec<usize> = names.iter().map(|name| stats.place("GET", name)).collect();
    places
        .iter()
        .for_each(|&place| stats.open(place, Number::Int(0)));
    (stats, places)
}

#[test]
fn ties_go_to_the_even_bucket() {
    for (time, expected) in [
        (0.5, 0),
        (1.5, 2),
        (2.5, 2),
        (99.5, 100),
        (105.0, 100),
        (115.0, 120),
        (105.000_000_000_000_01, 110),
        (114.999_999_999_999_99, 110),
        (995.0, 1000),
        (1050.0, 1000),
        (1150.0, 1200),
        (9950.0, 10_000),
        (10_500.0, 10_000),
        (11_500.0, 12_000),
        (-0.4, 0),
        (-2.5, -2),
    ] {
        assert_eq!(bucket(Number::Float(time)), expected, "{time}");
    }
    assert_eq!(bucket(Number::Int(147)), 150);
    assert_eq!(bucket(Number::Int(3432)), 3400);
    assert_eq!(bucket(Number::Int(58_760)), 59_000);
}

#[test]
fn a_sample_is_counted_once_in_its_entry_and_in_the_total() {
    let (mut stats, places) = open(&["/", "/cart"]);
    assert!(stats.record("GET", "/", &sample(12.5, 1000.25)));
    assert!(stats.record("GET", "/cart", &sample(147.0, 1000.5)));
    assert!(stats.record("GET", "/", &Sample::new(None, 5, 1000.75).unwrap()));

    let own = stats.drain(places[0]).unwrap();
    assert_eq!(
        (
            own.second,
            own.requests,
            own.without_time,
            own.content_length
        ),
        (1000, 2, 1, 15)
    );
    assert_eq!(
        (own.total, own.min, own.max),
        (Number::Float(12.5), own.max, Some(Number::Float(12.5)))
    );
    assert_eq!(
        (own.last, own.buckets.into_counts()),
        (1000.75, vec![(12, 1)])
    );

    let total = stats.drain(TOTAL).unwrap();
    assert_eq!((total.requests, total.total), (3, Number::Float(159.5)));
    assert_eq!(total.buckets.into_counts(), [(12, 1), (150, 1)]);
    assert!(stats.drain(TOTAL).is_none(), "drained twice");
    assert!(
        stats.drain(places[1]).is_some(),
        "draining one place took another's counts"
    );
}

#[test]
fn another_second_is_refused_until_the_first_is_drained() {
    let (mut stats, places) = open(&["/"]);
    assert!(stats.record("GET", "/", &sample(1.0, 1000.9)));
    assert!(!stats.record("GET", "/", &sample(1.0, 1001.0)));
    assert_eq!(
        stats.drain(TOTAL).unwrap().requests,
        1,
        "the refused sample was counted"
    );
    assert!(
        !stats.record("GET", "/", &sample(1.0, 1001.0)),
        "the entry still holds the second before"
    );
    assert!(stats.drain(places[0]).is_some());
    assert!(stats.record("GET", "/", &sample(1.0, 1001.0)));
}

#[test]
fn only_open_places_count() {
    let (mut stats, places) = open(&["/"]);
    assert!(!stats.record("GET", "/unknown", &sample(1.0, 1000.0)));
    assert!(!stats.record("POST", "/", &sample(1.0, 1000.0)));
    assert!(stats.record("GET", "/", &sample(1.0, 1000.0)));
    stats.close(places[0]);
    assert!(!stats.record("GET", "/", &sample(1.0, 1000.0)));
    assert_eq!(
        stats.drain(places[0]).unwrap().requests,
        1,
        "closing lost what was counted"
    );
    assert_eq!(stats.place("GET", "/"), places[0]);
    stats.open(places[0], Number::Float(0.5));
    assert!(stats.record("GET", "/", &sample(1.0, 1000.0)));
    assert_eq!(stats.drain(places[0]).unwrap().total, Number::Float(1.5));
    stats.clear();
    assert!(!stats.record("GET", "/", &sample(1.0, 1000.0)));
    assert!(stats.drain(TOTAL).is_none());
}

#[test]
fn what_cannot_be_exact_is_left_to_python() {
    for odd in [f64::NAN, f64::INFINITY, 1e300] {
        assert!(Sample::new(Some(Number::Float(odd)), 0, 1000.0).is_none());
        assert!(Sample::new(None, 0, odd).is_none());
    }
    assert!(Sample::new(Some(Number::Int(i64::MAX)), 0, 1000.0).is_none());
    let (mut stats, _) = open(&["/"]);
    stats.open(TOTAL, Number::Int(i64::MAX));
    assert!(!stats.record(
        "GET",
        "/",
        &Sample::new(Some(Number::Int(1)), 0, 1000.0).unwrap()
    ));
    stats.open(TOTAL, Number::Int(0));
    assert!(stats.record("GET", "/", &Sample::new(None, i64::MAX, 1000.0).unwrap()));
    assert!(!stats.record("GET", "/", &Sample::new(None, 1, 1000.0).unwrap()));
    assert_eq!(stats.drain(TOTAL).unwrap().requests, 1);
}

proptest! {
    /// Split by names and drained at any moments, the sums are those of the undivided stream, to the last bit.
    #[test]
    fn nothing_is_lost_or_rounded_on_the_way(
        samples in prop::collection::vec((0..3_usize, 0.0..20_000.0_f64, any::<bool>()), 0..300)
    ) {
        let names = ["/", "/cart", "/checkout"];
        let (mut stats, places) = open(&names);
        let (mut requests, mut total) = (0, Number::Int(0));
        let mut buckets = std::collections::BTreeMap::<i64, u64>::new();
        let mut take = |stats: &mut Stats| {
            if let Some(pending) = stats.drain(TOTAL) {
                requests += pending.requests;
                total = pending.total;
                for (bucket, count) in pending.buckets.into_counts() {
                    *buckets.entry(bucket).or_default() += count;
                }
            }
        };
        for &(name, time, look) in &samples {
            prop_assert!(stats.record("GET", names[name], &sample(time, 1000.0)));
            if look {
                take(&mut stats);
            }
        }
        take(&mut stats);
        prop_assert_eq!(requests, samples.len() as u64);
        prop_assert_eq!(buckets.values().sum::<u64>(), samples.len() as u64);
        let sum = samples.iter().fold(0.0, |sum, &(_, time, _)| sum + time);
        prop_assert_eq!(total, if samples.is_empty() { Number::Int(0) } else { Number::Float(sum) });
        let by_name: u64 = places.iter().filter_map(|&place| stats.drain(place)).map(|own| own.requests).sum();
        prop_assert_eq!(by_name, samples.len() as u64);
    }
}

/// A request that is known by a spot is counted where its names are.
#[test]
fn a_spot_leads_to_the_entry_of_its_names() {
    let mut stats = Stats::default();
    let sample = |now| Sample::new(Some(Number::Float(2.5)), 10, now).unwrap();
    let names = |name| move || Some(("GET", name));
    let nobody = || -> Option<(&str, &str)> { panic!("the spot is known") };
    assert!(!stats.record_at((3, 1), names("/a"), &sample(7.5)));
    let places = ["/a", "/b"].map(|name| stats.place("GET", name));
    for place in [0, places[0], places[1]] {
        stats.open(place, Number::Int(0));
    }
    assert!(stats.record_at((3, 1), names("/a"), &sample(7.5)));
    assert!(stats.record_at((3, 1), nobody, &sample(7.5)));
    // Its number has been given to another name.
    assert!(stats.record_at((3, 2), names("/b"), &sample(7.5)));
    assert!(stats.record_at((0, 3), names("/a"), &sample(7.5)));
    // Another second is for Python to file.
    assert!(!stats.record_at((3, 2), nobody, &sample(8.5)));
    let counted = [places[0], places[1], 0].map(|place| stats.drain(place).unwrap().requests);
    assert_eq!(counted, [3, 1, 4]);
    stats.clear();
    assert!(!stats.record_at((3, 2), names("/b"), &sample(8.5)));
}
