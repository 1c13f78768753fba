//! Direct: HTTP/1.1 over TCP or TLS, by way of an HTTP proxy if need be; the idle connections of one user.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::habit::Habit;
use super::line::{self, Line};
use super::stream::Stream;
use super::{Outgoing, within};
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};
use crate::http::proxy::Proxy;
use crate::http::request::{Options, Verify};
use crate::http::response::Answer;
use crate::http::url::Url;

/// The idle connections of one client. Nothing polls one while it is idle: no task, no buffer, no
/// wake-ups during think times.
#[derive(Debug)]
pub struct Direct {
    keep: usize,
    idle: Mutex<Vec<Idle>>,
}

/// An idle connection and where it leads; it is only used again for the same.
#[derive(Debug)]
struct Idle {
    secure: Option<Verify>,
    host: Arc<str>,
    port: u16,
    via: Option<Arc<Proxy>>,
    open: Open,
    since: Stamp,
}

/// A connection and what is known of the server at its other end.
#[derive(Debug)]
struct Open {
    stream: Stream,
    habit: Arc<Habit>,
}

/// Where a connection leads: all plain requests through a proxy share its connections.
struct Place<'a> {
    secure: Option<&'a Verify>,
    url: &'a Url,
    via: Option<&'a Arc<Proxy>>,
}

impl<'a> Place<'a> {
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

    fn is(&self, idle: &Idle) -> bool {
        let end = self.end();
        idle.port == end.port()
            && *idle.host == *end.host()
            && idle.secure.as_ref() == self.secure
            && idle.via.as_ref().map(|proxy| proxy.as_str()) == self.via.map(|proxy| proxy.as_str())
    }

    fn idle(&self, open: Open) -> Idle {
        Idle {
            secure: self.secure.cloned(),
            host: self.end().shared_host(),
            port: self.end().port(),
            via: self.via.cloned(),
            open,
            since: Stamp::now(),
        }
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

    async fn open(&self) -> Result<Open> {
        let mut stream = match self.via.and_then(|proxy| Some((proxy, proxy.http()?))) {
            None => Stream::open(self.url.host(), self.url.port()).await?,
            Some((proxy, at)) => {
                let mut stream =
                    Stream::open(at.host(), at.port())
                        .await
                        .map_err(|error| Error {
                            kind: ErrorKind::Proxy,
                            ..error
                        })?;
                if self.secure.is_some() {
                    line::tunnel(&mut stream, proxy, self.url).await?;
                }
                stream
            }
        };
        if let Some(verify) = self.secure {
            stream = stream.secure(self.url.host(), verify).await?;
        }
        Ok(Open {
            stream,
            habit: Habit::of(self.name()),
        })
    }
}

impl Direct {
    /// A pool that keeps up to `keep` idle connections.
    pub fn new(keep: usize) -> Self {
        Self {
            keep,
            idle: Mutex::new(Vec::new()),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        // A panic while the list was held leaves it whole: it is only pushed to and taken from.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one hop and reads the whole answer.
    pub async fn exchange(&self, options: &Options, outgoing: Outgoing) -> Result<Answer> {
        let asked = Stamp::now();
        let place = Place::new(options, &outgoing.url);
        let idle = self.take(&place).await;
        let kept = idle.is_some();
        // The wait for a server that may hang up is ours, not the server's.
        let started = if kept { Stamp::now() } else { asked };
        let mut open = match idle {
            Some(open) => open,
            None => {
                let opening = place.open();
                within(options.connect_timeout, ErrorKind::ConnectTimeout, opening).await??
            }
        };
        let line = Line::new(&mut open.stream, options);
        let exchanged = line.exchange(&outgoing, started).await;
        match &exchanged {
            Ok(_) if kept => open.habit.kept(),
            Err(error) if kept && error.closed() => open.habit.closed(),
            _ => {}
        }
        let (mut answer, usable) = exchanged?;
        answer.held = started.since(asked);
        if usable {
            let mut idle = self.idle();
            if idle.len() < self.keep {
                idle.push(place.idle(open));
            }
        }
        Ok(answer)
    }

    /// An idle connection to `place` that the server has not closed and, as far as is known, is not about to.
    async fn take(&self, place: &Place<'_>) -> Option<Open> {
        while let Some(Idle { open, since, .. }) = self.pick(place) {
            let left = open.habit.grace().saturating_sub(Stamp::now().since(since));
            let closed = open.stream.dropped() || !left.is_zero() && open.stream.drops(left).await;
            if !closed {
                return Some(open);
            }
            open.habit.closed();
        }
        None
    }

    fn pick(&self, place: &Place<'_>) -> Option<Idle> {
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
