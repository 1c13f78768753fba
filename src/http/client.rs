//! Client: one user's HTTP client; jar, transport, redirect, body, in that order, hop by hop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};
use tokio::sync::Semaphore;

use super::body;
use super::cookies::Jar;
use super::redirect;
use super::request::{Dialect, Fields, Request};
use super::response::{Answer, Exchange, Hop};
use super::transport::{Outgoing, Transports};
use super::url::Url;
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};

/// One user's client: cookies and kept-alive connections.
#[derive(Debug)]
pub struct Client {
    jar: Mutex<Jar>,
    transports: Transports,
    slots: Option<Semaphore>,
    /// How often geventhttpclient would send an idempotent request again that met a closed connection.
    again: usize,
}

/// What changes from hop to hop.
struct Step {
    method: Method,
    url: Url,
    bodiless: bool,
    unauthorized: bool,
}

impl Client {
    /// A client that keeps up to `keep` idle connections and has at most `concurrency` requests
    /// under way, further ones waiting (`None`: no limit).
    #[must_use]
    pub fn new(keep: usize, concurrency: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            jar: Mutex::new(Jar::default()),
            transports: Transports::new(keep),
            slots: concurrency.map(Semaphore::new),
            again: concurrency.map_or(0, |size| size + 1),
        })
    }

    /// The user's cookies.
    pub fn jar(&self) -> MutexGuard<'_, Jar> {
        // A panic while the jar was held leaves it whole: every change of it is one assignment.
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.transports.close();
    }

    /// Gives up the idle connections without closing them: after a fork they belong to the parent.
    pub fn forget(&self) {
        self.transports.forget();
    }

    /// Carries out one call, redirects included. Failures are in the exchange.
    pub async fn send(&self, request: &Request, submitted: Stamp) -> Exchange {
        let mut hops = Vec::with_capacity(1);
        let error = self.walk(request, &mut hops).await.err();
        Exchange {
            hops,
            error,
            time: Stamp::now().since(submitted),
        }
    }

    async fn walk(&self, request: &Request, hops: &mut Vec<Hop>) -> Result<()> {
        let _slot = match &self.slots {
            Some(slots) => Some(
                slots
                    .acquire()
                    .await
                    .map_err(|e| Error::new(ErrorKind::Lost, e.to_string()))?,
            ),
            None => None,
        };
        let options = &request.options;
        let mut step = Step {
            method: request.method.clone(),
            url: request.url.clone(),
            bodiless: false,
            unauthorized: false,
        };
        let known = if request.cookies.is_empty() {
            Vec::new()
        } else {
            self.jar().domains()
        };
        loop {
            let first = hops.is_empty();
            let host = explicit_host(&request.head);
            let mut again = if options.dialect == Dialect::Fast && idempotent(&step.method) {
                self.again
            } else {
                0
            };
            let (outcome, cookie) = loop {
                let (outgoing, cookie) = self.dress(request, &step, first, &known);
                let outcome = self.transports.exchange(options, outgoing).await;
                match &outcome {
                    Err(error) if again > 0 && closed(error) => again -= 1,
                    _ => break (outcome, cookie),
                }
            };
            let mut hop = Hop {
                method: step.method.clone(),
                url: step.url.clone(),
                cookie,
                bodiless: step.bodiless,
                unauthorized: step.unauthorized,
                answer: None,
            };
            let mut answer = match outcome {
                Ok(answer) => answer,
                Err(error) => {
                    hops.push(hop);
                    return Err(error);
                }
            };
            self.jar()
                .take(options.dialect, &step.url, host, &answer.headers);
            let decoded = match answer.broken.take() {
                None => body::decode(options.dialect, &answer.headers, answer.body.clone()),
                Some(error) => Err(error),
            };
            let follow =
                options.redirects.is_some() && redirect::asked(answer.status, &answer.headers);
            let next = follow.then(|| {
                redirect::next(
                    options.dialect,
                    &step.method,
                    &request.url,
                    &step.url,
                    answer.status,
                    &answer.headers,
                )
            });
            // Only the last answer's body must decode: nobody may ever look at those on the way.
            let decoded = if follow {
                Ok(decoded.unwrap_or_default())
            } else {
                decoded
            };
            let failed = match decoded {
                Ok(body) => {
                    answer.body = body;
                    None
                }
                Err(error) => Some(error), // the body stays as it came: Python's libraries have the last word
            };
            hop.answer = Some(answer);
            hops.push(hop);
            if let Some(error) = failed {
                return Err(error);
            }
            let Some(next) = next else { return Ok(()) };
            let next = next?;
            let limit = options.redirects.unwrap_or(0);
            if hops.len() > limit as usize {
                return Err(Error::new(
                    ErrorKind::TooManyRedirects,
                    format!("Exceeded {limit} redirects."),
                ));
            }
            step = Step {
                method: next.method,
                url: next.url,
                bodiless: step.bodiless || next.drop_body,
                unauthorized: step.unauthorized || next.drop_auth,
            };
        }
    }

    /// The header of one hop, in the order the stock client sends it.
    fn dress(
        &self,
        request: &Request,
        step: &Step,
        first: bool,
        known: &[String],
    ) -> (Outgoing, Option<HeaderValue>) {
        let mut headers = HeaderMap::with_capacity(request.head.len() + request.tail.len() + 2);
        let dialect = request.options.dialect;
        let own_host = explicit_host(&request.head);
        // http.client writes Host first; geventhttpclient after everything it was given.
        let host = HeaderValue::try_from(step.url.host_field())
            .ok()
            .filter(|_| own_host.is_none());
        let (early, late) = match dialect {
            Dialect::Requests => (host, None),
            Dialect::Fast => (None, host),
        };
        if let Some(host) = early {
            headers.insert(header::HOST, host);
        }
        // urllib3, where a redirect has dropped the body of a method that should have one.
        if dialect == Dialect::Requests && step.bodiless && !goes_without_body(&step.method) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut explicit_cookie = false;
        for (name, value) in request.head.iter() {
            // An explicit Cookie field wins over the jar, on the first hop only; so do both libraries.
            if *name == header::COOKIE {
                if first {
                    explicit_cookie = true;
                    headers.append(name, value.clone());
                }
            } else if (step.unauthorized && *name == header::AUTHORIZATION)
                || (step.bodiless && of_body(name))
            {
            } else {
                headers.append(name, value.clone());
            }
        }
        let cookie = if explicit_cookie {
            None
        } else {
            self.jar()
                .field(&step.url, own_host, &request.cookies, known)
        };
        // requests puts the cookies of a redirected request last: it takes them out and adds them anew.
        let cookie_last = !first && dialect == Dialect::Requests;
        if let Some(cookie) = cookie.as_ref().filter(|_| !cookie_last) {
            headers.insert(header::COOKIE, cookie.clone());
        }
        if let Some(host) = late {
            headers.insert(header::HOST, host);
        }
        for (name, value) in &request.tail {
            if !(step.bodiless && of_body(name)
                || step.unauthorized && *name == header::AUTHORIZATION)
            {
                headers.append(name, value.clone());
            }
        }
        if let Some(cookie) = cookie.as_ref().filter(|_| cookie_last) {
            headers.insert(header::COOKIE, cookie.clone());
        }
        let body = if step.bodiless {
            bytes::Bytes::new()
        } else {
            request.body.clone()
        };
        (
            Outgoing {
                method: step.method.clone(),
                url: step.url.clone(),
                headers,
                body,
            },
            cookie,
        )
    }
}

