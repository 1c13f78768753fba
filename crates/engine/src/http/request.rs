//! Request: everything one call asks for, owned, so that nothing of Python travels with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::headers::fields::Fields;
use super::proxy::Proxy;
use super::url::Url;

/// Whose rules hold where `requests` and `geventhttpclient` differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `HttpUser`: the rules of requests.
    Requests,
    /// `FastHttpUser`: the rules of geventhttpclient.
    Fast,
}

/// Which certificates a TLS server must show.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Any certificate will do.
    Nothing,
    /// One that the PEM bundle at this path vouches for.
    Bundle(Arc<str>),
}

/// How a request is to be carried out; the same for most requests of a session.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose redirect and cookie rules hold.
    pub dialect: Dialect,
    /// How many redirects to follow; `None` hands the redirect back.
    pub redirects: Option<u32>,
    /// Longest time to open the connection, TLS included.
    pub connect_timeout: Option<Duration>,
    /// Longest silence while waiting for bytes.
    pub read_timeout: Option<Duration>,
    /// Certificates accepted.
    pub verify: Verify,
    /// The proxy, if it goes through one.
    pub proxy: Option<Arc<Proxy>>,
}

/// One HTTP request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET, POST, …
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Fields before the place of the jar's `Cookie` field; an explicit `Host` or `Cookie` is among them.
    pub head: Arc<Fields>,
    /// Fields after it: those of the body, then `Authorization`.
    pub tail: Fields,
    /// Cookies for this request only: (name, value).
    pub cookies: Vec<(String, String)>,
    /// The body, already encoded.
    pub body: Bytes,
    /// How to carry it out.
    pub options: Arc<Options>,
}
