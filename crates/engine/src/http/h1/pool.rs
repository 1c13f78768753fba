//! Pool: HTTP/1.1 over TCP or TLS, by way of an HTTP proxy if need be; the idle connections of one user.

use crate::sync::lock;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use super::connection::{self, Http1Connection};
use super::keep_alive::KeepAliveHint;
use super::socket::Stream;
use super::tls;
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};
use crate::http::proxy::Proxy;
use crate::http::request::{Options, Verify};
use crate::http::response::Answer;
use crate::http::timings::{Phase, Watch};
use crate::http::transport::{Alarm, Outgoing};
use crate::http::url::Url;

/// The idle connections of one client. Nothing polls one while it is idle: no task, no buffer, no
/// wake-ups during think times.
#[derive(Debug)]
pub struct Http1Pool {
    keep: usize,
    idle: Mutex<Idle>,
}

/// In boxes: a request under way that carried such a connection along would keep room for it several times.
#[allow(clippy::vec_box)]
type Idle = Vec<Box<Open>>;

/// A connection and where it leads; it is only used again for the same.
#[derive(Debug)]
struct Open {
    secure: Option<Verify>,
    host: Arc<str>,
    port: u16,
    via: Option<Arc<Proxy>>,
    stream: Stream,
    alarm: Alarm,
    /// What is known of the server at its other end.
    hint: Arc<KeepAliveHint>,
    /// Idle since then.
    since: Stamp,
}

/// Where a connection leads: all plain requests through a proxy share its connections.
struct Route<'a> {
    secure: Option<&'a Verify>,
    url: &'a Url,
    via: Option<&'a Arc<Proxy>>,
}

impl<'a> Route<'a> {
    fn new(options: &'a Options, url: &'a Url) -> Self {
        Self {
            secure: url.secure().then_some(&options.verify),
            url,
            via: options.proxy.as_ref(),
        }
    }

    /// Whose host and port tell the connection from others.
    fn end(&self) -> &Url {
        let proxy = self.via.and_then(|proxy| proxy.http());
        proxy.filter(|_| self.secure.is_none()).unwrap_or(self.url)
    }

    fn is(&self, idle: &Open) -> bool {
        let end = self.end();
        idle.port == end.port()
            && *idle.host == *end.host()
            && idle.secure.as_ref() == self.secure
            && idle.via.as_ref().map(|proxy| proxy.as_str()) == self.via.map(|proxy| proxy.as_str())
    }

    /// Its server's name among others.
    fn name(&self) -> String {
        let (scheme, end) = (
            if self.secure.is_some() {
                "https"
            } else {
                "http"
            },
            self.end(),
        );
        let via = self.via.map_or("", |proxy| proxy.as_str());
        format!("{scheme}://{}:{} {via}", end.host(), end.port())
    }

    async fn open(&self, watch: &mut Watch) -> Result<Box<Open>> {
        // Made from a file for the first connection, and that is no part of the handshake.
        let config = self.secure.map(tls::config);
        let mut stream = match self.via.and_then(|proxy| Some((proxy, proxy.http()?))) {
            None => Stream::open(self.url.host(), self.url.port(), watch).await?,
            Some((proxy, at)) => {
                let mut stream =
                    Stream::open(at.host(), at.port(), watch)
                        .await
                        .map_err(|error| Error {
                            kind: ErrorKind::Proxy,
                            ..error
                        })?;
                if self.secure.is_some() {
                    Box::pin(connection::tunnel(&mut stream, proxy, self.url)).await?;
                }
                stream
            }
        };
        if let Some(config) = config {
            stream = Box::pin(stream.secure(self.url.host(), config?, watch)).await?;
        }
        Ok(Box::new(Open {
            secure: self.secure.cloned(),
            host: self.end().shared_host(),
            port: self.end().port(),
            via: self.via.cloned(),
            hint: KeepAliveHint::of(self.name()),
            since: watch.last(),
            stream,
            alarm: Alarm::default(),
        }))
    }
}

impl Http1Pool {
    /// A pool that keeps up to `keep` idle connections.
    pub fn new(keep: usize) -> Self {
        Self {
            keep,
            idle: Mutex::new(Vec::new()),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        lock(&self.idle)
    }

    /// Sends one hop and reads the whole answer into `answer`.
    pub async fn exchange(
        &self,
        options: &Options,
        outgoing: &mut Outgoing<'_>,
        watch: &mut Watch,
        answer: &mut Option<Answer>,
    ) -> Result<()> {
        let place = Route::new(options, outgoing.url);
        let idle = self.take(&place, outgoing.looked, watch).await;
        let kept = idle.is_some();
        let mut open = match idle {
            Some(open) => {
                watch.counts().reused += 1;
                open
            }
            None => {
                // Rare, and large: see `Transports::exchange`.
                let mut opening = Box::pin(place.open(watch));
                let (mut alarm, limit) = (Alarm::default(), options.connect_timeout);
                let opened = alarm.within(limit, ErrorKind::ConnectTimeout, opening.as_mut());
                opened.await??
            }
        };
        watch.enter(Phase::Send);
        let mut connection =
            Http1Connection::new(&mut open.stream, &mut open.alarm, options, watch);
        let exchanged = connection.exchange(outgoing, answer).await;
        drop(connection);
        match &exchanged {
            Ok(_) if kept => open.hint.kept(),
            Err(error) if kept && error.closed() => open.hint.closed(),
            _ => {}
        }
        let usable = exchanged?;
        if usable {
            let mut idle = self.idle();
            if idle.len() < self.keep {
                open.since = watch.last();
                if idle.len() == idle.capacity() {
                    idle.reserve_exact(1); // a user seldom has more than one
                }
                idle.push(open);
            }
        }
        Ok(())
    }

    /// An idle connection to `place` that the server has not closed and, as far as is known, is not about to.
    async fn take(
        &self,
        place: &Route<'_>,
        mut looked: bool,
        watch: &mut Watch,
    ) -> Option<Box<Open>> {
        while let Some(open) = self.pick(place) {
            if !mem::take(&mut looked) {
                tokio::task::yield_now().await;
            }
            let closed = open.stream.dropped() || hangs_up(&open, watch).await;
            if !closed {
                return Some(open);
            }
            open.hint.closed();
        }
        None
    }

    fn pick(&self, place: &Route<'_>) -> Option<Box<Open>> {
        let mut idle = self.idle();
        let at = idle.iter().rposition(|idle| place.is(idle))?;
        Some(idle.swap_remove(at))
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.idle().clear();
    }

    /// Gives them up without closing: their sockets are registered with the parent's reactor, and
    /// taking them out of it would take them from the parent.
    pub fn forget(&self) {
        mem::forget(mem::take(&mut *self.idle()));
    }
}

/// Whether the server closes an idle connection, as long as it may be about to.
async fn hangs_up(open: &Open, watch: &mut Watch) -> bool {
    let grace = open.hint.grace();
    if grace.is_zero() {
        return false;
    }
    let asked = Stamp::now();
    let left = grace.saturating_sub(asked.since(open.since));
    if left.is_zero() {
        return false;
    }
    watch.stop();
    let closed = Box::pin(open.stream.drops(left)).await;
    watch.held(); // this wait is ours, not the server's
    closed
}
