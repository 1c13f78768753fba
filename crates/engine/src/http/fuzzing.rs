//! Fuzzing: the doors by which `fuzz/` reaches the readers of network bytes that the crate keeps to itself.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::cookies::date as cookie_date;
use super::headers::Headers;
use super::request::Dialect;
use super::url::Url;
use super::{body, redirect};

pub use super::h1::fuzzing::read;

/// The body without its Content-Encoding; `None` where that fails.
#[must_use]
pub fn decode(dialect: Dialect, headers: &Headers, bytes: Bytes) -> Option<Bytes> {
    body::decode(dialect, headers, bytes).ok()
}

/// Seconds since 1970 of an `Expires`.
#[must_use]
pub fn date(text: &str, now: i64) -> Option<i64> {
    cookie_date::parse(text, now)
}

/// Method and address of the next hop; `None` where the answer leads nowhere.
#[must_use]
pub fn redirect(
    dialect: Dialect,
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &Headers,
) -> Option<(Method, Url)> {
    if !redirect::asked(status, headers) {
        return None;
    }
    let next = redirect::next(dialect, method, from, from, status, headers).ok()?;
    Some((next.method, next.url))
}
