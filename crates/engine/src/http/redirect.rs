//! Where a redirect leads and what it changes, by the rules of requests or of geventhttpclient.

use http::{Method, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::headers::Headers;
use super::request::Dialect;
use super::url::Url;
use crate::error::{Error, ErrorKind, Result};

/// What requests' `requote_uri` escapes: all but unreserved, reserved and `%` (utils.py, `safe_with_percent`).
const REQUOTE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The next hop.
#[derive(Debug, PartialEq, Eq)]
pub struct Next {
    /// Its method.
    pub method: Method,
    /// Its address.
    pub url: Url,
    /// Whether the body and its fields are dropped.
    pub drop_body: bool,
    /// Whether `Authorization` is dropped.
    pub drop_auth: bool,
}

/// Whether the status and header ask for a redirect.
#[must_use]
pub fn asked(status: StatusCode, headers: &Headers) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
        && headers
            .get(header::LOCATION)
            .is_some_and(|location| !location.is_empty())
}

/// The hop that an answer with this status and `Location`, got at `from`, leads to.
/// `first` is the URL the call began with.
///
/// # Errors
/// `BadRedirect` when the location is no HTTP URL.
pub fn next(
    dialect: Dialect,
    method: &Method,
    first: &Url,
    from: &Url,
    status: StatusCode,
    headers: &Headers,
) -> Result<Next> {
    let raw = headers.get(header::LOCATION).unwrap_or_default();
    let malformed = || {
        let shown = String::from_utf8_lossy(raw);
        Error::new(ErrorKind::BadRedirect, format!("redirect to {shown:?}"))
    };
    // What is not ASCII, geventhttpclient reads as latin-1; two fields requests joins, and its rival follows neither.
    if dialect == Dialect::Fast && !raw.is_ascii() || headers.all(header::LOCATION).count() > 1 {
        return Err(malformed());
    }
    let text = std::str::from_utf8(raw).map_err(|_| malformed())?;
    // Where Python resolves a relative path, doubled slashes become one.
    let path = text.split(['?', '#']).next().unwrap_or("");
    let relative = !path.is_empty() && !path.starts_with('/') && !path.contains("://");
    let doubled = relative && (path.contains("//") || from.path().contains("//"));
    let respelt = dialect == Dialect::Requests && respells(text);
    if doubled || respelt || !is_plain(text) {
        return Err(malformed());
    }
    let location = escape(text);
    let mut url = from
        .join(&location)
        .map_err(|words| Error::new(ErrorKind::BadRedirect, words))?;
    // geventhttpclient refuses to ask for a path that begins so.
    if dialect == Dialect::Fast && url.target().starts_with("//") {
        return Err(malformed());
    }
    // requests keeps the fragment of the request where the location has none (RFC 7231, 7.1.2).
    if dialect == Dialect::Requests
        && url.fragment().is_none()
        && let Some(fragment) = from.fragment().filter(|fragment| !fragment.is_empty())
    {
        url = Url::parse(&format!("{url}#{fragment}"))
            .map_err(|words| Error::new(ErrorKind::BadRedirect, words))?;
    }
    let to_get = match (dialect, status.as_u16()) {
        (_, 302 | 303) | (Dialect::Fast, 301) => *method != Method::HEAD,
        (Dialect::Requests, 301) => *method == Method::POST,
        _ => false,
    };
    let keeps_body = matches!(status.as_u16(), 307 | 308);
    let drop_auth = match dialect {
        Dialect::Requests => strips_auth(from, &url),
        Dialect::Fast => !first.same_origin(&url),
    };
    Ok(Next {
        method: if to_get { Method::GET } else { method.clone() },
        url,
        drop_body: !keeps_body,
        drop_auth,
    })
}

/// requests' `should_strip_auth`: another host strips; http to https on the standard ports does not.
fn strips_auth(from: &Url, to: &Url) -> bool {
    if from.host() != to.host() {
        return true;
    }
    if !from.secure() && from.port() == 80 && to.secure() && to.port() == 443 {
        return false;
    }
    from.port() != to.port() || from.secure() != to.secure()
}

/// Whether requests or urllib3 would write an escape otherwise: in capitals, or as the letter it stands for.
fn respells(location: &str) -> bool {
    location.split('%').skip(1).any(|after| {
        let Some(hex) = after.get(..2) else {
            return true;
        };
        let Ok(byte) = u8::from_str_radix(hex, 16) else {
            return true;
        };
        hex.bytes().any(|b| b.is_ascii_lowercase())
            || byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~')
    })
}

