//! A request as the shop's views need it: headers looked at once, cookies apart, fields read.

use http::request::Parts;

use super::cookies;
use super::faults::Faults;
use super::form::Form;

#[derive(Default)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) form: Form,
    pub(super) ajax: bool,
    pub(super) https: bool,
    pub(super) host: &'a str,
    pub(super) referer: Option<&'a str>,
    pub(super) csrf_header: &'a str,
    pub(super) csrf_cookie: Option<&'a str>,
    pub(super) session_cookie: Option<&'a str>,
    pub(super) cart_cookie: Option<&'a str>,
    pub(super) faults: Faults,
    content_type: &'a str,
}

impl<'a> Ask<'a> {
    pub(super) fn read(parts: &'a Parts) -> Ask<'a> {
        let mut ask = Ask {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            ..Ask::default()
        };
        for (name, value) in &parts.headers {
            let Ok(value) = value.to_str() else { continue };
            match name.as_str() {
                "cookie" => ask.read_cookies(value),
                "host" => ask.host = value,
                "content-type" => ask.content_type = value,
                "referer" => ask.referer = Some(value),
                "x-requested-with" => ask.ajax = value == "XMLHttpRequest",
                "x-csrftoken" => ask.csrf_header = value,
                "x-forwarded-proto" => ask.https = value == "https",
                other => {
                    if let Some(fault) = other.strip_prefix("x-mock-") {
                        ask.faults.ask(fault, value);
                    }
                }
            }
        }
        ask
    }

    pub(super) fn read_body(&mut self, body: &[u8]) {
        if !body.is_empty() {
            self.form = Form::parse(self.content_type, body);
        }
    }

    fn read_cookies(&mut self, header: &'a str) {
        for pair in header.split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else {
                continue;
            };
            let value = value.trim_matches('"');
            match name {
                cookies::CSRF => self.csrf_cookie = Some(value),
                cookies::SESSION => self.session_cookie = Some(value),
                cookies::CART => self.cart_cookie = Some(value),
                _ => {}
            }
        }
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == "POST"
    }

    pub(super) fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }
}
