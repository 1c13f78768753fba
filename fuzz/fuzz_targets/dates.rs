//! The `Expires` of a cookie: any text has a date or none, and the date is in a year of four digits.

#![no_main]

use engine::http::fuzzing::date;
use libfuzzer_sys::fuzz_target;

const YEAR: i64 = 31_622_400;

fuzz_target!(|data: &[u8]| {
    let text: String = data.iter().map(|&b| char::from(b)).collect();
    if let Some(seconds) = date(&text, 1_780_000_000) {
        assert!(seconds.abs() < 9000 * YEAR, "{seconds}");
    }
});
