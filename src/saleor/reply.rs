//! An answer before it goes to hyper: status, kind of content, body, cookies; and the original's header sets.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue,
    LAST_MODIFIED, LOCATION, SET_COOKIE, VARY,
};
use http::{Response, StatusCode};

use super::body::{PageBody, Pieces};

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
    Asset(&'static str),
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) body: Pieces,
    pub(super) location: Option<String>,
    pub(super) cookies: Vec<String>,
    /// For `Content::Login`.
    pub(super) expires: Option<String>,
}

impl Reply {
    pub(super) fn new(status: u16, content: Content, body: impl Into<Pieces>) -> Reply {
        Reply {
            status,
            content,
            body: body.into(),
            location: None,
            cookies: Vec::new(),
            expires: None,
        }
    }

    pub(super) fn page(body: Pieces) -> Reply {
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

    pub(super) fn into_response(self, truncate: Option<usize>) -> Response<PageBody> {
        let body = match truncate {
            Some(len) => PageBody::truncated(self.body, len),
            None => PageBody::whole(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        headers.reserve(4 + self.cookies.len());
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        let page_vary = "Accept-Language, Cookie";
        let (kind, vary) = match self.content {
            Content::Page => ("text/html; charset=utf-8", page_vary),
            Content::Login => ("text/html; charset=utf-8", "Cookie, Accept-Language"),
            Content::Json => ("application/json", page_vary),
            Content::Script => ("text/javascript", page_vary),
            Content::Bare => ("text/html", page_vary),
            Content::Plain => ("text/html; charset=utf-8", ""),
            Content::Text => ("text/plain", ""),
            Content::Asset(kind) => (kind, ""),
        };
        set(CONTENT_TYPE, kind);
        if !vary.is_empty() {
            set(VARY, vary);
            set(CONTENT_LANGUAGE, "en");
        }
        if self.content == Content::Login {
            set(
                CACHE_CONTROL,
                "max-age=0, no-cache, no-store, must-revalidate",
            );
        }
        if matches!(self.content, Content::Asset(_)) {
            set(LAST_MODIFIED, "Mon, 08 Jan 2018 10:00:00 GMT");
        }
        if self.status == 405 {
            set(ALLOW, "POST");
        }
        let mut add = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        if let Some(expires) = &self.expires {
            add(EXPIRES, expires);
        }
        if let Some(location) = &self.location {
            add(LOCATION, location);
        }
        for cookie in &self.cookies {
            add(SET_COOKIE, cookie);
        }
        response
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
