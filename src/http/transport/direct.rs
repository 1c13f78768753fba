//! Direct: HTTP/1.1 over TCP or TLS, by way of an HTTP proxy if need be; the idle connections of one user.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    stream: Stream,
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

    fn idle(&self, stream: Stream) -> Idle {
        Idle {
            secure: self.secure.cloned(),
            host: self.end().shared_host(),
            port: self.end().port(),
            via: self.via.cloned(),
            stream,
        }
    }

    async fn open(&self) -> Result<Stream> {
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
        Ok(stream)
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
        let started = Stamp::now();
        let place = Place::new(options, &outgoing.url);
        let mut stream = match self.take(&place) {
            Some(stream) => stream,
            None => {
                let opening = place.open();
                within(options.connect_timeout, ErrorKind::ConnectTimeout, opening).await??
            }
        };
        let line = Line::new(&mut stream, options);
        let (answer, usable) = line.exchange(&outgoing, started).await?;
        if usable {
            let mut idle = self.idle();
            if idle.len() < self.keep {
                idle.push(place.idle(stream));
            }
        }
        Ok(answer)
    }

    /// An idle connection to `place` that the server has not closed.
    fn take(&self, place: &Place<'_>) -> Option<Stream> {
        loop {
            let mut idle = self.idle();
            let at = idle.iter().rposition(|idle| place.is(idle))?;
            let stream = idle.swap_remove(at).stream;
            drop(idle);
            if !stream.dropped() {
                return Some(stream);
            }
        }
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
