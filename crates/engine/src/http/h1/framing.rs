//! Framing: where the body of an answer ends, and whether its connection may be used again.
//!
//! `HttpUser`: Lib/http/client.py (`begin`, `_check_close`) and urllib3 (`_init_length`).
//! `FastHttpUser`: llhttp.

use http::Method;

use super::head::{Head, Malformed};
use super::number::python_int;
use crate::error::{Error, ErrorKind};
use crate::http::headers::Headers;
use crate::http::request::Dialect;

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// So many bytes, or fewer if the connection ends.
    UpTo(u64),
    /// Chunks.
    Chunked,
    /// When the connection ends.
    UntilClose,
}

/// Why no framing could be told.
#[derive(Debug)]
pub enum Refused {
    /// llhttp refuses the head.
    Malformed,
    /// urllib3 refuses contradicting lengths.
    Lengths(Error),
}

impl From<Malformed> for Refused {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The framing of an answer to `method`, and whether the connection stays open after it.
pub fn of(dialect: Dialect, method: &Method, head: &Head) -> Result<(Framing, bool), Refused> {
    match dialect {
        Dialect::Requests => lenient(method, head).map_err(Refused::Lengths),
        Dialect::Fast => Ok(strict(method, head)?),
    }
}

fn lenient(method: &Method, head: &Head) -> Result<(Framing, bool), Error> {
    let headers = &head.headers;
    let bodiless =
        *method == Method::HEAD || matches!(head.line.status.as_u16(), 100..200 | 204 | 304);
    let Lengths {
        chunked,
        plainly_chunked,
        own_length,
        length,
    } = lengths(headers)?;
    let connection = headers.get("connection").unwrap_or_default();
    let names = |word: &[u8]| {
        let mut places = connection.windows(word.len());
        places.any(|part| part.eq_ignore_ascii_case(word))
    };
    let closes = if head.line.version == 11 {
        connection != b"keep-alive" && names(b"close") // which nearly all say that say anything
    } else {
        let proxied = headers.get("proxy-connection").unwrap_or_default();
        let kept = headers.contains("keep-alive")
            || names(b"keep-alive")
            || proxied
                .windows(10)
                .any(|part| part.eq_ignore_ascii_case(b"keep-alive"));
        !kept
    };
    let keep = !closes && (bodiless || plainly_chunked || own_length.is_some());
    let framing = match (bodiless, chunked, length) {
        (_, true, _) if *method != Method::HEAD => Framing::Chunked, // urllib3 asks for nothing else
        (true, ..) => Framing::Nothing,
        (_, _, Some(length)) => Framing::Length(length),
        // Where several lengths make none, urllib3 misses nothing that http.client does not bring.
        _ => own_length.map_or(Framing::UntilClose, Framing::UpTo),
    };
    Ok((framing, keep))
}

/// What an answer says of the length of its body.
struct Lengths {
    chunked: bool,
    plainly_chunked: bool,
    /// http.client's.
    own_length: Option<u64>,
    /// urllib3's.
    length: Option<u64>,
}

/// urllib3 decides how the body is read, http.client when the connection ends.
fn lengths(headers: &Headers) -> Result<Lengths, Error> {
    let coded = headers.contains("transfer-encoding");
    let mut fields = headers.all("content-length");
    let (first, second) = (fields.next(), fields.next());
    // Nearly always there is one length, which is a number, and both read it alike.
    if let (false, Some(field), None) = (coded, first, second)
        && !field.contains(&b',')
    {
        let length = number(field);
        return Ok(Lengths {
            chunked: false,
            plainly_chunked: false,
            own_length: length,
            length,
        });
    }
    let chunked = parts(headers, "transfer-encoding")
        .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"chunked"));
    let plainly_chunked = headers
        .get("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
    Ok(Lengths {
        chunked,
        plainly_chunked,
        own_length: headers
            .get("content-length")
            .filter(|_| !plainly_chunked)
            .and_then(number),
        length: if chunked { None } else { length(headers)? },
    })
}

/// The values of all fields of this name as one list.
fn parts<'a>(headers: &'a Headers, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .all(name)
        .flat_map(|value| value.split(|&b| b == b','))
}

/// The length that all `Content-Length` fields agree on, if there is one and it is a number.
fn length(headers: &Headers) -> Result<Option<u64>, Error> {
    let mut numbers = parts(headers, "content-length").map(|part| python_int(part, 10));
    let Some(Some(first)) = numbers.next() else {
        return Ok(None);
    };
    let mut same = true;
    for number in numbers {
        let Some(number) = number else {
            return Ok(None);
        };
        same &= number == first;
    }
    if !same {
        let shown: Vec<&[u8]> = headers.all("content-length").collect();
        let shown = shown.join(&b", "[..]);
        return Err(Error::new(
            ErrorKind::Lengths,
            shown.iter().map(|&b| char::from(b)).collect::<String>(),
        ));
    }
    Ok((first >= 0).then(|| u64::try_from(first).unwrap_or(u64::MAX)))
}

fn number(text: &[u8]) -> Option<u64> {
    let number = python_int(text, 10).filter(|number| *number >= 0)?;
    Some(u64::try_from(number).unwrap_or(u64::MAX))
}

fn strict(method: &Method, head: &Head) -> Result<(Framing, bool), Malformed> {
    let headers = &head.headers;
    let mut lengths = headers.all("content-length");
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some(value), None) => {
            let value = value.trim_ascii();
            if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
                return Err(Malformed);
            }
            Some(
                std::str::from_utf8(value)
                    .ok()
                    .and_then(|digits| digits.parse().ok())
                    .ok_or(Malformed)?,
            )
        }
        _ => return Err(Malformed),
    };
    let encoded = headers.contains("transfer-encoding");
    if encoded && length.is_some() {
        return Err(Malformed);
    }
    let mut chunked = false;
    for value in headers.all("transfer-encoding") {
        let last = value.rsplit(|&b| b == b',').next().unwrap_or_default();
        if value.trim_ascii().is_empty() {
            return Err(Malformed);
        }
        // Blanks may follow, but no tab.
        let blanks = last.iter().rev().take_while(|b| **b == b' ').count();
        let last = last[..last.len() - blanks].trim_ascii_start();
        chunked = last.eq_ignore_ascii_case(b"chunked");
    }
    let bodiless = *method == Method::HEAD || matches!(head.line.status.as_u16(), 204 | 304);
    let framing = match (bodiless, chunked, length) {
        (true, ..) => Framing::Nothing,
        (_, true, _) => Framing::Chunked,
        (_, _, Some(length)) if !encoded => Framing::Length(length),
        _ => Framing::UntilClose,
    };
    let keep = framing != Framing::UntilClose
        && if head.line.version == 11 {
            !connection_says(headers, b"close")
        } else {
            connection_says(headers, b"keep-alive")
        };
    Ok((framing, keep))
}

fn connection_says(headers: &Headers, word: &[u8]) -> bool {
    headers
        .all("connection")
        .flat_map(|value| value.split(|&b| b == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(word))
}
