//! A request as the shop's views need it: headers looked at once, cookies apart, fields read.

use http::request::Parts;

use super::cookies;
use super::faults::Faults;
use super::form::Form;

#[derive(Default)]
pub(super) struct ShopRequest<'a> {
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

impl<'a> ShopRequest<'a> {
    pub(super) fn new(method: &'a str, path: &'a str, query: &'a str) -> ShopRequest<'a> {
        ShopRequest {
            method,
            path,
            query,
            ..ShopRequest::default()
        }
    }

    pub(super) fn read(parts: &'a Parts) -> ShopRequest<'a> {
        let (method, uri) = (parts.method.as_str(), &parts.uri);
        let mut ask = ShopRequest::new(method, uri.path(), uri.query().unwrap_or_default());
        for (name, value) in &parts.headers {
            let Ok(value) = value.to_str() else { continue };
            match name.as_str().strip_prefix("x-mock-") {
                Some(fault) => ask.faults.ask(fault, value),
                None => ask.read_header(name.as_str(), value),
            }
        }
        ask
    }

    /// Takes one header but those that ask for faults; its name in any case.
    pub(super) fn read_header(&mut self, name: &str, value: &'a str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("cookie") {
            self.read_cookies(value);
        } else if is("host") {
            self.host = value;
        } else if is("content-type") {
            self.content_type = value;
        } else if is("referer") {
            self.referer = Some(value);
        } else if is("x-requested-with") {
            self.ajax = value == "XMLHttpRequest";
        } else if is("x-csrftoken") {
            self.csrf_header = value;
        } else if is("x-forwarded-proto") {
            self.https = value == "https";
        }
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

    /// Whether it asks about the mock, not the shop.
    pub(super) fn is_behind_the_scenes(&self) -> bool {
        self.path.starts_with("/__mock__/")
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == "POST"
    }

    pub(super) fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }
}
