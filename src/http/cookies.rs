//! One user's cookie jar, by the rules of Python's `http.cookiejar` with its default policy.
//!
//! Those rules (Lib/http/cookiejar.py), not RFC 6265's, because a locustfile sees them: hosts without a
//! dot are `<host>.local`, a jar keeps domains, paths and names in the order of their first cookie, and
//! a request gets the longest paths first.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::cookie_date;
use super::request::Dialect;
use super::url::Url;
use crate::clock;

/// One cookie, with the fields of `http.cookiejar.Cookie` that its default policy reads or fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value; `None` for a cookie that is only a name.
    pub value: Option<String>,
    /// The domain, with a leading dot where the server named it.
    pub domain: String,
    /// Whether the server named the domain.
    pub domain_specified: bool,
    /// Whether it did so with a dot.
    pub domain_initial_dot: bool,
    /// The path.
    pub path: String,
    /// Whether the server named the path.
    pub path_specified: bool,
    /// Only over https.
    pub secure: bool,
    /// Seconds since 1970 when it ends; `None` for a session cookie.
    pub expires: Option<i64>,
    /// Whether it ends with the session.
    pub discard: bool,
    /// Attributes without a field of their own: (name as sent, value).
    pub rest: Vec<(String, Option<String>)>,
}

impl Cookie {
    /// What decides its place in a `Cookie` field, and what stands there: path, name, value.
    fn sent(&self) -> (&str, &str, Option<&str>) {
        (&self.path, &self.name, self.value.as_deref())
    }
}

/// The cookies of one user, and a version that changes with them.
#[derive(Debug, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
    version: u64,
}

/// A host as cookies see it.
struct Host<'a> {
    effective: Cow<'a, str>,
}

impl<'a> Host<'a> {
    fn new(plain: &'a str) -> Self {
        let effective = if plain.contains('.') {
            plain.into()
        } else {
            format!("{plain}.local").into()
        };
        Self { effective }
    }

    /// `return_ok_domain`: whether cookies of this domain may go to the host. One set by hand without a
    /// domain goes everywhere.
    fn gets(&self, domain: &str) -> bool {
        domain.is_empty() || ends_with_domain(&self.effective, domain)
    }
}

