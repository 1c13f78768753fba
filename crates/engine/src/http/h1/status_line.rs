//! Status line: version, code and reason, as http.client or llhttp takes them apart.

use std::ops::Range;

use http::StatusCode;

use super::number::python_int;

/// A status line taken apart.
#[derive(Debug, Clone)]
pub struct StatusLine {
    /// 9, 10, 11, 20: the digits of HTTP/x.y; for `HttpUser` 10 or 11, as http.client has it.
    pub version: u8,
    /// The code.
    pub status: StatusCode,
    /// Where the reason phrase lies.
    pub reason: Range<usize>,
}

/// `line.split(None, 2)`: version, status, and a reason that may hold blanks.
pub fn lenient_status(bytes: &[u8], line: Range<usize>) -> Option<StatusLine> {
    let blank = |b: &u8| matches!(b, b'\t'..=b'\r' | b' ' | 0x1c..=0x1f | 0x85 | 0xa0);
    // Nearly all of them are like this.
    if let Some([a, b, c, b' ', reason @ .., b'\r', b'\n']) =
        bytes[line.clone()].strip_prefix(b"HTTP/1.1 ")
        && [a, b, c].into_iter().all(u8::is_ascii_digit)
        && let [first, .., last] = reason
        && !blank(first)
        && !blank(last)
    {
        return Some(StatusLine {
            version: 11,
            status: StatusCode::from_bytes(&[*a, *b, *c]).ok()?,
            reason: line.start + 13..line.end - 2,
        });
    }
    let mut at = line.start;
    let mut word = || {
        at += bytes[at..line.end].iter().take_while(|b| blank(b)).count();
        let start = at;
        at += bytes[at..line.end].iter().take_while(|b| !blank(b)).count();
        start..at
    };
    let (version, code) = (word(), word());
    let mut reason = at..line.end;
    let lead = bytes[reason.clone()]
        .iter()
        .take_while(|b| blank(b))
        .count();
    reason.start += lead;
    let trail = bytes[reason.clone()]
        .iter()
        .rev()
        .take_while(|b| blank(b))
        .count();
    reason.end -= trail;
    let version = match &bytes[version] {
        b"HTTP/1.0" | b"HTTP/0.9" => 10,
        other if other.starts_with(b"HTTP/1.") => 11,
        _ => return None,
    };
    let code = u16::try_from(python_int(&bytes[code], 10)?).ok()?;
    let status = StatusCode::from_u16(code).ok()?;
    Some(StatusLine {
        version,
        status,
        reason,
    })
}

/// `HTTP/x.y SP ddd [SP reason]`, as llhttp has it.
pub fn strict_status(text: &[u8], offset: usize) -> Option<StatusLine> {
    let rest = text.strip_prefix(b"HTTP/")?;
    let version = match rest.get(..3)? {
        b"0.9" => 9,
        b"1.0" => 10,
        b"1.1" => 11,
        b"2.0" => 20,
        _ => return None,
    };
    let code = rest[3..].strip_prefix(b" ")?;
    let (code, after) = (code.get(..3)?, &code[3..]);
    if !code.iter().all(u8::is_ascii_digit) || after.contains(&b'\r') {
        return None;
    }
    let status = StatusCode::from_bytes(code).ok()?;
    let lead = match after {
        [] => 0,
        [b' ', ..] => 1,
        _ => return None,
    };
    let start = text.len() - after.len() + lead;
    Some(StatusLine {
        version,
        status,
        reason: offset + start..offset + text.len(),
    })
}
