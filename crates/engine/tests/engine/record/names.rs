//! P16: names without end take no room without end, and nothing is lost.

use std::time::Duration;

use engine::record::{LONGEST_NAME, OTHERS, Record, Report, shape};
use proptest::collection::vec;
use proptest::prelude::*;

use super::assert_adds_up;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p16_names_are_capped_and_nothing_is_lost(
        names in vec((0..40_u32, any::<bool>()), 0..200), room in 0..20_usize,
    ) {
        let mut record = Record::new(room);
        let mut own: Vec<u32> = Vec::new();
        let mut others = 0;
        for (number, failed) in &names {
            if !own.contains(number) && own.len() < room {
                own.push(*number);
            }
            others += u64::from(!own.contains(number));
            let name = format!("/product/{number}");
            record.log("GET", &name, Some(f64::from(*number)), 1.0);
            if *failed {
                record.fail("GET", &name, 1.0);
            }
        }
        prop_assert_eq!(record.total().outcomes.requests(), names.len() as u64);
        assert_adds_up(&record)?;
        prop_assert_eq!(record.rows().len(), own.len() + usize::from(others > 0));
        match record.overflowed() {
            None => prop_assert_eq!(others, 0),
            Some((requests, worst)) => {
                prop_assert_eq!(requests, others);
                prop_assert_eq!(&*worst.shape, "/product/*");
                prop_assert!(worst.count >= others);
                prop_assert!(worst.example.starts_with("/product/"));
            }
        }
        // And from a worker to a master that has less room.
        let mut master = Record::new(room / 2);
        master.absorb("worker", &Report::decode(&record.take_report().encode()).unwrap());
        prop_assert_eq!(master.total().outcomes.requests(), names.len() as u64);
        assert_adds_up(&master)?;
        prop_assert!(master.rows().len() <= room / 2 + 1);
    }
}
#[test]
fn p16_memory_is_bounded() {
    let mut record = Record::new(50);
    let fill = |record: &mut Record| {
        for n in 0..20_000_u32 {
            let ms = 10.0 + f64::from(n % 997) * f64::from(n % 31);
            let name = format!("/product/{}", n % 5_000);
            record.log("GET", &name, Some(ms), f64::from(n / 1_000));
        }
    };
    fill(&mut record);
    let before = record.footprint();
    (0..5).for_each(|_| fill(&mut record));
    let after = record.footprint();
    assert_eq!(record.total().outcomes.requests(), 120_000);
    // The counts of the total outgrow 16 bits here and there; nothing else is new.
    assert!(after < before + before / 4, "{before} bytes, then {after}");
    record.reset();
    assert!(record.footprint() < before / 2);
    assert_eq!(record.rows().len(), 51);
}
#[test]
fn p16_names_cost_what_a_short_one_may() {
    let mut record = Record::new(100);
    // Two bytes a letter, and none of them cut in two.
    let long = format!("/{}", "ü".repeat(500_000));
    for number in 0..120 {
        let name = format!("/{number}{long}");
        let begun = record.slot(&name, &name);
        record.begin(begun);
        let ended = record.slot("GET", &name);
        record.finish(begun, ended);
        record.log("GET", &name, Some(1.0), 1.0);
        record.reported(ended);
    }
    let cost = record.footprint() / 100;
    assert!(cost < 2 * LONGEST_NAME + 1_000, "{cost} bytes a name");
    assert_eq!(
        record
            .row("GET", &format!("/7{long}, and more"))
            .unwrap()
            .outcomes
            .succeeded,
        1
    );
    assert_eq!(record.total().outcomes.succeeded, 120);
    for (_, name, _) in record.rows() {
        assert!(name.len() <= LONGEST_NAME && (name == OTHERS.1 || name.ends_with('ü')));
    }
    // What a worker sends has the same bounds, and so has what its report is refused with.
    let mut master = Record::new(10);
    master.absorb(
        "worker",
        &Report::decode(&record.take_report().encode()).unwrap(),
    );
    assert_eq!(master.total().outcomes.succeeded, 120);
    assert!(master.footprint() < 200_000);
}
#[test]
fn requests_that_are_renamed_take_no_room() {
    let mut record = Record::new(2);
    for number in 0..100 {
        let begun = record.slot(&format!("VERB{number}"), &format!("/product/{number}"));
        record.begin(begun);
        let ended = record.slot("GET", "/product/[id]");
        record.finish(begun, ended);
        record.log("GET", "/product/[id]", Some(1.0), 1.0);
        record.reported(ended);
        // What is heard of a place that somebody else has now is not about him.
        record.cut_off(begun, Duration::ZERO);
    }
    let rows: Vec<_> = record
        .rows()
        .iter()
        .map(|(_, name, row)| (name.to_string(), row.outcomes.started()))
        .collect();
    assert_eq!(rows, [("/product/[id]".to_owned(), 100)]);
    assert_eq!(record.overflowed(), None);
    assert_eq!(record.total().outcomes.in_flight(), 0);
}
#[test]
fn shapes_show_what_names_have_in_common() {
    for (name, expected) in [
        ("/product/123", "/product/*"),
        ("/product/123/", "/product/*/"),
        ("/user12/page3?x=4", "/user*/page*?x=*"),
        ("/o/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/o/*"),
        ("/o/aaaaaaaa-bbbb-41d3-cafe-0305e82c3301", "/o/*"),
        ("/t/aZ3kQ9xx2", "/t/*"),
        ("/deadbeef", "/*"),
        ("/face/a/added", "/face/a/added"),
        ("/2026-11-22", "/*"),
        ("/v2/überblick/7", "/v*/überblick/*"),
        ("", ""),
    ] {
        assert_eq!(shape(name), expected, "{name}");
    }
    let mut record = Record::new(0);
    for number in 0..500 {
        let word: String = (0..3)
            .map(|slot| char::from(b'g' + (number / 20_u32.pow(slot) % 20) as u8))
            .collect();
        record.log("GET", &format!("/{word}/x"), None, 1.0);
        record.log("GET", &format!("/item/{number}"), None, 1.0);
    }
    let (requests, worst) = record.overflowed().unwrap();
    assert_eq!(
        (requests, &*worst.shape, worst.count),
        (1_000, "/item/*", 500)
    );
    assert_eq!(worst.example, "/item/0");
    assert_eq!(record.rows()[0].0, OTHERS.0);
    assert_eq!(record.rows()[0].1, OTHERS.1);
}
