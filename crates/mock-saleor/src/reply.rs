//! An answer before it goes out: status, kind of content, body, cookies; and the original's header sets.

use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::body::{ByteRope, PageBody};

/// Decides content type and the headers that go with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A page, or a redirect's empty body.
    Page,
    /// Anything under the log-in page, which must not be cached.
    Login,
    Json,
    Script,
    /// Errors that did not come from a view: no charset.
    Bare,
    /// A redirect from before the views: neither language nor Vary.
    Plain,
    Text,
    /// Static files.
    Picture,
    Style,
    Bundle,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) body: ByteRope,
    pub(super) location: Option<String>,
    pub(super) cookies: Vec<String>,
    /// For `Content::Login`.
    pub(super) expires: Option<String>,
}

impl Reply {
    pub(super) fn new(status: u16, content: Content, body: impl Into<ByteRope>) -> Reply {
        Reply {
            status,
            content,
            body: body.into(),
            location: None,
            cookies: Vec::new(),
            expires: None,
        }
    }

    pub(super) fn page(body: ByteRope) -> Reply {
        Reply::new(200, Content::Page, body)
    }

    pub(super) fn json(status: u16, value: &serde_json::Value) -> Reply {
        Reply::new(status, Content::Json, spaced(value))
    }

    pub(super) fn redirect(location: impl Into<String>) -> Reply {
        Reply {
            location: Some(location.into()),
            ..Reply::new(302, Content::Page, "")
        }
    }

    pub(super) fn moved(location: impl Into<String>) -> Reply {
        Reply {
            location: Some(location.into()),
            ..Reply::new(301, Content::Page, "")
        }
    }

    pub(super) fn not_allowed() -> Reply {
        Reply::new(405, Content::Page, "")
    }

    pub(super) fn failure() -> Reply {
        Reply::new(500, Content::Bare, "<h1>Server failure 500</h1>")
    }

    /// The same for hyper; `truncate` breaks the connection after so many bytes of the body.
    pub(super) fn into_response(self, truncate: Option<usize>) -> Response<PageBody> {
        let mut response = Response::new(());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let mut add = |name: &'static str, value: &str| {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.append(name, value);
            }
        };
        for line in self.content.headers().lines() {
            if let Some((name, value)) = line.split_once(": ") {
                add(name, value);
            }
        }
        self.own_headers(add);
        response.map(|()| match truncate {
            Some(len) => PageBody::truncated(self.body, len),
            None => PageBody::whole(self.body),
        })
    }

    /// Writes status line and headers, to the byte as hyper does.
    pub(super) fn write_head(&self, head: &mut Vec<u8>) {
        let mut write = |texts: &[&str]| {
            for text in texts {
                head.extend_from_slice(text.as_bytes());
            }
        };
        if self.status == 200 {
            write(&["HTTP/1.1 200 OK\r\n"]);
        } else {
            let status = self.status();
            let reason = status.canonical_reason().unwrap_or("<none>");
            write(&["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"]);
        }
        write(&[self.content.headers()]);
        self.own_headers(|name, value| {
            let fits = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
            if value.bytes().fold(true, |all, byte| all & fits(byte)) {
                write(&[name, ": ", value, "\r\n"]);
            }
        });
        let length = self.body.len().to_string();
        write(&["Content-Length: ", &length, "\r\n\r\n"]);
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK)
    }

    /// The headers not all replies of one content have, without the length. A value may be one that cannot be sent.
    fn own_headers(&self, mut add: impl FnMut(&'static str, &str)) {
        if self.status == 405 {
            add("Allow", "POST");
        }
        if let Some(expires) = &self.expires {
            add("Expires", expires);
        }
        if let Some(location) = &self.location {
            add("Location", location);
        }
        for cookie in &self.cookies {
            add("Set-Cookie", cookie);
        }
    }
}

impl Content {
    /// The headers that all replies of this content have, as they are written.
    fn headers(self) -> &'static str {
        macro_rules! headers {
            ($($line:literal)*) => { concat!($($line, "\r\n"),*) };
        }
        match self {
            Content::Page => headers!(
                "Content-Type: text/html; charset=utf-8"
                "Vary: Accept-Language, Cookie"
                "Content-Language: en"
            ),
            Content::Login => headers!(
                "Content-Type: text/html; charset=utf-8"
                "Vary: Cookie, Accept-Language"
                "Content-Language: en"
                "Cache-Control: max-age=0, no-cache, no-store, must-revalidate"
            ),
            Content::Json => headers!(
                "Content-Type: application/json"
                "Vary: Accept-Language, Cookie"
                "Content-Language: en"
            ),
            Content::Script => headers!(
                "Content-Type: text/javascript"
                "Vary: Accept-Language, Cookie"
                "Content-Language: en"
            ),
            Content::Bare => headers!(
                "Content-Type: text/html"
                "Vary: Accept-Language, Cookie"
                "Content-Language: en"
            ),
            Content::Plain => headers!("Content-Type: text/html; charset=utf-8"),
            Content::Text => headers!("Content-Type: text/plain"),
            Content::Picture => headers!(
                "Content-Type: image/svg+xml"
                "Last-Modified: Mon, 08 Jan 2018 10:00:00 GMT"
            ),
            Content::Style => headers!(
                "Content-Type: text/css"
                "Last-Modified: Mon, 08 Jan 2018 10:00:00 GMT"
            ),
            Content::Bundle => headers!(
                "Content-Type: application/javascript"
                "Last-Modified: Mon, 08 Jan 2018 10:00:00 GMT"
            ),
        }
    }
}

/// JSON with a blank after every comma and colon, as the original's encoder writes it.
fn spaced(value: &serde_json::Value) -> String {
    let tight = value.to_string();
    let mut text = String::with_capacity(tight.len() + 8);
    let (mut quoted, mut escaped) = (false, false);
    for c in tight.chars() {
        text.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' | ':' if !quoted => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spaced_outside_of_texts() {
        let value = serde_json::json!({"a": "x,\"y:", "b": [1, 2]});
        assert_eq!(spaced(&value), r#"{"a": "x,\"y:", "b": [1, 2]}"#);
    }
}
