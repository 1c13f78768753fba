//! Bodies: the Content-Encodings a server may use, undone.

use std::io::{Read, Write};

use bytes::Bytes;
use http::{HeaderMap, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::request::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// The body without its Content-Encoding (gzip, deflate, br, zstd; several are undone last first).
///
/// # Errors
/// `Decode` when the bytes are not what the field says, or the field says what geventhttpclient refuses.
pub fn decode(dialect: Dialect, headers: &HeaderMap, body: Bytes) -> Result<Bytes> {
    let Some(field) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(body);
    };
    let field = field.to_str().unwrap_or("").to_ascii_lowercase();
    if dialect == Dialect::Fast && !(field == "identity" || one_known(&field) && !body.is_empty()) {
        return Err(Error::new(ErrorKind::Decode, format!("{field}: refused")));
    }
    if body.is_empty() {
        return Ok(body);
    }
    let mut body = body;
    for coding in field.rsplit(',').map(str::trim) {
        body = match coding {
            "gzip" | "x-gzip" => gzip(&body).map(Bytes::from),
            "deflate" => deflate(&body).map(Bytes::from),
            "br" => brotli(&body).map(Bytes::from),
            "zstd" => zstd::stream::decode_all(&body[..]).map(Bytes::from),
            _ => Ok(body), // unknown: left as it came, as urllib3 does
        }
        .map_err(|error| Error::new(ErrorKind::Decode, format!("{coding}: {error}")))?;
    }
    Ok(body)
}

fn one_known(field: &str) -> bool {
    matches!(field, "gzip" | "deflate" | "br" | "zstd")
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
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_ENCODING,
            http::HeaderValue::from_static(coding),
        );
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
        let zstd = zstd::stream::encode_all(&plain[..], 0).unwrap();
        assert_eq!(
            &with(
                "gzip, zstd",
                &zstd::stream::encode_all(&zipped(plain)[..], 0).unwrap()
            )
            .unwrap()[..],
            plain
        );
        assert_eq!(&with("zstd", &zstd).unwrap()[..], plain);
        assert_eq!(&with("br", b"\x0b\x02\x80hello\x03").unwrap()[..], b"hello");
        assert_eq!(&with("compress", plain).unwrap()[..], plain);
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
