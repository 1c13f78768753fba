//! Chunked: takes chunks apart as urllib3 (`read_chunked`) or llhttp does, from bytes that come in pieces.

use bytes::{Buf, Bytes, BytesMut};

use super::head::{Malformed, strict_field};
use super::number::python_int;
use crate::error::{Error, ErrorKind};
use crate::http::headers::byte_scan::is_token;
use crate::http::request::Dialect;

/// Longest line that gives the size of a chunk, or of a trailer (urllib3's `_MAX_CHUNK_LINE_LENGTH`), in bytes.
const LONGEST_LINE: usize = 1 << 16;
/// Longest trailer, in bytes; both stock clients would read on for ever.
const LONGEST_TRAILER: usize = 1 << 20;
/// The pieces in which requests asks urllib3 for the body; its failure texts count within one.
const PIECE: u64 = 10_240;

/// Where in the chunked body we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data { size: u64, left: u64 },
    DataEnd,
    Trailer { bytes: usize },
    Done,
}

/// A chunked body under way.
#[derive(Debug)]
pub struct Chunked {
    dialect: Dialect,
    place: State,
    trailers: Vec<(Bytes, Bytes)>,
}

impl Chunked {
    /// At the first chunk.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            place: State::Size,
            trailers: Vec::new(),
        }
    }

    /// Moves the content of `inbox` to `body` as far as it goes; whether the body is whole.
    ///
    /// # Errors
    /// `Chunk`, with the bytes of the line that is no size (or, for geventhttpclient, from the chunk's
    /// start).
    pub fn read(&mut self, inbox: &mut BytesMut, body: &mut BytesMut) -> Result<bool, Error> {
        loop {
            match self.place {
                State::Size => {
                    let Some(line) = line_length(inbox) else {
                        // llhttp does not wait for the end of a line that cannot be a size.
                        let strict = self.dialect == Dialect::Fast;
                        let malformed =
                            strict && inbox.first().is_some_and(|b| !b.is_ascii_hexdigit());
                        if inbox.len() > self.longest_line() || malformed {
                            return Err(self.broken(inbox));
                        }
                        return Ok(false);
                    };
                    let Some(size) = self
                        .size(&inbox[..line])
                        .filter(|_| line <= self.longest_line())
                    else {
                        return Err(self.broken(inbox));
                    };
                    inbox.advance(line);
                    self.place = if size == 0 {
                        State::Trailer { bytes: 0 }
                    } else {
                        State::Data { size, left: size }
                    };
                }
                State::Data { size, left } => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(inbox.len());
                    body.extend_from_slice(&inbox[..here]);
                    inbox.advance(here);
                    let left = left - here as u64;
                    if left > 0 {
                        self.place = State::Data { size, left };
                        return Ok(false);
                    }
                    self.place = State::DataEnd;
                }
                State::DataEnd => {
                    // urllib3 throws the two bytes away unseen.
                    if inbox.len() < 2 {
                        return Ok(false);
                    }
                    if self.dialect == Dialect::Fast && !inbox.starts_with(b"\r\n") {
                        let mut seen = BytesMut::from(&b"1\r\nx"[..]);
                        seen.extend_from_slice(inbox);
                        return Err(self.broken(&seen));
                    }
                    inbox.advance(2);
                    self.place = State::Size;
                }
                State::Trailer { bytes } => {
                    let Some(line) = line_length(inbox) else {
                        if inbox.len() > self.longest_line() {
                            return Err(self.broken(inbox));
                        }
                        return Ok(false);
                    };
                    let last = &inbox[..line] == b"\r\n";
                    let bytes = bytes + line;
                    if !last {
                        self.trailer(&inbox[..line])?;
                    }
                    inbox.advance(line);
                    if last {
                        self.place = State::Done;
                    } else if bytes > LONGEST_TRAILER {
                        return Err(self.broken(inbox));
                    } else {
                        self.place = State::Trailer { bytes };
                    }
                }
                State::Done => return Ok(true),
            }
        }
    }

    /// How many bytes of data can be read straight into the body now.
    pub fn wanted(&self) -> u64 {
        match self.place {
            State::Data { left, .. } => left,
            _ => 0,
        }
    }

    /// Told that `count` of the wanted bytes went straight into the body.
    pub fn took(&mut self, count: u64) {
        if let State::Data { size, left } = self.place {
            self.place = match left - count.min(left) {
                0 => State::DataEnd,
                left => State::Data { size, left },
            };
        }
    }

    /// The connection has ended with `inbox` unread: fine only where urllib3 thinks so.
    pub fn cut(&mut self, inbox: &BytesMut) -> Result<(), Error> {
        if self.place == State::Done {
            return Ok(());
        }
        if self.dialect == Dialect::Fast {
            return Err(Error::new(ErrorKind::Incomplete, "the body ends too early"));
        }
        let incomplete = |read: u64, missing: u64| {
            let words = format!("IncompleteRead({read} bytes read, {missing} more expected)");
            Err(Error::new(ErrorKind::ChunkCut, words))
        };
        match self.place {
            // "some sites may not end with '\r\n'"
            State::Trailer { .. } | State::Done => Ok(()),
            State::Size if inbox.is_empty() => Err(Error::new(
                ErrorKind::Incomplete,
                "Response ended prematurely",
            )),
            // A line without its end is a line all the same.
            State::Size => match self.size(inbox) {
                Some(0) => Ok(()),
                Some(size) => incomplete(0, size.min(PIECE)),
                None => Err(self.broken(inbox)),
            },
            State::Data { size, left } => {
                let got = size - left;
                let piece = got % PIECE;
                incomplete(piece, (size - (got - piece)).min(PIECE) - piece)
            }
            State::DataEnd => {
                let got = inbox.len() as u64;
                incomplete(got, 2 - got.min(2))
            }
        }
    }

    /// What stood behind the last chunk, as far as geventhttpclient sees it: it learns of a field as the next begins,
    /// and so never of the last one. urllib3 throws all of it away.
    pub fn trailers(mut self) -> Vec<(Bytes, Bytes)> {
        self.trailers.pop();
        self.trailers
    }

    fn longest_line(&self) -> usize {
        match self.dialect {
            Dialect::Requests => LONGEST_LINE,
            Dialect::Fast => LONGEST_TRAILER,
        }
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), Error> {
        if self.dialect == Dialect::Requests {
            return if line.len() > self.longest_line() {
                Err(self.broken(line))
            } else {
                Ok(())
            };
        }
        let field = line
            .strip_suffix(b"\r\n")
            .ok_or(Malformed)
            .and_then(strict_field);
        let Ok((name, value)) = field else {
            return Err(self.broken(&[b"0\r\n", line].concat()));
        };
        let own = Bytes::copy_from_slice;
        self.trailers.push((own(name), own(value)));
        Ok(())
    }

    fn size(&self, line: &[u8]) -> Option<u64> {
        let digits = line.split(|&b| b == b';').next().unwrap_or_default();
        if self.dialect == Dialect::Requests {
            let size = python_int(digits, 16).filter(|size| *size >= 0)?;
            return Some(u64::try_from(size).unwrap_or(u64::MAX));
        }
        let whole = line.strip_suffix(b"\r\n")?;
        let digits = digits.strip_suffix(b"\r\n").unwrap_or(digits);
        if !digits.iter().all(u8::is_ascii_hexdigit) || !are_extensions(&whole[digits.len()..]) {
            return None;
        }
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn broken(&self, inbox: &[u8]) -> Error {
        // In the words of urllib3, for lines that are too long.
        let words = match self.place {
            State::Trailer { .. } => "Response chunk trailer line exceeded maximum allowed length",
            _ => "Response chunk size line exceeded maximum allowed length",
        };
        let shown = match self.dialect {
            Dialect::Requests => &inbox[..line_length(inbox).unwrap_or(inbox.len())],
            Dialect::Fast => inbox,
        };
        Error {
            seen: Bytes::copy_from_slice(&shown[..shown.len().min(LONGEST_LINE + 1)]),
            ..Error::new(ErrorKind::Chunk, words)
        }
    }
}