/// Whether `.host` ends with `.domain`.
fn ends_with_domain(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    host.strip_suffix(domain)
        .is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

impl Jar {
    /// A number that is another one after every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All cookies, in the jar's order.
    #[must_use]
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Puts these cookies in place of all that are there.
    pub fn replace(&mut self, cookies: Vec<Cookie>) {
        self.cookies = Vec::with_capacity(cookies.len());
        for cookie in cookies {
            self.set(cookie);
        }
        self.version += 1;
    }

    /// Adds a cookie, or changes the one of the same domain, path and name.
    pub fn set(&mut self, cookie: Cookie) {
        self.version += 1;
        let same = |c: &Cookie| (c.domain == cookie.domain, c.path == cookie.path);
        let mut place = None; // after the last of the same path, else of the same domain
        for (at, old) in self.cookies.iter().enumerate() {
            match same(old) {
                (true, true) if old.name == cookie.name => {
                    self.cookies[at] = cookie;
                    return;
                }
                (true, true) => place = Some((true, at)),
                (true, false) if !matches!(place, Some((true, _))) => place = Some((false, at)),
                _ => {}
            }
        }
        match place {
            Some((_, at)) => self.cookies.insert(at + 1, cookie),
            None => self.cookies.push(cookie),
        }
    }

    /// The domains there are cookies of.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        let mut domains: Vec<String> = self.cookies.iter().map(|c| c.domain.clone()).collect();
        domains.dedup();
        domains
    }

    /// The `Cookie` field for a request to `url`, with `extra` cookies of this request only.
    /// `host` is the name the request goes by, when an explicit `Host` field says another one;
    /// `known` are the domains that had cookies when the call began.
    pub fn field(
        &mut self,
        url: &Url,
        host: Option<&str>,
        extra: &[(String, String)],
        known: &[String],
    ) -> Option<HeaderValue> {
        if self.cookies.is_empty() && extra.is_empty() {
            return None;
        }
        let now = clock::unix_seconds();
        self.expire(now);
        let host = Host::new(host.unwrap_or_else(|| url.host()));
        let path = escape_path(url.path());
        let goes = |c: &&Cookie| {
            (!c.secure || url.secure()) && host.gets(&c.domain) && path_matches(&path, &c.path)
        };
        // requests merges a dict of cookies into a copy of the jar with an empty domain and path "/": they
        // come after those of the domains known by then and before those of domains met on the way, and
        // all are then sorted by the length of their path.
        let early = |c: &&Cookie| extra.is_empty() || known.contains(&c.domain);
        let mut chosen: Vec<(&str, &str, Option<&str>)> = self
            .cookies
            .iter()
            .filter(goes)
            .filter(early)
            .map(Cookie::sent)
            .collect();
        if !extra.is_empty() {
            chosen.extend(
                extra
                    .iter()
                    .map(|(name, value)| ("/", &**name, Some(&**value))),
            );
            let late = self.cookies.iter().filter(goes).filter(|c| !early(c));
            chosen.extend(late.map(Cookie::sent));
        }
        chosen.sort_by_key(|(path, ..)| std::cmp::Reverse(path.len()));
        let parts: Vec<Cow<'_, str>> = chosen
            .into_iter()
            .map(|(_, name, value)| {
                value.map_or(name.into(), |value| format!("{name}={value}").into())
            })
            .collect();
        if parts.is_empty() {
            return None;
        }
        let text = parts.join("; ");
        if text.is_ascii() {
            return HeaderValue::try_from(text).ok();
        }
        // latin-1, as http.client writes header fields
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        HeaderValue::from_bytes(bytes.as_deref().unwrap_or(text.as_bytes())).ok()
    }

    /// Takes the `Set-Cookie` fields of an answer got from `url`.
    pub fn take(&mut self, dialect: Dialect, url: &Url, host: Option<&str>, headers: &HeaderMap) {
        let mut fields = headers.get_all(header::SET_COOKIE).iter().peekable();
        if fields.peek().is_none() {
            return;
        }
        let now = clock::unix_seconds();
        let host = Host::new(host.unwrap_or_else(|| url.host()));
        let mut all = Vec::new();
        for field in fields {
            let text: String = field.as_bytes().iter().map(|&b| char::from(b)).collect(); // latin-1, as http.client
            match parse(&text, url, &host, now) {
                Some(Parsed::Poison) => return,
                parsed => all.extend(parsed),
            }
        }
        // Python builds all cookies of an answer first; one that is already over deletes at once.
        let mut fresh = Vec::new();
        for parsed in all {
            match parsed {
                Parsed::Poison => {}
                Parsed::Set(cookie) => fresh.push(cookie),
                Parsed::Delete { domain, path, name } => {
                    let before = self.cookies.len();
                    self.cookies
                        .retain(|c| !(c.domain == domain && c.path == path && c.name == name));
                    self.version += u64::from(self.cookies.len() != before);
                }
            }
        }
        for mut cookie in fresh {
            if dialect == Dialect::Requests {
                unquote(&mut cookie.value);
            }
            self.set(cookie);
        }
    }

    fn expire(&mut self, now: i64) {
        let over = |c: &Cookie| c.expires.is_some_and(|end| end <= now);
        if self.cookies.iter().any(over) {
            self.cookies.retain(|c| !over(c));
            self.version += 1;
        }
    }
}

