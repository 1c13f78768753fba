//! Set-Cookie: one field read by the rules of Python's `http.cookiejar`, and which host and path a cookie is for.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Cookie;
use super::date;
use crate::http::url::Url;

/// A host as cookies see it.
pub struct Host<'a> {
    effective: Cow<'a, str>,
}

impl<'a> Host<'a> {
    pub fn new(plain: &'a str) -> Self {
        let effective = if plain.contains('.') {
            plain.into()
        } else {
            format!("{plain}.local").into()
        };
        Self { effective }
    }

    /// `return_ok_domain`: whether cookies of this domain may go to the host. One set by hand without a
    /// domain goes everywhere.
    pub fn gets(&self, domain: &str) -> bool {
        domain.is_empty() || ends_with_domain(&self.effective, domain)
    }
}

/// Whether `.host` ends with `.domain`.
fn ends_with_domain(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    host.strip_suffix(domain)
        .is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// What one field asks for.
pub enum Parsed {
    /// `Max-Age` without a value: http.cookiejar trips over it and keeps no cookie of the answer.
    Poison,
    Set(Cookie),
    Delete {
        domain: String,
        path: String,
        name: String,
    },
}

/// One `Set-Cookie` field (`parse_ns_headers`, `_normalized_cookie_tuples`, `_cookie_from_cookie_tuple`, `set_ok`).
pub fn parse(text: &str, url: &Url, host: &Host<'_>, now: i64) -> Option<Parsed> {
    let mut parts = text.split(';').map(|part| {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (part.trim(), None),
        };
        (key, value)
    });
    let (name, value) = parts.next().filter(|(name, _)| !name.is_empty())?;
    let (mut domain, mut path, mut expires, mut secure, mut discard) =
        (None, None, None, false, false);
    let (mut max_age, mut versioned, mut numbered, mut refused) = (false, false, false, false);
    let mut rest = Vec::new();
    for (key, value) in parts.filter(|(key, _)| !key.is_empty()) {
        match key.to_ascii_lowercase().as_str() {
            "domain" if domain.is_none() => domain = Some(value?.to_lowercase()),
            "path" if path.is_none() => path = Some(value?),
            "secure" => secure = true,
            "discard" => discard = true,
            "expires" if max_age || expires.is_some() => {}
            "expires" => expires = value.and_then(|date| date::parse(date.trim_matches('"'), now)),
            "max-age" => {
                let Some(value) = value else {
                    return Some(Parsed::Poison);
                };
                let seconds: i64 = value.trim().parse().ok()?;
                max_age = true;
                expires = Some(now.saturating_add(seconds));
            }
            "domain" | "path" => {}
            "version" if versioned => {} // the first one counts
            "version" => {
                versioned = true;
                // 1 is taken as 0 (`rfc2109_as_netscape`), higher ones are refused.
                let version = value?.trim_matches('"').parse::<u32>().ok();
                refused = version.is_none_or(|version| version > 1);
                numbered = version == Some(1);
            }
            "port" | "comment" | "commenturl" => {}
            _ => rest.push((key.to_owned(), value.map(ToOwned::to_owned))),
        }
    }
    if refused {
        return None; // only now: a `Max-Age` behind it may be poison
    }
    let path_specified = path.is_some_and(|path| !path.is_empty());
    let path = match path.filter(|path| !path.is_empty()) {
        Some(path) => escape_path(path).into_owned(),
        None => {
            let own = escape_path(url.path());
            let cut = own
                .rfind('/')
                .map_or(&*own, |at| &own[..at + usize::from(numbered)]);
            if cut.is_empty() {
                "/".to_owned()
            } else {
                cut.to_owned()
            }
        }
    };
    let domain_specified = domain.is_some();
    let domain_initial_dot = domain.as_deref().is_some_and(|d: &str| d.starts_with('.'));
    let domain = match domain {
        None => host.effective.clone().into_owned(),
        Some(domain) if domain.starts_with('.') => domain,
        Some(domain) => format!(".{domain}"),
    };
    if expires.is_some_and(|end| end <= now) {
        return Some(Parsed::Delete {
            domain,
            path,
            name: name.to_owned(),
        });
    }
    if domain_specified && !may_set(host, &domain) {
        return None;
    }
    Some(Parsed::Set(Cookie {
        name: name.to_owned(),
        value: value.map(ToOwned::to_owned),
        domain,
        domain_specified,
        domain_initial_dot,
        path,
        path_specified,
        secure,
        discard: discard || expires.is_none(),
        expires,
        rest,
    }))
}

/// `set_ok_domain` for a named domain (which begins with a dot).
fn may_set(host: &Host<'_>, domain: &str) -> bool {
    let undotted = domain.strip_prefix('.').unwrap_or(domain);
    let effective = &*host.effective;
    if !undotted.contains('.') && !effective.ends_with(".local") {
        return false;
    }
    effective.ends_with(domain)
        || effective.ends_with(&format!("{undotted}.local"))
        || ends_with_domain(effective, domain)
}

/// Whether a cookie of `cookie_path` goes to `path`.
pub fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path).is_some_and(|after| {
        after.is_empty() || cookie_path.ends_with('/') || after.starts_with('/')
    })
}

/// `escape_path`: quotes what `urllib.parse.quote(path, "%/;:@&=+$,!~*'()")` would.
pub fn escape_path(path: &str) -> Cow<'_, str> {
    const SET: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let escaped: Cow<'_, str> = utf8_percent_encode(path, SET).into();
    if !escaped.contains('%') {
        return escaped;
    }
    // Escapes are compared in capitals.
    let bytes = escaped.as_bytes();
    let of_escape = |at: usize| {
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        let begins = |at: usize| bytes[at] == b'%' && hex(at + 1) && hex(at + 2);
        (1..=2).any(|back| at >= back && begins(at - back))
    };
    escaped
        .char_indices()
        .map(|(at, c)| {
            if of_escape(at) {
                c.to_ascii_uppercase()
            } else {
                c
            }
        })
        .collect::<String>()
        .into()
}
