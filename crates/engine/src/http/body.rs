//! Bodies: the Content-Encodings a server may use, undone.

use std::io::{Read, Write};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::headers::Headers;
use super::request::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// urllib3 refuses to undo more codings than these, one upon the other.
const MOST_CODINGS: usize = 5;

/// The body without its Content-Encoding (gzip, deflate, br; several are undone last first).
///
/// # Errors
/// `Decode` when the bytes are not what the field says, or the field says what geventhttpclient refuses.
pub fn decode(dialect: Dialect, headers: &Headers, body: Bytes) -> Result<Bytes> {
    let Some(field) = headers.get("content-encoding") else {
        return Ok(body);
    };
    let field = std::str::from_utf8(field)
        .unwrap_or("")
        .to_ascii_lowercase();
    if dialect == Dialect::Fast && !(field == "identity" || one_known(&field) && !body.is_empty()) {
        return Err(Error::new(ErrorKind::Decode, format!("{field}: refused")));
    }
    if body.is_empty() {
        return Ok(body);
    }
    // Lists with unknown codings, long lists and several fields are urllib3's to read; so is zstd, which it
    // knows only where a package for it is installed.
    let several = headers.all("content-encoding").nth(1).is_some();
    let unknown = |coding: &str| !(one_known(coding) || coding == "x-gzip");
    let listed = field.contains(',')
        && (field.split(',').count() > MOST_CODINGS || field.split(',').any(|c| unknown(c.trim())));
    if dialect == Dialect::Requests && (several || listed || field == "zstd") {
        return Err(Error::new(ErrorKind::Decode, format!("{field}: malformed")));
    }
    let mut body = body;
    for coding in field.rsplit(',').map(str::trim) {
        body = match coding {
            // Python's zlib.decompress, which geventhttpclient calls, ends with the first member.
            "gzip" if dialect == Dialect::Fast => first_gzip(&body).map(Bytes::from),
            "gzip" | "x-gzip" => gzip(&body).map(Bytes::from),
            "deflate" => deflate(&body).map(Bytes::from),
            "br" => brotli(&body).map(Bytes::from),
            _ => Ok(body), // unknown: left as it came, as urllib3 does
        }
        .map_err(|error| Error::new(ErrorKind::Decode, format!("{coding}: {error}")))?;
    }
    Ok(body)
}

fn one_known(field: &str) -> bool {
    matches!(field, "gzip" | "deflate" | "br")
}

fn first_gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() * 4);
    flate2::read::GzDecoder::new(body).read_to_end(&mut out)?;
    Ok(out)
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() * 4);
    flate2::read::MultiGzDecoder::new(body).read_to_end(&mut out)?;
    Ok(out)
}

/// "deflate" is zlib by the standard and raw deflate in the wild; zlib is tried first, as urllib3 does.
fn deflate(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() * 4);
    if flate2::read::ZlibDecoder::new(body)
        .read_to_end(&mut out)
        .is_ok()
    {
        return Ok(out);
    }
    out.clear();
    flate2::read::DeflateDecoder::new(body).read_to_end(&mut out)?;
    Ok(out)
}

fn brotli(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer =
        brotli_decompressor::DecompressorWriter::new(Vec::with_capacity(body.len() * 4), 4096);
    writer.write_all(body)?;
    writer.close()?;
    writer
        .into_inner()
        .map_err(|_| std::io::Error::other("the stream ends too early"))
}

/// What Python's `urllib.parse.quote_plus` escapes; a space becomes `+`.
const QUOTE_PLUS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b' ');

/// A form body, as Python's `urllib.parse.urlencode` writes it.
#[must_use]
pub fn encode_form(pairs: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in pairs {
        if !form.is_empty() {
            form.push('&');
        }
        form.extend(utf8_percent_encode(name, QUOTE_PLUS));
        form.push('=');
        form.extend(utf8_percent_encode(value, QUOTE_PLUS));
    }
    if form.contains(' ') {
        form.replace(' ', "+")
    } else {
        form
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with(coding: &'static str, body: &[u8]) -> Result<Bytes> {
        let headers = Headers::from_iter([("content-encoding", coding)]);
        decode(Dialect::Requests, &headers, Bytes::copy_from_slice(body))
    }

    fn zipped(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn codings() {
        let plain = b"hello hello hello hello";
        assert_eq!(&with("gzip", &zipped(plain)).unwrap()[..], plain);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(plain).unwrap();
        assert_eq!(
            &with("deflate", &zlib.finish().unwrap()).unwrap()[..],
            plain
        );
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(plain).unwrap();
        assert_eq!(&with("deflate", &raw.finish().unwrap()).unwrap()[..], plain);
        let twice = zipped(&zipped(plain));
        assert_eq!(&with("gzip, gzip", &twice).unwrap()[..], plain);
        for by_urllib3 in ["zstd", "gzip, zstd", "gzip, gzip, gzip, gzip, gzip, gzip"] {
            assert!(with(by_urllib3, &twice).is_err());
        }
        assert_eq!(&with("br", b"\x0b\x02\x80hello\x03").unwrap()[..], b"hello");
        assert_eq!(&with("compress", plain).unwrap()[..], plain);
    }

    #[test]
    fn geventhttpclient_knows_less() {
        let two = [zipped(b"one"), zipped(b"two")].concat();
        assert_eq!(&with("gzip", &two).unwrap()[..], b"onetwo");
        let fast = |coding: &str, body: &[u8]| {
            let headers = Headers::from_iter([("content-encoding", coding)]);
            decode(Dialect::Fast, &headers, Bytes::copy_from_slice(body))
        };
        assert_eq!(&fast("gzip", &two).unwrap()[..], b"one");
        assert!(fast("zstd", &two).is_err());
    }

    #[test]
    fn broken_bodies_are_errors() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            assert_eq!(
                with(coding, b"\xffnot it at all").unwrap_err().kind,
                ErrorKind::Decode,
                "{coding}"
            );
        }
        let cut = zipped(b"hello hello hello");
        assert!(with("gzip", &cut[..cut.len() - 9]).is_err());
    }
}
