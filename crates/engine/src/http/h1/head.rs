//! Head: status line and header fields of an answer, read line by line as the stock client reads them.
//!
//! `HttpUser`: Lib/http/client.py (`_read_status`, `_read_headers`) and the email parser under it, which
//! take nearly anything. `FastHttpUser`: llhttp, which is strict. What either refuses is [`Malformed`]: the
//! bytes then go to Python, where the stock parser finds the words for it.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use memchr::{memchr, memchr2};

use super::status_line::{StatusLine, lenient_status, strict_status};
use crate::http::headers::byte_scan::{is_token, name_length, shown_length};
use crate::http::headers::{Headers, Places, unfolded};
use crate::http::request::Dialect;

/// http.client's `_MAXLINE`, in bytes, and its `_MAXHEADERS`, which a program may set.
static LONGEST_LINE: AtomicUsize = AtomicUsize::new(65_536);
static MOST_FIELDS: AtomicUsize = AtomicUsize::new(100);
/// Greater limits than these mean none: a head is read no further than its bytes can be counted.
const GREATEST_LIMIT: usize = 1 << 30;
/// llhttp has no limit; a head of this many bytes is not read further.
const LONGEST_HEAD: usize = 1 << 24;

/// The stock client would refuse what has come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Sets how long a line of a head may be, and how many lines of fields there may be, for `HttpUser`.
pub fn limit(longest_line: usize, most_fields: usize) {
    LONGEST_LINE.store(longest_line.min(GREATEST_LIMIT), Ordering::Relaxed);
    MOST_FIELDS.store(most_fields.min(GREATEST_LIMIT), Ordering::Relaxed);
}

fn longest_line() -> usize {
    LONGEST_LINE.load(Ordering::Relaxed)
}

fn most_fields() -> usize {
    MOST_FIELDS.load(Ordering::Relaxed)
}

/// A head read to its end.
#[derive(Debug)]
pub struct Head {
    /// Its first line.
    pub line: StatusLine,
    /// The reason phrase.
    pub reason: Bytes,
    /// The header fields.
    pub headers: Headers,
    /// Its bytes; perhaps there are more in the memory of the fields, which came together with it.
    pub length: usize,
}

/// Reads a head that comes in pieces; told of all bytes so far each time.
#[derive(Debug)]
pub struct HeadReader {
    dialect: Dialect,
    /// Where the first unread line begins, and how far its end has been looked for.
    line_start: usize,
    searched: usize,
    status: Option<StatusLine>,
    fields: Places,
    /// Lines since the status line.
    lines: usize,
    /// The email parser has met a line that is no field: it takes no further ones.
    stopped: bool,
    /// The last line was a field, so that the next may continue it.
    open: bool,
    /// Some field goes on over several lines.
    folded: bool,
}

impl HeadReader {
    /// A reader at the first byte of an answer, whose fields go into `fields`.
    pub fn new(dialect: Dialect, fields: Places) -> Self {
        Self {
            dialect,
            line_start: 0,
            searched: 0,
            status: None,
            fields,
            lines: 0,
            stopped: false,
            open: false,
            folded: false,
        }
    }

    /// Whose rules hold.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads on in `bytes`, all there is so far; `end`: nothing more will come. Returns the length of
    /// the head once it is whole.
    pub fn read(&mut self, bytes: &[u8], end: bool) -> Result<Option<usize>, Malformed> {
        loop {
            if self.status.is_some() && self.searched == self.line_start {
                self.usual(bytes);
            }
            let Some(found) = memchr(b'\n', &bytes[self.searched..]) else {
                self.searched = bytes.len();
                return if end {
                    self.cut(bytes)
                } else {
                    self.early(bytes)
                };
            };
            let next = self.searched + found + 1;
            let line = self.line_start..next;
            self.line_start = next;
            self.searched = next;
            let whole = match self.dialect {
                Dialect::Requests => self.lenient(bytes, line)?,
                Dialect::Fast => self.strict(bytes, line)?,
            };
            if whole {
                return Ok(Some(next));
            }
        }
    }

    /// Whether it has to be written anew, apart from what came together with it.
    pub fn folded(&self) -> bool {
        self.folded
    }

