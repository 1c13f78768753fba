//! A `Location` found at a URL (two lines): where it leads can be asked for, and means the same when read again.

#![no_main]

use engine::http::fuzzing::redirect;
use engine::http::{Dialect, Headers, Url};
use http::{HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(2, |&b| b == b'\n');
    let from = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let Some(from) = from.and_then(|text| Url::parse(text).ok()) else {
        return;
    };
    let headers = Headers::from_iter([("Location", lines.next().unwrap_or_default())]);
    for dialect in [Dialect::Requests, Dialect::Fast] {
        for status in [StatusCode::FOUND, StatusCode::PERMANENT_REDIRECT] {
            let Some((_, to)) = redirect(dialect, &Method::POST, &from, status, &headers) else {
                continue;
            };
            assert_eq!(Url::parse(to.as_str()).as_ref(), Ok(&to));
            assert!(HeaderValue::try_from(to.host_field()).is_ok(), "{to}");
            let target = to.target();
            // what the request came with is the caller's to escape; what the location adds is ours
            if from.as_str().bytes().all(|b| b.is_ascii_graphic()) {
                assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{to}");
                assert!(target.starts_with('/'), "{to}");
            }
        }
    }
});
