//! Client: one user's HTTP client; jar, transport, redirect, body, in that order, hop by hop.

use crate::sync::lock;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderValue, Method};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::body;
use super::cookies::Jar;
use super::headers::fields::{self, Kind};
use super::redirect;
use super::request::{Dialect, Request};
use super::response::{Body, Exchange, Hop};
use super::timings::Watch;
use super::transport::{Outgoing, TOGETHER, Transports};
use super::url::Url;
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};

/// One user's client: cookies and kept-alive connections.
#[derive(Debug)]
pub struct Client {
    jar: Mutex<Jar>,
    transports: Transports,
    slots: Option<Slots>,
    /// How often geventhttpclient would send an idempotent request again that met a closed connection.
    again: usize,
}

/// Host, port, and how many requests to them may still begin.
type Counter = (Arc<str>, u16, Arc<Semaphore>);

/// How many requests may be under way at each host and port.
#[derive(Debug)]
struct Slots {
    size: usize,
    places: Mutex<Vec<Counter>>,
}

impl Slots {
    fn new(size: usize) -> Self {
        Self {
            size,
            places: Mutex::default(),
        }
    }

    /// A place; `looked` becomes false if it had to be waited for.
    async fn take(&self, url: &Url, looked: &mut bool) -> Result<OwnedSemaphorePermit> {
        let there = {
            let mut places = lock(&self.places);
            let known = places
                .iter()
                .find(|(host, port, _)| **host == *url.host() && *port == url.port());
            if let Some((_, _, there)) = known {
                Arc::clone(there)
            } else {
                let there = Arc::new(Semaphore::new(self.size));
                places.reserve_exact(1); // a user seldom asks at more than one
                places.push((url.shared_host(), url.port(), Arc::clone(&there)));
                there
            }
        };
        if let Ok(free) = Arc::clone(&there).try_acquire_owned() {
            return Ok(free);
        }
        *looked = false;
        let lost = |error: AcquireError| Error::new(ErrorKind::Lost, error.to_string());
        there.acquire_owned().await.map_err(lost)
    }
}

/// What changes from hop to hop.
#[derive(Clone, Copy)]
struct Step<'a> {
    method: &'a Method,
    url: &'a Url,
    bodiless: bool,
    unauthorized: bool,
}

