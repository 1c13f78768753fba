//! Wide: reqwest, for what the direct transport does not do (proxies, SOCKS), its own extras off.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::BodyExt;

use super::{Outgoing, tls, within};
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};
use crate::http::request::{Options, Verify};
use crate::http::response::Answer;

/// One reqwest client for each proxy and set of certificates this user has needed.
#[derive(Debug, Default)]
pub struct Wide {
    clients: Mutex<HashMap<(Arc<str>, Verify), reqwest::Client>>,
}

impl Wide {
    fn clients(&self) -> MutexGuard<'_, HashMap<(Arc<str>, Verify), reqwest::Client>> {
        // A panic while the map was held leaves at most one client unmade.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, options: &Options, proxy: &Arc<str>) -> Result<reqwest::Client> {
        let key = (Arc::clone(proxy), options.verify.clone());
        if let Some(client) = self.clients().get(&key) {
            return Ok(client.clone());
        }
        let refused =
            |error: reqwest::Error| Error::new(ErrorKind::Proxy, format!("proxy {proxy}: {error}"));
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls::config(&options.verify)?).clone())
            .redirect(reqwest::redirect::Policy::none())
            .proxy(reqwest::Proxy::all(&**proxy).map_err(refused)?)
            .http1_only()
            .http1_title_case_headers()
            .build()
            .map_err(refused)?;
        self.clients().insert(key, client.clone());
        Ok(client)
    }

    /// Sends one hop and reads the whole answer.
    pub async fn exchange(
        &self,
        options: &Options,
        proxy: &Arc<str>,
        outgoing: Outgoing,
    ) -> Result<Answer> {
        let started = Stamp::now();
        let client = self.client(options, proxy)?;
        let url = reqwest::Url::parse(outgoing.url.as_str()).map_err(|error| {
            Error::new(ErrorKind::Protocol, format!("{}: {error}", outgoing.url))
        })?;
        let mut request = reqwest::Request::new(outgoing.method, url);
        *request.headers_mut() = outgoing.headers;
        if !outgoing.body.is_empty() {
            *request.body_mut() = Some(outgoing.body.into());
        }
        let reply = within(
            options.read_timeout,
            ErrorKind::ReadTimeout,
            client.execute(request),
        )
        .await?;
        let (mut parts, body) =
            http::Response::from(reply.map_err(|error| translate(&error))?).into_parts();
        let head_time = Stamp::now().since(started);
        let collected =
            within(options.read_timeout, ErrorKind::BodyTimeout, body.collect()).await?;
        Ok(Answer {
            status: parts.status,
            version: parts.version,
            reason: parts
                .extensions
                .remove::<hyper::ext::ReasonPhrase>()
                .map(|r| bytes::Bytes::copy_from_slice(r.as_bytes())),
            headers: parts.headers,
            body: collected
                .map_err(|error| Error::new(ErrorKind::Incomplete, error.to_string()))?
                .to_bytes(),
            broken: None,
            head_time,
        })
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.clients().clear();
    }

    /// Gives them up without closing (see `Direct::forget`).
    pub fn forget(&self) {
        mem::forget(mem::take(&mut *self.clients()));
    }
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
        kind,
        message: words,
        os_code,
    }
}
