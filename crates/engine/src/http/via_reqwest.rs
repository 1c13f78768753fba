//! ViaReqwest: reqwest, for the proxies that the direct transport does not do (SOCKS, https), its own extras off.

use crate::sync::lock;
use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Version};
use http_body_util::BodyExt;

use super::h1::tls;
use super::transport::{Outgoing, within};
use crate::error::{Error, ErrorKind, Result};
use crate::http::headers::fields;
use crate::http::proxy::Proxy;
use crate::http::request::{Options, Verify};
use crate::http::response::{Answer, Body};
use crate::http::timings::Watch;

/// One reqwest client for each proxy and set of certificates this user has needed.
#[derive(Debug, Default)]
pub struct ViaReqwest {
    clients: Mutex<HashMap<(String, Verify), reqwest::Client>>,
}

impl ViaReqwest {
    fn clients(&self) -> MutexGuard<'_, HashMap<(String, Verify), reqwest::Client>> {
        lock(&self.clients)
    }

    fn client(&self, options: &Options, proxy: &Proxy) -> Result<reqwest::Client> {
        let key = (proxy.as_str().to_owned(), options.verify.clone());
        if let Some(client) = self.clients().get(&key) {
            return Ok(client.clone());
        }
        let refused =
            |error: reqwest::Error| Error::new(ErrorKind::Proxy, format!("proxy: {error}"));
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls::config(&options.verify)?).clone())
            .redirect(reqwest::redirect::Policy::none())
            .proxy(reqwest::Proxy::all(proxy.as_str()).map_err(refused)?)
            .http1_only()
            .http1_title_case_headers()
            .build()
            .map_err(refused)?;
        self.clients().insert(key, client.clone());
        Ok(client)
    }

    /// Sends one hop and reads the whole answer. What reqwest does meanwhile, `watch` is not told.
    pub async fn exchange(
        &self,
        options: &Options,
        proxy: &Proxy,
        outgoing: &mut Outgoing<'_>,
        watch: &mut Watch,
    ) -> Result<Answer> {
        watch.lose_sight();
        let client = self.client(options, proxy)?;
        let url = reqwest::Url::parse(outgoing.url.as_str()).map_err(|error| {
            Error::new(ErrorKind::Protocol, format!("{}: {error}", outgoing.url))
        })?;
        let mut request = reqwest::Request::new(outgoing.method.clone(), url);
        for (name, value) in fields::read(&outgoing.head) {
            let named = HeaderName::from_bytes(name).ok();
            if let (Some(name), Ok(value)) = (named, HeaderValue::from_bytes(value)) {
                request.headers_mut().append(name, value);
            }
        }
        if !outgoing.body.is_empty() {
            *request.body_mut() = Some(mem::take(&mut outgoing.body).into());
        }
        let reply = within(
            options.read_timeout,
            ErrorKind::ReadTimeout,
            client.execute(request),
        )
        .await?;
        let (mut parts, body) =
            http::Response::from(reply.map_err(|error| translate(&error))?).into_parts();
        watch.stop();
        let head_time = watch.since_begun();
        let collected =
            within(options.read_timeout, ErrorKind::BodyTimeout, body.collect()).await?;
        watch.stop();
        Ok(Answer {
            status: parts.status,
            version: if parts.version == Version::HTTP_10 {
                10
            } else {
                11
            },
            reason: parts
                .extensions
                .remove::<hyper::ext::ReasonPhrase>()
                .map_or_else(
                    || Bytes::from_static(parts.status.canonical_reason().unwrap_or("").as_bytes()),
                    |reason| Bytes::copy_from_slice(reason.as_bytes()),
                ),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (title_case(name), value.as_bytes()))
                .collect(),
            body: Body::Own(
                collected
                    .map_err(|error| Error::new(ErrorKind::Incomplete, error.to_string()))?
                    .to_bytes(),
            ),
            decoded: false,
            broken: None,
            head_time,
        })
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.clients().clear();
    }

    /// Gives them up without closing (see `Http1Pool::forget`).
    pub fn forget(&self) {
        mem::forget(mem::take(&mut *self.clients()));
    }
}

/// A header name as servers usually write it: hyper keeps names in lower case only.
fn title_case(name: &HeaderName) -> String {
    let mut upper = true;
    name.as_str()
        .chars()
        .map(|c| {
            let shown = if upper { c.to_ascii_uppercase() } else { c };
            upper = c == '-';
            shown
        })
        .collect()
}

fn translate(error: &reqwest::Error) -> Error {
    let mut words = error.to_string();
    let mut os_code = None;
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = inner.to_string(); // the innermost says what happened, without the URL
        os_code = os_code.or(inner
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::raw_os_error));
        cause = inner.source();
    }
    let kind = if error.is_connect() {
        ErrorKind::Proxy
    } else if error.is_timeout() {
        ErrorKind::ReadTimeout
    } else if os_code.is_some() {
        ErrorKind::Broken
    } else {
        ErrorKind::Closed
    };
    Error {
        os_code,
        ..Error::new(kind, words)
    }
}