enum Parsed {
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
fn parse(text: &str, url: &Url, host: &Host<'_>, now: i64) -> Option<Parsed> {
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
    let (mut max_age, mut versioned, mut numbered) = (false, false, false);
    let mut rest = Vec::new();
    for (key, value) in parts.filter(|(key, _)| !key.is_empty()) {
        match key.to_ascii_lowercase().as_str() {
            "domain" if domain.is_none() => domain = Some(value?.to_lowercase()),
            "path" if path.is_none() => path = Some(value?),
            "secure" => secure = true,
            "discard" => discard = true,
            "expires" if max_age || expires.is_some() => {}
            "expires" => {
                expires = value.and_then(|date| cookie_date::parse(date.trim_matches('"'), now))
            }
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
                let version: u32 = value?.trim_matches('"').parse().ok()?;
                if version > 1 {
                    return None;
                }
                numbered = version == 1;
            }
            "port" | "comment" | "commenturl" => {}
            _ => rest.push((key.to_owned(), value.map(ToOwned::to_owned))),
        }
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

fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path).is_some_and(|after| {
        after.is_empty() || cookie_path.ends_with('/') || after.starts_with('/')
    })
}

/// `escape_path`: quotes what `urllib.parse.quote(path, "%/;:@&=+$,!~*'()")` would.
fn escape_path(path: &str) -> Cow<'_, str> {
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

/// `RequestsCookieJar.set_cookie`: a quoted value loses its escaped quotes.
fn unquote(value: &mut Option<String>) {
    if let Some(text) = value
        && text.len() >= 2
        && text.starts_with('"')
        && text.ends_with('"')
        && text.contains("\\\"")
    {
        *text = text.replace("\\\"", "");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jar(url: &str, fields: &[&str]) -> Jar {
        let mut jar = Jar::default();
        give(&mut jar, url, fields);
        jar
    }

    fn give(jar: &mut Jar, url: &str, fields: &[&str]) {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(
                header::SET_COOKIE,
                HeaderValue::from_bytes(field.as_bytes()).unwrap(),
            );
        }
        jar.take(Dialect::Requests, &Url::parse(url).unwrap(), None, &headers);
    }

    fn sent(jar: &mut Jar, url: &str) -> String {
        jar.field(&Url::parse(url).unwrap(), None, &[], &[])
            .map_or(String::new(), |v| v.to_str().unwrap().to_owned())
    }

    #[test]
    fn longest_path_first_then_jar_order() {
        let mut jar = jar(
            "http://h/a/b",
            &["z=1; Path=/", "y=2; Path=/a", "x=3; Path=/", "w=4"],
        );
        assert_eq!(sent(&mut jar, "http://h/a/c"), "y=2; w=4; z=1; x=3");
        assert_eq!(sent(&mut jar, "http://h/ab"), "z=1; x=3");
        give(&mut jar, "http://h/", &["z=9; Path=/"]);
        assert_eq!(sent(&mut jar, "http://h/"), "z=9; x=3");
    }

    #[test]
    fn domains() {
        assert_eq!(
            jar("http://localhost:1/", &["a=1"]).cookies()[0].domain,
            "localhost.local"
        );
        let mut jar = jar(
            "http://www.shop.example/",
            &[
                "a=1; Domain=shop.example",
                "b=2; Domain=other.example",
                "c=3",
            ],
        );
        assert_eq!(sent(&mut jar, "http://api.shop.example/"), "a=1");
        assert_eq!(sent(&mut jar, "http://www.shop.example/"), "a=1; c=3");
        assert_eq!(sent(&mut jar, "http://shop.example.org/"), "");
    }

    #[test]
    fn ends() {
        let mut jar = jar("http://h/", &["a=1; Path=/", "b=2; Path=/", "s=3; Secure"]);
        give(
            &mut jar,
            "http://h/",
            &["a=; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/"],
        );
        assert_eq!(sent(&mut jar, "http://h/"), "b=2");
        assert_eq!(sent(&mut jar, "https://h/"), "b=2; s=3");
    }

    #[test]
    fn nonsense_is_left_out() {
        let mut jar = jar(
            "http://h/",
            &["", "=x", ";a=1", "m=1; Max-Age=soon", "d=1; Domain", "ok"],
        );
        assert_eq!(sent(&mut jar, "http://h/"), "ok");
    }
}