impl Client {
    /// A client that keeps up to `keep` idle connections and has at most `concurrency` requests
    /// under way at one host and port, further ones waiting (`None`: no limit).
    #[must_use]
    pub fn new(keep: usize, concurrency: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            jar: Mutex::new(Jar::default()),
            transports: Transports::new(keep),
            slots: concurrency.map(Slots::new),
            again: concurrency.map_or(0, |size| size + 1),
        })
    }

    /// The user's cookies.
    pub fn jar(&self) -> MutexGuard<'_, Jar> {
        lock(&self.jar)
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
        let mut exchange = Exchange::default();
        self.send_into(request, submitted, false, &mut exchange)
            .await;
        exchange
    }

    /// The same, into an exchange that has nothing in it yet. `looked`: the reactor has had a turn since `submitted`, so
    /// that it knows which of the idle connections were closed by then.
    pub async fn send_into(
        &self,
        request: &Request,
        submitted: Stamp,
        looked: bool,
        exchange: &mut Exchange,
    ) {
        exchange.taken_up = Stamp::now().since(submitted);
        let mut watch = Watch::new(submitted);
        let error = self.walk(request, looked, exchange, &mut watch).await;
        exchange.error = error.err();
        let hops = exchange.hops.iter();
        exchange.time = hops.map(|hop| hop.timings.whole()).sum();
    }

    async fn walk(
        &self,
        request: &Request,
        mut looked: bool,
        exchange: &mut Exchange,
        watch: &mut Watch,
    ) -> Result<()> {
        let Exchange { hops, room, .. } = exchange;
        let options = &*request.options;
        let known = if request.cookies.is_empty() {
            Vec::new()
        } else {
            self.jar().domains()
        };
        // Where it stays: what there is to say of it is written there.
        hops.push(Hop::new(request.method.clone(), request.url.clone()));
        loop {
            let first = hops.len() == 1;
            let Some(hop) = hops.last_mut() else {
                return Ok(());
            };
            let slot = match &self.slots {
                Some(slots) => Some(slots.take(&hop.url, &mut looked).await?),
                None => None,
            };
            let step = Step {
                method: &hop.method,
                url: &hop.url,
                bodiless: hop.bodiless,
                unauthorized: hop.unauthorized,
            };
            let mut again = if options.dialect == Dialect::Fast && idempotent(step.method) {
                self.again
            } else {
                0
            };
            let outcome = loop {
                let (mut outgoing, cookie) = self.outgoing_of(request, step, first, &known);
                outgoing.looked = mem::take(&mut looked);
                outgoing.room = mem::take(room);
                hop.cookie = cookie;
                let exchanging =
                    self.transports
                        .exchange(options, &mut outgoing, watch, &mut hop.answer);
                match exchanging.await {
                    Err(error) if again > 0 && error.closed() => {
                        again -= 1;
                        watch.again();
                    }
                    outcome => break outcome,
                }
            };
            drop(slot);
            if outcome.is_err() {
                hop.answer = None;
                watch.stop();
            }
            hop.timings = watch.take(hop.answer.as_ref().map(|answer| answer.version));
            outcome?;
            let Some(answer) = hop.answer.as_mut() else {
                return Ok(());
            };
            if answer.headers.contains("set-cookie") {
                let host = cookie_host(request);
                let mut jar = self.jar();
                jar.take(options.dialect, &hop.url, host, &answer.headers);
            }
            let decoded = match answer.broken.take() {
                None if answer.headers.contains("content-encoding") => {
                    body::decode(options.dialect, &answer.headers, answer.shared_body()).map(Some)
                }
                None => Ok(None),
                Some(error) => Err(error),
            };
            // A redirect whose body stalls is none for requests; what else is wrong with a body it overlooks.
            let stalled = options.dialect == Dialect::Requests
                && matches!(&decoded, Err(error) if error.kind == ErrorKind::BodyTimeout);
            let follow = options.redirects.is_some()
                && !stalled
                && redirect::asked(answer.status, &answer.headers);
            let next = follow.then(|| {
                redirect::next(
                    options.dialect,
                    &hop.method,
                    &request.url,
                    &hop.url,
                    answer.status,
                    &answer.headers,
                )
            });
            // Where it does not decode, the body stays as it came: Python's libraries have the last word. That
            // is an error in the last answer only: nobody may ever look at those on the way.
            let failed = match decoded {
                Ok(body) => {
                    if let Some(body) = body {
                        answer.body = Body::Own(body);
                    }
                    answer.decoded = true;
                    None
                }
                Err(error) => {
                    if follow && options.dialect == Dialect::Requests {
                        answer.body = Body::Own(Bytes::new()); // requests reads it raw, and throws it away
                    }
                    Some(error).filter(|_| !follow)
                }
            };
            if let Some(error) = failed {
                return Err(error);
            }
            let Some(next) = next else { return Ok(()) };
            let next = next?;
            let ahead = Hop {
                bodiless: hop.bodiless || next.drop_body,
                unauthorized: hop.unauthorized || next.drop_auth,
                ..Hop::new(next.method, next.url)
            };
            let limit = options.redirects.unwrap_or(0);
            if hops.len() > limit as usize {
                return Err(Error::new(
                    ErrorKind::TooManyRedirects,
                    format!("Exceeded {limit} redirects."),
                ));
            }
            hops.push(ahead);
        }
    }

    /// The header of one hop, in the order the stock client sends it.
    fn outgoing_of<'a>(
        &self,
        request: &Request,
        step: Step<'a>,
        first: bool,
        known: &[String],
    ) -> (Outgoing<'a>, Option<HeaderValue>) {
        let (url, method) = (step.url, step.method);
        let dialect = request.options.dialect;
        let proxied = request.options.proxy.is_some() && !url.secure();
        let target = match proxied {
            true => url.absolute().into(),
            false => url.target(),
        };
        let size = request.head.wire().len() + request.tail.wire().len() + target.len();
        let mut head = Vec::with_capacity(size + request.body.len().min(TOGETHER) + 256);
        for part in [method.as_str(), " ", &target, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        let own_host = request.head.first(Kind::Host);
        // http.client writes Host first; geventhttpclient after everything it was given.
        let host = own_host.is_none().then(|| match proxied {
            true => url.netloc().into(), // http.client, where it is given an absolute URL
            false => url.host_field(),
        });
        if let Some(host) = host.as_ref().filter(|_| dialect == Dialect::Requests) {
            fields::write(&mut head, b"Host", host.as_bytes());
        }
        // urllib3, where a redirect has dropped the body of a method that should have one.
        if dialect == Dialect::Requests && step.bodiless && !goes_without_body(method) {
            fields::write(&mut head, b"Content-Length", b"0");
        }
        // An explicit Cookie field wins over the jar, on the first hop only; so do both libraries.
        let stays = |kind: Kind| match kind {
            Kind::Cookie => first,
            Kind::Authorization => !step.unauthorized,
            Kind::OfBody => !step.bodiless,
            Kind::Encoding => !(step.bodiless && dialect == Dialect::Fast),
            Kind::Host | Kind::Other => true,
        };
        // Nearly always all do.
        let all = first && !step.bodiless && !step.unauthorized;
        if all {
            head.extend_from_slice(request.head.wire());
        } else {
            request.head.write(&mut head, stays);
        }
        let cookie = if first && request.head.first(Kind::Cookie).is_some() {
            None
        } else {
            self.jar()
                .field(dialect, url, cookie_host(request), &request.cookies, known)
        };
        // requests puts the cookies of a redirected request last: it takes them out and adds them anew.
        let cookie_last = !first && dialect == Dialect::Requests;
        if let Some(cookie) = cookie.as_ref().filter(|_| !cookie_last) {
            fields::write(&mut head, b"Cookie", cookie.as_bytes());
        }
        if let Some(host) = host.as_ref().filter(|_| dialect == Dialect::Fast) {
            fields::write(&mut head, b"Host", host.as_bytes());
        }
        let behind = |kind| kind == Kind::Cookie || stays(kind);
        if all {
            head.extend_from_slice(request.tail.wire());
        } else {
            request.tail.write(&mut head, behind);
        }
        if let Some(cookie) = cookie.as_ref().filter(|_| cookie_last) {
            fields::write(&mut head, b"Cookie", cookie.as_bytes());
        }
        let body = if step.bodiless {
            Bytes::new()
        } else {
            request.body.clone()
        };
        (
            Outgoing {
                method,
                url,
                head,
                body,
                looked: false,
                room: Vec::new(),
            },
            cookie,
        )
    }
}

/// The name under which requests keeps cookies where it is not that of the URL: an explicit `Host`.
fn cookie_host(request: &Request) -> Option<&str> {
    let host = request.head.first(Kind::Host)?;
    let counts = request.options.dialect == Dialect::Requests;
    std::str::from_utf8(host).ok().filter(|_| counts)
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