    /// The head that `raw` begins with, once `read` has said it is whole.
    pub fn finish(self, raw: Bytes) -> Option<Head> {
        let line = self.status?;
        let phrase = raw.get(line.reason.clone())?;
        let reason = match line.status.canonical_reason() {
            Some(usual) if usual.as_bytes() == phrase => Bytes::from_static(usual.as_bytes()),
            _ => Bytes::copy_from_slice(phrase), // a slice would have the head counted by those that hold it
        };
        let headers = Headers::new(raw, self.fields);
        if !self.folded {
            return Some(Head {
                length: self.line_start,
                reason,
                line,
                headers,
            });
        }
        let fields = headers.iter();
        let headers: Headers = fields
            .map(|(name, value)| (name, unfolded(value)))
            .collect();
        Some(Head {
            length: headers.raw().len(),
            reason,
            line,
            headers,
        })
    }

    /// Passes over the lines ahead that are fields to either client, without a second look.
    fn usual(&mut self, bytes: &[u8]) {
        let (most_fields, longest_line) = (most_fields(), longest_line());
        while !self.stopped && self.lines < most_fields {
            let line = &bytes[self.line_start..];
            let name = name_length(line);
            if name == 0 || line.get(name) != Some(&b':') {
                return;
            }
            if self.dialect == Dialect::Fast && !line[..name].iter().all(|&b| is_token(b)) {
                return;
            }
            let mut start = name + 1;
            while matches!(line.get(start), Some(b' ' | b'\t')) {
                start += 1;
            }
            let end = start + shown_length(&line[start..]);
            if end + 2 > longest_line || !line[end..].starts_with(b"\r\n") {
                return;
            }
            let at = self.line_start;
            let field = (place(at..at + name), place(at + start..at + end));
            self.fields.push(field);
            self.lines += 1;
            self.open = true;
            self.line_start = at + end + 2;
            self.searched = self.line_start;
        }
    }

    /// http.client takes the end of the stream for the end of the header; llhttp does not.
    fn cut(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        if self.dialect == Dialect::Fast {
            return Err(Malformed);
        }
        if self.line_start < bytes.len() {
            let line = self.line_start..bytes.len();
            self.line_start = bytes.len();
            self.lenient(bytes, line)?;
        }
        if self.status.is_some() {
            Ok(Some(bytes.len()))
        } else {
            Err(Malformed)
        }
    }

    /// What can be refused before the line has come to its end.
    fn early(&self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let line = &bytes[self.line_start..];
        let refused = match self.dialect {
            Dialect::Requests => line.len() > longest_line() || bytes.len() > GREATEST_LIMIT,
            Dialect::Fast => {
                let ends = line.iter().take_while(|b| **b == b'\r').count();
                let begins = b"HTTP/".iter().zip(&line[ends..]).all(|(a, b)| a == b);
                bytes.len() > LONGEST_HEAD || self.status.is_none() && !begins
            }
        };
        if refused { Err(Malformed) } else { Ok(None) }
    }

    /// One line as http.client and the email parser take it; whether it was the last.
    fn lenient(&mut self, bytes: &[u8], line: Range<usize>) -> Result<bool, Malformed> {
        if line.len() > longest_line() {
            return Err(Malformed);
        }
        let text = &bytes[line.clone()];
        if self.status.is_none() {
            self.status = Some(lenient_status(bytes, line).ok_or(Malformed)?);
            return Ok(false);
        }
        self.lines += 1;
        if self.lines > most_fields() {
            return Err(Malformed);
        }
        if text == b"\r\n" || text == b"\n" {
            if self.status.as_ref().is_some_and(|s| s.status == 100) {
                self.again(); // http.client skips "100 Continue" and reads the next head
                return Ok(false);
            }
            return Ok(true);
        }
        // A carriage return ends a line for the email parser.
        let mut start = line.start;
        while start < line.end {
            let mut stop = memchr2(b'\r', b'\n', &bytes[start..line.end])
                .map_or(line.end, |at| start + at + 1);
            if bytes[stop - 1] == b'\r' && stop < line.end && bytes[stop] == b'\n' {
                stop += 1;
            }
            self.lenient_field(bytes, start..stop);
            start = stop;
        }
        Ok(false)
    }

