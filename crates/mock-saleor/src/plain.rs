//! The fast path: requests without anything unusual, read and answered without hyper.
//!
//! Hyper's books and maps cost three times what the shop itself does for a page. Whatever is not plain is left to it,
//! with the bytes read so far: `read` need not judge a request, only know the ones it knows.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;

use bytes::Buf;
use httparse::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::body::ByteRope;
use super::config::{Config, Latency};
use super::request::ShopRequest;
use super::server::AppState;

/// Room for what comes in, at first; most requests are far smaller.
const ROOM: usize = 4_096;
/// Larger requests are not plain.
const LONGEST: usize = 65_536;
/// Most header lines of a plain request.
const FIELDS: usize = 48;
/// Most pieces of a page written at once; pages of the shop have fewer.
const SLICES: usize = 32;

/// Whether the shop answers at once and on connections that stay open.
pub(super) fn suits(config: &Config) -> bool {
    config.keep_alive && config.latency == Latency::None
}

/// Answers requests until the connection is over (none), or one comes that is not plain (what was read of it).
pub(super) async fn serve(
    state: &AppState,
    stream: &mut TcpStream,
    stop: &mut watch::Receiver<bool>,
) -> Option<Vec<u8>> {
    let mut stopped = std::pin::pin!(stop.changed());
    let mut input = Vec::with_capacity(ROOM);
    let mut head = Vec::new();
    loop {
        let Ok(found) = read(&input) else {
            return Some(input);
        };
        let Some((ask, length)) = found else {
            let count = tokio::select! {
                biased;
                count = stream.read_buf(&mut input) => count.ok()?,
                _ = &mut stopped => return None,
            };
            if count == 0 {
                return (!input.is_empty()).then_some(input);
            }
            continue;
        };
        let reply = state.answer(&ask, false).0?;
        input.drain(..length);
        head.clear();
        reply.write_head(&mut head);
        write(stream, &head, reply.body).await.ok()?;
    }
}

async fn write(stream: &mut TcpStream, head: &[u8], body: ByteRope) -> io::Result<()> {
    let mut rest = Buf::chain(head, body);
    while rest.has_remaining() {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = rest.chunks_vectored(&mut slices);
        match stream.write_vectored(&slices[..used]).await? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => rest.advance(written),
        }
    }
    Ok(())
}

/// The request is hyper's to deal with.
pub(super) struct Unusual;

/// The plain request that the input begins with and how many bytes it takes; none while there is only a part of it.
pub(super) fn read(input: &[u8]) -> Result<Option<(ShopRequest<'_>, usize)>, Unusual> {
    if input.is_empty() {
        return Ok(None);
    }
    let part = || (input.len() < LONGEST).then_some(None).ok_or(Unusual);
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let start = match request.parse_with_uninit_headers(input, &mut fields) {
        Ok(Status::Complete(start)) => start,
        Ok(Status::Partial) => return part(),
        Err(_) => return Err(Unusual),
    };
    let (Some(method @ ("GET" | "POST")), Some(target), Some(1)) =
        (request.method, request.path, request.version)
    else {
        return Err(Unusual);
    };
    // What hyper and a split at the question mark read alike.
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~%?&=+:,;@!$*".contains(&byte);
    if !target.starts_with('/') || !target.bytes().all(known) {
        return Err(Unusual);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut ask = ShopRequest::new(method, path, query);
    if ask.is_behind_the_scenes() {
        return Err(Unusual);
    }
    let mut length = None;
    for field in request.headers {
        let value = std::str::from_utf8(field.value).map_err(|_| Unusual)?;
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            let (true, None, Ok(number)) = (digits, length, value.parse::<u16>()) else {
                return Err(Unusual);
            };
            length = Some(usize::from(number));
        } else if is_unusual(field.name, value) {
            return Err(Unusual);
        } else {
            ask.read_header(field.name, value);
        }
    }
    let end = start + length.unwrap_or(0);
    let Some(body) = input.get(start..end) else {
        return part();
    };
    ask.read_body(body);
    Ok(Some((ask, end)))
}

/// Whether a header is about more than the shop: the connection, how the body comes, a fault; or is not ASCII.
fn is_unusual(name: &str, value: &str) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let starts = |known: &str| {
        name.get(..known.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(known))
    };
    !value.is_ascii()
        || (is("connection") && !value.eq_ignore_ascii_case("keep-alive"))
        || is("transfer-encoding")
        || is("expect")
        || is("upgrade")
        || starts("x-mock-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FORM: &str = "POST /cart/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\na=1";

    #[test]
    fn whole_requests_are_read_and_parts_waited_for() {
        let two = format!("{FORM}GET / HTTP/1.1\r\n\r\n");
        for length in 0..two.len() {
            match read(&two.as_bytes()[..length]).ok().unwrap() {
                Some((ask, used)) => {
                    assert!(length >= FORM.len());
                    assert_eq!((ask.method, ask.path, used), ("POST", "/cart/", FORM.len()));
                    assert_eq!((ask.host, ask.form.text("a")), ("x", "1"));
                }
                None => assert!(length < FORM.len()),
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_hyper() {
        let large = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(LONGEST));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS + 1));
        for text in [
            "HEAD / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET http://x/ HTTP/1.1\r\n\r\n",
            "GET /#top HTTP/1.1\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\n\r\n",
            "GET /__mock__/seen HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Mock-Drop: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nReferer: \u{e9}\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "nonsense\u{0}\r\n\r\n",
            &large,
            &many,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
