//! A request to the mock shop (target, fields, an empty line, body): it is read without a complaint;
//! and so are the same bytes as a connection begins with them.

#![no_main]

use mock_saleor::fuzzing::{plain_length, read};
use http::{HeaderName, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    assert!(plain_length(data) <= data.len());
    let cut = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = cut.map_or((data, &b""[..]), |at| (&data[..at], &data[at + 2..]));
    let mut lines = head.split(|&b| b == b'\n');
    let Ok(mut request) = Request::post(lines.next().unwrap_or_default()).body(()) else {
        return;
    };
    for line in lines {
        let mut field = line.splitn(2, |&b| b == b':');
        let name = HeaderName::from_bytes(field.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(field.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    let _ = read(&request.into_parts().0, body);
});