    fn lenient_field(&mut self, bytes: &[u8], line: Range<usize>) {
        let text = &bytes[line.clone()];
        if self.stopped {
            return;
        }
        if matches!(text.first(), Some(b' ' | b'\t')) {
            if self.open
                && let Some((_, value)) = self.fields.last_mut()
            {
                *value = place(value.start as usize..trimmed_end(bytes, &line));
                self.folded = true;
            }
            return;
        }
        self.open = false;
        if text.starts_with(b"From ") {
            return;
        }
        let name = text
            .iter()
            .take_while(|b| matches!(b, b'!'..=b'9' | b';'..=b'~'))
            .count();
        if text.get(name) != Some(&b':') {
            self.stopped = true;
        } else if name > 0 {
            let after = line.start + name + 1;
            let blanks = bytes[after..line.end]
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
            let start = after + blanks;
            let end = trimmed_end(bytes, &line).max(start);
            self.fields
                .push((place(line.start..line.start + name), place(start..end)));
            self.open = true;
        }
    }

    /// One line as llhttp takes it; whether it was the last.
    fn strict(&mut self, bytes: &[u8], line: Range<usize>) -> Result<bool, Malformed> {
        let text = &bytes[line.clone()];
        let Some(status) = &self.status else {
            let ends = text.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
            let lead = ends.count(); // llhttp passes over ends of lines before an answer
            if lead < text.len() {
                let text = text[lead..].strip_suffix(b"\r\n").ok_or(Malformed)?;
                self.status = Some(strict_status(text, line.start + lead).ok_or(Malformed)?);
            }
            return Ok(false);
        };
        let text = text.strip_suffix(b"\r\n").ok_or(Malformed)?;
        if text.is_empty() {
            return match status.status.as_u16() {
                101 => Err(Malformed),
                100..200 => {
                    self.again(); // geventhttpclient reads on until a final answer
                    Ok(false)
                }
                _ => Ok(true),
            };
        }
        let (name, value) = strict_field(text)?;
        let end = line.start + text.len();
        self.fields.push((
            place(line.start..line.start + name.len()),
            place(end - value.len()..end),
        ));
        Ok(false)
    }

    fn again(&mut self) {
        self.status = None;
        self.fields.clear();
        self.lines = 0;
        self.stopped = false;
        self.open = false;
        self.folded = false;
    }
}

fn place(range: Range<usize>) -> Range<u32> {
    // A head is at most LONGEST_HEAD, or a line more than GREATEST_LIMIT: it fits.
    u32::try_from(range.start).unwrap_or(u32::MAX)..u32::try_from(range.end).unwrap_or(u32::MAX)
}

fn trimmed_end(bytes: &[u8], line: &Range<usize>) -> usize {
    let ends = |b: &&u8| matches!(b, b'\r' | b'\n');
    line.end - bytes[line.clone()].iter().rev().take_while(ends).count()
}

