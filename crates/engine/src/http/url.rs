//! Url: an absolute http or https address taken apart once, and the joining of redirects.

use std::fmt;
use std::sync::Arc;

use fluent_uri::{Uri, UriRef};

/// An absolute `http://` or `https://` URL, already escaped; kept as its text plus positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    text: Arc<str>,
    secure: bool,
    /// Host without brackets, lower case.
    host: Arc<str>,
    port: u16,
    /// Where path and query begin and end in `text`.
    target: (usize, usize),
    /// Where host and port begin, and whether they go into a `Host` field as they stand there.
    netloc: (usize, bool),
}

impl Url {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// One line saying what is wrong with the URL.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (secure, rest) = if text
            .get(..7)
            .is_some_and(|s| s.eq_ignore_ascii_case("http://"))
        {
            (false, 7)
        } else if text
            .get(..8)
            .is_some_and(|s| s.eq_ignore_ascii_case("https://"))
        {
            (true, 8)
        } else {
            return Err(format!("{text:?} is not an http:// or https:// URL"));
        };
        let end = text[rest..]
            .find(['/', '?', '#'])
            .map_or(text.len(), |at| rest + at);
        let authority = &text[rest..end];
        let address = authority
            .rfind('@')
            .map_or(authority, |at| &authority[at + 1..]);
        let (host, port) = if let Some(inner) = address.strip_prefix('[') {
            let (host, after) = inner
                .split_once(']')
                .ok_or_else(|| format!("{text:?}: '[' without ']'"))?;
            (host, after.strip_prefix(':'))
        } else {
            match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            }
        };
        if host.is_empty() {
            return Err(format!("{text:?}: no host"));
        }
        let port = match port {
            None | Some("") => {
                if secure {
                    443
                } else {
                    80
                }
            }
            Some(port) => port
                .parse()
                .map_err(|_| format!("{text:?}: port {port:?} is not a number up to 65535"))?,
        };
        // http.client refuses them, too: written as they are, they would end the line of a request.
        let odd = |b: u8| b.is_ascii_control();
        if text.bytes().any(odd) || host.contains(' ') {
            return Err(format!("{text:?}: control characters or spaces"));
        }
        let stop = text[end..].find('#').map_or(text.len(), |at| end + at);
        let host = if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Arc::from(host.to_ascii_lowercase())
        } else {
            Arc::from(host)
        };
        let standard = port == if secure { 443 } else { 80 };
        let as_it_stands = match address.strip_prefix(&*host) {
            Some("") => standard,
            // A port that has leading zeros or a sign does not.
            Some(port) => !standard && matches!(port.as_bytes(), [b':', b'1'..=b'9', ..]),
            None => false,
        };
        Ok(Self {
            text: Arc::from(text),
            secure,
            host,
            port,
            target: (end, stop),
            netloc: (end - address.len(), as_it_stands),
        })
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is https.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// The host, lower case, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `user:password` in front of the host, escaped as it stands.
    #[must_use]
    pub fn userinfo(&self) -> Option<&str> {
        let authority = &self.text[self.authority()..self.target.0];
        authority.rsplit_once('@').map(|(user, _)| user)
    }

    /// Host and port as they stand in the text.
    #[must_use]
    pub fn netloc(&self) -> &str {
        &self.text[self.netloc.0..self.target.0]
    }

    fn authority(&self) -> usize {
        if self.secure { 8 } else { 7 }
    }

    /// The whole URL without credentials and fragment: what a proxy is asked for.
    #[must_use]
    pub fn absolute(&self) -> String {
        let scheme = &self.text[..self.authority()];
        let target = &self.text[self.target.0..self.target.1];
        format!("{scheme}{}{target}", self.netloc())
    }

    /// The host, to be kept.
    #[must_use]
    pub fn shared_host(&self) -> Arc<str> {
        Arc::clone(&self.host)
    }

    /// The port, given or implied.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The request target of an HTTP/1.1 request line: path and query, at least `/`.
    #[must_use]
    pub fn target(&self) -> std::borrow::Cow<'_, str> {
        let target = &self.text[self.target.0..self.target.1];
        if target.starts_with('/') {
            target.into()
        } else {
            format!("/{target}").into()
        }
    }

    /// The path alone, at least `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = &self.text[self.target.0..self.target.1];
        let path = target.split('?').next().unwrap_or("");
        if path.is_empty() { "/" } else { path }
    }

    /// The fragment, without `#`.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        self.text[self.target.1..].strip_prefix('#')
    }

    /// The value of the `Host` field: host, and the port unless it is the scheme's own.
    #[must_use]
    pub fn host_field(&self) -> std::borrow::Cow<'_, str> {
        if self.netloc.1 {
            return self.netloc().into(); // nearly always
        }
        let standard = self.port == if self.secure { 443 } else { 80 };
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        if standard {
            format!("{open}{}{close}", self.host).into()
        } else {
            format!("{open}{}{close}:{}", self.host, self.port).into()
        }
    }

    /// Whether both have scheme, host and port in common.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.port == other.port && self.host == other.host
    }

    /// The URL that `location` (already escaped) means when found at this one (RFC 3986, 5.2).
    ///
    /// # Errors
    /// One line saying what is wrong.
    pub fn join(&self, location: &str) -> Result<Self, String> {
        // Query and fragment are never changed by resolving, and in the wild hold characters (brackets)
        // that a strict parser refuses: only the part before them is resolved.
        let (front, back) = location.split_at(location.find(['?', '#']).unwrap_or(location.len()));
        let own = if front.is_empty() && !back.starts_with('?') {
            self.target.1
        } else {
            self.path_end()
        };
        if front.is_empty() {
            return Self::parse(&format!("{}{back}", &self.text[..own]));
        }
        let bad = |_| format!("redirect to {location:?}, which is no URL");
        let reference = UriRef::parse(front).map_err(|e| bad(e.to_string()))?;
        let base = Uri::parse(&self.text[..own]).map_err(|e| bad(e.to_string()))?;
        let joined = reference
            .resolve_against(&base)
            .map_err(|e| bad(e.to_string()))?;
        Self::parse(&format!("{joined}{back}"))
    }

    fn path_end(&self) -> usize {
        self.text[..self.target.1]
            .find('?')
            .unwrap_or(self.target.1)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Url;

    #[test]
    fn takes_apart() {
        let url = Url::parse("http://user:pw@Shop.Example:8080/a/b?x=1#top").unwrap();
        assert_eq!(
            (url.host(), url.port(), url.secure()),
            ("shop.example", 8080, false)
        );
        assert_eq!(
            (&*url.target(), url.path(), url.fragment()),
            ("/a/b?x=1", "/a/b", Some("top"))
        );
        assert_eq!(url.host_field(), "shop.example:8080");
        let url = Url::parse("https://[::1]?q").unwrap();
        assert_eq!(
            (url.host(), url.port(), &*url.target(), url.path()),
            ("::1", 443, "/?q", "/")
        );
        assert_eq!(url.host_field(), "[::1]");
    }

    #[test]
    fn refuses_what_would_break_a_request() {
        for bad in [
            "http://h\r\nX: y/",
            "http://h/\n",
            "http://a b/",
            "http://h/\x7f",
            "http://h\0/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn refuses() {
        for text in [
            "ftp://x/",
            "http:///x",
            "http://x:99999/",
            "http://[::1/",
            "/x",
            "",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn joins() {
        let base = Url::parse("http://h:1/a/b?x#f").unwrap();
        for (location, want) in [
            ("/c", "http://h:1/c"),
            ("c", "http://h:1/a/c"),
            ("?y", "http://h:1/a/b?y"),
            ("//other/z", "http://other/z"),
            ("https://s/", "https://s/"),
            ("../../up", "http://h:1/up"),
            ("/d?x[0]=1#[z]", "http://h:1/d?x[0]=1#[z]"),
            ("#g", "http://h:1/a/b?x#g"),
        ] {
            assert_eq!(base.join(location).unwrap().as_str(), want);
        }
        assert!(base.join("mailto:x@y").is_err());
    }
}
