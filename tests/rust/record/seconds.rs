//! P20: the seconds add up to the total, and a window is exactly its seconds.

use _core::record::{Record, Second};
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
