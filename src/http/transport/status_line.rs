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
    let mut at = line.start;
    // Nearly all of them begin like this.
    let usual = bytes[line.clone()].get(..13).is_some_and(|start| {
        start.starts_with(b"HTTP/1.")
            && start[8] == b' '
            && start[9..12].iter().all(u8::is_ascii_digit)
            && blank(&start[12])
    });
    let mut word = || {
        at += bytes[at..line.end].iter().take_while(|b| blank(b)).count();
        let start = at;
        at += bytes[at..line.end].iter().take_while(|b| !blank(b)).count();
        start..at
    };
    let (version, code) = if usual {
        let (version, code) = (at..at + 8, at + 9..at + 12);
        at = code.end;
        (version, code)
    } else {
        (word(), word())
    };
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