/// Name and value of a line (its end cut off) that llhttp takes for a field, in a head or behind chunks.
pub fn strict_field(line: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let colon = memchr(b':', line).ok_or(Malformed)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    // Without an early end, which would keep it from looking at many bytes at once.
    let bad = |b: u8| (b < b' ') & (b != b'\t') | (b == 0x7f);
    let malformed = value.iter().fold(false, |malformed, &b| malformed | bad(b));
    if malformed || name.is_empty() || !name.iter().all(|&b| is_token(b)) {
        return Err(Malformed);
    }
    let blanks = value
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    Ok((name, &value[blanks..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Seen = (u16, u8, String, Vec<(String, String)>);

    /// Status, version, reason and fields, fed in pieces of every size; None where it is odd.
    fn read(dialect: Dialect, bytes: &[u8]) -> Option<Seen> {
        let text = |bytes: &[u8]| bytes.iter().map(|&b| char::from(b)).collect::<String>();
        let mut outcomes = (1..=bytes.len()).map(|piece| {
            let mut reader = HeadReader::new(dialect, Vec::new());
            let mut length = None;
            let mut upto = 0;
            while length.is_none() {
                upto = (upto + piece).min(bytes.len());
                length = reader.read(&bytes[..upto], false).ok()?;
                if upto == bytes.len() && length.is_none() {
                    length = reader.read(bytes, true).ok()?;
                    length?;
                }
            }
            let head = reader.finish(Bytes::copy_from_slice(&bytes[..length?]))?;
            let fields = head.headers.iter().map(|(n, v)| (text(n), text(v)));
            Some((
                head.line.status.as_u16(),
                head.line.version,
                text(&head.reason),
                fields.collect(),
            ))
        });
        let first = outcomes.next().unwrap();
        assert!(
            outcomes.all(|outcome| outcome == first),
            "differs by pieces"
        );
        first
    }

    fn fields(dialect: Dialect, lines: &str) -> Option<Vec<(String, String)>> {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        read(dialect, head.as_bytes()).map(|(.., fields)| fields)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        Some(pairs.iter().map(owned).collect())
    }

    #[test]
    fn both_keep_order_case_and_trailing_blanks() {
        for dialect in [Dialect::Requests, Dialect::Fast] {
            let seen = fields(dialect, "x-B: 1\r\nA:\t two \r\nx-b:\r\n");
            assert_eq!(seen, pairs(&[("x-B", "1"), ("A", "two "), ("x-b", "")]));
        }
    }

    #[test]
    fn what_http_client_takes_and_llhttp_refuses() {
        for (lines, want) in [
            ("A: 1\nB: 2\r\n", &[("A", "1"), ("B", "2")][..]),
            (
                "A: 1 \r\n\t more\r\n \r\n and\r\nB:\r\n 2\r\n",
                &[("A", "1 more  and"), ("B", " 2")],
            ),
            ("A: 1\r\nno colon\r\nB: 2\r\n", &[("A", "1")]),
            (": 1\r\nB: 2\r\n", &[("B", "2")]),
            (" lost\r\nB: 2\r\n", &[("B", "2")]),
            ("A: 1\0\r\n", &[("A", "1\0")]),
            ("A: 1\rB: 2\r\n", &[("A", "1"), ("B", "2")]),
        ] {
            assert_eq!(fields(Dialect::Requests, lines), pairs(want), "{lines:?}");
            assert_eq!(fields(Dialect::Fast, lines), None, "{lines:?}");
        }
    }

    #[test]
    fn status_lines() {
        let line = |dialect, line: &str| {
            let head = format!("{line}\r\n\r\n");
            read(dialect, head.as_bytes())
                .map(|(status, version, reason, _)| (status, version, reason))
        };
        let (lenient, strict) = (Dialect::Requests, Dialect::Fast);
        let ok = |version| Some((200, version, "OK".to_owned()));
        assert_eq!(line(lenient, "HTTP/1.1  200 \t OK "), ok(11));
        assert_eq!(line(strict, "HTTP/1.1  200 \t OK "), None);
        assert_eq!(line(lenient, "HTTP/1.7 200 OK"), ok(11));
        assert_eq!(line(strict, "HTTP/1.7 200 OK"), None);
        assert_eq!(line(lenient, "HTTP/2.0 200 OK"), None);
        assert_eq!(line(strict, "HTTP/2.0 200 OK"), ok(20));
        for malformed in [
            "",
            "garbage",
            "HTTP/1.1",
            "HTTP/1.1 99 OK",
            "HTTP/1.1 1000 OK",
            "HTTP/1.1 abc",
        ] {
            assert_eq!(line(lenient, malformed), None, "{malformed:?}");
        }
        for dialect in [lenient, strict] {
            assert_eq!(
                line(dialect, "HTTP/1.1 200"),
                Some((200, 11, String::new()))
            );
            let interim = "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.0 200 OK\r\n\r\n";
            assert_eq!(
                read(dialect, interim.as_bytes()),
                Some((200, 10, "OK".into(), vec![]))
            );
        }
    }

    #[test]
    fn a_head_cut_short_is_whole_for_http_client_only() {
        let cut = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2";
        assert_eq!(read(Dialect::Fast, cut), None);
        let (.., seen) = read(Dialect::Requests, cut).unwrap();
        assert_eq!(Some(seen), pairs(&[("A", "1"), ("B", "2")]));
    }

    #[test]
    fn limits_of_http_client() {
        let head = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: 1\r\n".repeat(count));
        let mut reader = HeadReader::new(Dialect::Requests, Vec::new());
        assert!(matches!(
            reader.read(head(99).as_bytes(), false),
            Ok(Some(_))
        ));
        let mut reader = HeadReader::new(Dialect::Requests, Vec::new());
        assert_eq!(reader.read(head(100).as_bytes(), false), Err(Malformed));
        let mut reader = HeadReader::new(Dialect::Requests, Vec::new());
        assert_eq!(reader.read(&[b'x'; 65_537], false), Err(Malformed));
        let mut reader = HeadReader::new(Dialect::Fast, Vec::new());
        assert!(matches!(
            reader.read(head(10_000).as_bytes(), false),
            Ok(Some(_))
        ));
    }
}
