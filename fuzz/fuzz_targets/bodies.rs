//! A body under a Content-Encoding (the first line): it decodes or it does not, in bounded memory.

#![no_main]

use engine::http::{Dialect, Headers};
use engine::http::fuzzing::decode;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&b| b == b'\n');
    let headers = Headers::from_iter([("Content-Encoding", parts.next().unwrap_or_default())]);
    let body = Bytes::copy_from_slice(parts.next().unwrap_or_default());
    for dialect in [Dialect::Requests, Dialect::Fast] {
        let _ = decode(dialect, &headers, body.clone());
    }
});
