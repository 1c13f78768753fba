//! Set-Cookie fields, one a line after the URL they came from: what the jar keeps, it can send and keep again.

#![no_main]

use engine::http::cookies::Jar;
use engine::http::{Dialect, Headers, Url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|&b| b == b'\n');
    let Some(url) = lines
        .next()
        .and_then(|line| Url::parse(std::str::from_utf8(line).ok()?).ok())
    else {
        return;
    };
    let headers: Headers = lines.map(|line| ("Set-Cookie", line)).collect();
    for dialect in [Dialect::Requests, Dialect::Fast] {
        let mut jar = Jar::default();
        jar.take(dialect, &url, None, &headers);
        let kept = jar.cookies().to_vec();
        for (at, one) in kept.iter().enumerate() {
            for other in &kept[at + 1..] {
                let same = (&one.domain, &one.path, &one.name) == (&other.domain, &other.path, &other.name);
                assert!(!same, "kept twice: {one:?}");
            }
        }
        jar.replace(kept.clone());
        assert_eq!(jar.cookies(), kept);
        let known = jar.domains();
        let extra = [("name".to_owned(), "value".to_owned())];
        let field = jar.field(dialect, &url, None, &extra, &known);
        assert!(field.is_some(), "a field that cannot be sent: {kept:?}");
    }
});