/// Whether llhttp takes this for what may follow the size of a chunk: `;name`, `;name=value` or `;name="value"`, as
/// often as one likes.
fn are_extensions(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(extension) = rest.strip_prefix(b";") else {
            return false;
        };
        let token = |bytes: &[u8]| bytes.iter().take_while(|b| is_token(**b)).count();
        let name = token(extension);
        if name == 0 {
            return false;
        }
        rest = &extension[name..];
        let Some(value) = rest.strip_prefix(b"=") else {
            continue;
        };
        rest = match value.strip_prefix(b"\"") {
            None => &value[token(value)..],
            Some(quoted) => match unquoted(quoted) {
                Some(behind) => behind,
                None => return false,
            },
        };
    }
    true
}

/// What is behind a quoted value, whose first quote is gone.
fn unquoted(text: &[u8]) -> Option<&[u8]> {
    let shown = |b: u8| b == b'\t' || b >= b' ' && b != 0x7f;
    let mut at = 0;
    loop {
        match *text.get(at)? {
            b'"' => return text.get(at + 1..),
            b'\\' if text.get(at + 1).is_some_and(|b| shown(*b)) => at += 2,
            b'\\' => return None,
            byte if shown(byte) => at += 1,
            _ => return None,
        }
    }
}

fn line_length(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&b| b == b'\n').map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The body and how it ended, fed in pieces of every size.
    fn read(dialect: Dialect, bytes: &[u8]) -> (Vec<u8>, Result<(), String>) {
        let mut outcomes = (1..=bytes.len().max(1)).map(|piece| {
            let (mut chunks, mut inbox, mut body) =
                (Chunked::new(dialect), BytesMut::new(), BytesMut::new());
            for part in bytes.chunks(piece) {
                inbox.extend_from_slice(part);
                match chunks.read(&mut inbox, &mut body) {
                    Ok(true) => return (body.to_vec(), Ok(())),
                    Ok(false) => {}
                    Err(error) => return (Vec::new(), Err(error.kind.name().to_owned())),
                }
            }
            let end = chunks.cut(&inbox).map_err(|error| error.message);
            (body.to_vec(), end)
        });
        let first = outcomes.next().unwrap();
        assert!(
            outcomes.all(|outcome| outcome == first),
            "differs by pieces"
        );
        first
    }

    #[test]
    fn whole_bodies() {
        for dialect in [Dialect::Requests, Dialect::Fast] {
            for (wire, want) in [
                (&b"2\r\nhi\r\n0\r\n\r\n"[..], &b"hi"[..]),
                (
                    b"2;a=b\r\nhi\r\n00003\r\n th\r\n0\r\nT: 1\r\n\r\n",
                    b"hi th",
                ),
                (b"0\r\n\r\n", b""),
                (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
            ] {
                assert_eq!(read(dialect, wire), (want.to_vec(), Ok(())), "{wire:?}");
            }
        }
    }

    #[test]
    fn sizes_that_are_none() {
        for dialect in [Dialect::Requests, Dialect::Fast] {
            for wire in [&b"zz\r\nhi"[..], b"\r\n", b"-2\r\nhi", b";\r\n"] {
                assert_eq!(read(dialect, wire).1, Err("chunk".to_owned()), "{wire:?}");
            }
        }
        let lenient = [
            &b"2\nhi\r\n0\r\n\r\n"[..],
            b" 2 \r\nhi\r\n0\r\n\r\n",
            b"2\r\nhi??0\r\n\r\n",
        ];
        assert_eq!(
            read(Dialect::Fast, b"fffffffffffffffff\r\n").1,
            Err("chunk".to_owned())
        );
        for wire in lenient {
            assert_eq!(read(Dialect::Requests, wire), (b"hi".to_vec(), Ok(())));
            assert_eq!(read(Dialect::Fast, wire).1, Err("chunk".to_owned()));
        }
    }

    #[test]
    fn llhttp_reads_extensions_and_trailers() {
        let ended = |wire: &[u8]| read(Dialect::Fast, wire).1;
        let refused = Err("chunk".to_owned());
        for good in ["", ";a", ";a=", ";a=b;c", ";a=\"b; \\\" c\"", ";a=\"\";b"] {
            assert_eq!(
                ended(format!("1{good}\r\nx\r\n0\r\n\r\n").as_bytes()),
                Ok(()),
                "{good}"
            );
        }
        for bad in [
            ";",
            ";a;",
            "; a",
            ";a b",
            ";a=b c",
            ";a=\"b",
            ";a=\"b\"c",
            ";a\rb",
        ] {
            assert_eq!(
                ended(format!("1{bad}\r\nx\r\n0\r\n\r\n").as_bytes()),
                refused,
                "{bad}"
            );
        }
        for bad in ["no colon\r\n", "a b: c\r\n", "a: \x01\r\n", "a: b\n"] {
            assert_eq!(
                ended(format!("0\r\n{bad}\r\n").as_bytes()),
                refused,
                "{bad}"
            );
        }
        let mut chunks = Chunked::new(Dialect::Fast);
        let mut inbox = BytesMut::from(&b"0\r\nA: 1\r\nB:2\r\nC: 3\r\n\r\n"[..]);
        assert!(chunks.read(&mut inbox, &mut BytesMut::new()).unwrap());
        let field =
            |name: &'static str, value: &'static str| (Bytes::from(name), Bytes::from(value));
        assert_eq!(chunks.trailers(), [field("A", "1"), field("B", "2")]);
    }

    #[test]
    fn what_is_cut_short_is_told_in_urllib3s_words() {
        let ended = |wire: &[u8]| read(Dialect::Requests, wire).1;
        assert_eq!(ended(b""), Err("Response ended prematurely".to_owned()));
        assert_eq!(
            ended(b"2\r\nhi\r\n"),
            Err("Response ended prematurely".to_owned())
        );
        let incomplete = |a, b| Err(format!("IncompleteRead({a} bytes read, {b} more expected)"));
        assert_eq!(ended(b"5\r\nhi"), incomplete(2, 3));
        assert_eq!(ended(b"2\r\nhi\r"), incomplete(1, 1));
        assert_eq!(ended(b"2\r\nhi"), incomplete(0, 2));
        assert_eq!(ended(b"2\r\nhi\r\n0\r\nT: 1\r\n"), Ok(())); // "some sites may not end with '\r\n'"
        assert!(read(Dialect::Fast, b"2\r\nhi\r\n0\r\n").1.is_err());
    }
}
