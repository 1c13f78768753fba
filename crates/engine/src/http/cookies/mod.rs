//! One user's cookie jar, by the rules of Python's `http.cookiejar` with its default policy.
//!
//! Those rules (Lib/http/cookiejar.py), not RFC 6265's, because a locustfile sees them: hosts without a
//! dot are `<host>.local`, a jar keeps domains, paths and names in the order of their first cookie, and
//! a request gets the longest paths first.

pub(crate) mod date;
mod set_cookie;

use http::{HeaderValue, header};

use crate::clock;
use crate::http::headers::Headers;
use crate::http::request::Dialect;
use crate::http::url::Url;
use set_cookie::{Host, Parsed, escape_path, parse, path_matches};

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

    fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// The cookies of one user, and a version that changes with them.
#[derive(Debug, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
    version: u64,
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
        dialect: Dialect,
        url: &Url,
        host: Option<&str>,
        extra: &[(String, String)],
        known: &[String],
    ) -> Option<HeaderValue> {
        if self.cookies.is_empty() && extra.is_empty() {
            return None;
        }
        let now = clock::unix_seconds();
        // requests asks a copy of its jar: what is over is not sent, and stays.
        if dialect == Dialect::Fast {
            self.expire(now);
        }
        let host = Host::new(host.unwrap_or_else(|| url.host()));
        let path = escape_path(url.path());
        let goes = |c: &&Cookie| {
            (!c.secure || url.secure())
                && host.gets(&c.domain)
                && path_matches(&path, &c.path)
                && !c.is_over(now)
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
        // A control character would keep the whole field, and with it every other cookie, from being sent.
        let sendable = |text: &str| !text.bytes().any(|b| b.is_ascii_control() && b != b'\t');
        chosen.retain(|(_, name, value)| sendable(name) && value.is_none_or(sendable));
        if chosen.is_empty() {
            return None;
        }
        let length = |(_, name, value): &(&str, &str, Option<&str>)| {
            name.len() + value.map_or(0, |value| value.len() + 1) + 2
        };
        let mut text = String::with_capacity(chosen.iter().map(length).sum());
        for (at, (_, name, value)) in chosen.into_iter().enumerate() {
            text += if at == 0 { "" } else { "; " };
            text += name;
            if let Some(value) = value {
                text += "=";
                text += value;
            }
        }
        if text.is_ascii() {
            return HeaderValue::try_from(text).ok();
        }
        // latin-1, as http.client writes header fields
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        HeaderValue::from_bytes(bytes.as_deref().unwrap_or(text.as_bytes())).ok()
    }

    /// Takes the `Set-Cookie` fields of an answer got from `url`.
    pub fn take(&mut self, dialect: Dialect, url: &Url, host: Option<&str>, headers: &Headers) {
        let mut fields = headers.all(header::SET_COOKIE).peekable();
        if fields.peek().is_none() {
            return;
        }
        let now = clock::unix_seconds();
        let host = Host::new(host.unwrap_or_else(|| url.host()));
        let mut all = Vec::new();
        for field in fields {
            let text: String = field.iter().map(|&b| char::from(b)).collect(); // latin-1, as http.client
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
        if self.cookies.iter().any(|c| c.is_over(now)) {
            self.cookies.retain(|c| !c.is_over(now));
            self.version += 1;
        }
    }
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
        let headers: Headers = fields.iter().map(|field| ("Set-Cookie", field)).collect();
        jar.take(Dialect::Requests, &Url::parse(url).unwrap(), None, &headers);
    }

    fn sent(jar: &mut Jar, url: &str) -> String {
        jar.field(Dialect::Requests, &Url::parse(url).unwrap(), None, &[], &[])
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
    fn a_cookie_that_cannot_be_sent_does_not_keep_others_back() {
        let mut jar = jar("http://h/", &["\u{1}odd=1", "good=2", "bad=\u{7f}"]);
        assert_eq!(sent(&mut jar, "http://h/"), "good=2");
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