/// Whether there is a `%` that begins no escape.
fn has_stray_percent(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|at| {
        bytes[at] == b'%'
            && !bytes
                .get(at + 1..at + 3)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether every reader of URLs agrees on what the location means. What is not plain (a stray `%`,
/// brackets, other schemes, odd authorities, dots in an absolute path) is left to Python's own readers.
fn is_plain(location: &str) -> bool {
    let bytes = location.as_bytes();
    if bytes.iter().any(|&b| b == b'[' || b == b']' || b < b' ') || has_stray_percent(bytes) {
        return false;
    }
    // Python takes parameters apart before it resolves, and loses an empty query or fragment.
    let path = location.split(['?', '#']).next().unwrap_or("");
    if path.contains(';') || location.ends_with(['?', '#']) || location.contains("?#") {
        return false;
    }
    let front = location.split(['/', '?', '#']).next().unwrap_or("");
    let rest = match front {
        "http:" | "https:" => &location[front.len()..],
        _ if front.contains(':') => return false,
        _ => location,
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return front.is_empty() || !front.ends_with(':');
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, port) = rest[..end].split_once(':').unwrap_or((&rest[..end], "80"));
    let named = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    !host.is_empty()
        && host.bytes().all(named)
        && !host.starts_with('.')
        && !host.contains("..")
        && host.split('.').all(|label| label.len() < 64)
        && port.bytes().all(|b| b.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && !rest[end..].contains("/.")
}

/// Escapes what may not stand in a URL and leaves escapes that are there; a `%` that begins none becomes `%25`.
fn escape(location: &str) -> String {
    let bytes = location.as_bytes();
    let whole = if has_stray_percent(bytes) {
        location.replace('%', "%25")
    } else {
        location.to_owned()
    };
    utf8_percent_encode(&whole, REQUOTE).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn step(
        dialect: Dialect,
        method: Method,
        status: u16,
        from: &str,
        location: &str,
    ) -> Result<Next> {
        let from = Url::parse(from).unwrap();
        let headers = Headers::from_iter([("location", location)]);
        next(
            dialect,
            &method,
            &from,
            &from,
            StatusCode::from_u16(status).unwrap(),
            &headers,
        )
    }

    #[test]
    fn methods_change_as_in_each_library() {
        for (dialect, method, status, want) in [
            (Dialect::Requests, Method::POST, 301, Method::GET),
            (Dialect::Requests, Method::PUT, 301, Method::PUT),
            (Dialect::Fast, Method::PUT, 301, Method::GET),
            (Dialect::Requests, Method::PUT, 302, Method::GET),
            (Dialect::Requests, Method::HEAD, 302, Method::HEAD),
            (Dialect::Requests, Method::DELETE, 303, Method::GET),
            (Dialect::Fast, Method::POST, 307, Method::POST),
            (Dialect::Requests, Method::POST, 308, Method::POST),
        ] {
            let got = step(dialect, method.clone(), status, "http://h/", "/x").unwrap();
            assert_eq!(got.method, want, "{dialect:?} {method} {status}");
            assert_eq!(got.drop_body, status < 307);
        }
    }

    #[test]
    fn authorization_stays_home() {
        let strips = |from, to| {
            step(Dialect::Requests, Method::GET, 302, from, to)
                .unwrap()
                .drop_auth
        };
        assert!(!strips("http://h/", "/x"));
        assert!(strips("http://h/", "http://other/"));
        assert!(!strips("http://h/", "https://h/"));
        assert!(strips("https://h/", "http://h/"));
        assert!(strips("http://h:1/", "http://h:2/"));
        assert!(
            step(Dialect::Fast, Method::GET, 302, "http://h/", "https://h/")
                .unwrap()
                .drop_auth
        );
    }

    #[test]
    fn geventhttpclient_refuses_more() {
        let to = |dialect, location| step(dialect, Method::GET, 302, "http://h/", location);
        assert!(to(Dialect::Requests, "http://h//x").is_ok());
        assert!(to(Dialect::Fast, "http://h//x").is_err());
        let from = Url::parse("http://h/").unwrap();
        let headers = Headers::from_iter([("Location", "/x"), ("location", "/y")]);
        let status = StatusCode::FOUND;
        for dialect in [Dialect::Requests, Dialect::Fast] {
            assert!(next(dialect, &Method::GET, &from, &from, status, &headers).is_err());
        }
    }

    #[test]
    fn locations_are_escaped_once() {
        let to = |location| {
            step(
                Dialect::Requests,
                Method::GET,
                302,
                "http://h/a#f",
                location,
            )
            .unwrap()
            .url
        };
        assert_eq!(to("/a b%20c").as_str(), "http://h/a%20b%20c#f");
        assert_eq!(to("/ü#own").as_str(), "http://h/%C3%BC#own");
        for malformed in [
            "ftp://h/",
            "/100%",
            "/a[1]",
            "http:/x",
            "HTTP://h/",
            "http://",
            "//",
            "///x",
            "http://h:99999/",
            "http://u@h/",
            "http://a..b/",
            "http://h/a/../b",
        ] {
            assert!(
                step(Dialect::Requests, Method::GET, 302, "http://h/", malformed).is_err(),
                "{malformed}"
            );
        }
    }
}
