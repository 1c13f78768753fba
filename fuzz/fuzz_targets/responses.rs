//! A whole answer off the wire: read without a complaint, and alike however it comes apart.

#![no_main]

use engine::http::Dialect;
use engine::http::fuzzing::read;
use http::Method;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&way, data)) = data.split_first() else {
        return;
    };
    let method = if way & 1 == 0 { Method::GET } else { Method::HEAD };
    for dialect in [Dialect::Requests, Dialect::Fast] {
        let whole = read(dialect, &method, data, data.len());
        for piece in [1, 2 + usize::from(way >> 1) % 60] {
            assert_eq!(read(dialect, &method, data, piece), whole, "{dialect:?} {piece}");
        }
    }
});