fn explicit_host(head: &Fields) -> Option<&str> {
    head.iter()
        .find(|(name, _)| *name == header::HOST)
        .and_then(|(_, value)| value.to_str().ok())
}

/// What geventhttpclient takes for a connection that the server has closed.
fn closed(error: &Error) -> bool {
    let reset = rustix::io::Errno::CONNRESET.raw_os_error();
    error.kind == ErrorKind::Closed
        || error.kind == ErrorKind::Broken && error.os_code == Some(reset)
}

fn of_body(name: &header::HeaderName) -> bool {
    *name == header::CONTENT_LENGTH
        || *name == header::CONTENT_TYPE
        || *name == header::TRANSFER_ENCODING
}

/// Methods for which urllib3 announces no empty body.
fn goes_without_body(method: &Method) -> bool {
    matches!(
        method.as_str(),
        "GET" | "HEAD" | "DELETE" | "TRACE" | "OPTIONS" | "CONNECT"
    )
}

/// RFC 9110, 9.2.2.
fn idempotent(method: &Method) -> bool {
    matches!(
        method.as_str(),
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE"
    )
}

/// Whether an answer to `method` has no body whatever its fields say.
pub(super) fn never_has_body(method: &Method, answer: &Answer) -> bool {
    *method == Method::HEAD || matches!(answer.status.as_u16(), 204 | 304)
}
