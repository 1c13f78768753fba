//! The transports: HTTP/1.1 of our own, direct or through an HTTP proxy; reqwest for other proxies.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::{Instant, Sleep, sleep};

use super::h1::Http1Pool;
use super::headers::Places;
use super::request::Options;
use super::response::Answer;
use super::timings::Watch;
use super::url::Url;
use super::via_reqwest::ViaReqwest;
use crate::error::{Error, ErrorKind, Result};

/// A body up to this size goes out in one write with its header, in bytes.
pub const TOGETHER: usize = 1 << 14;
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(86_400 * 365);

/// One hop as it goes on the wire.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// GET, POST, …
    pub method: &'a Method,
    /// Where to.
    pub url: &'a Url,
    /// Request line and all fields, `Host` among them, as they go on the wire.
    pub head: Vec<u8>,
    /// The body.
    pub body: Bytes,
    /// The reactor has just had a turn: it knows which of the idle connections have been closed.
    pub looked: bool,
    /// For the fields of the answer.
    pub room: Places,
}

/// Both transports of one client.
#[derive(Debug)]
pub struct Transports {
    pool: Http1Pool,
    via_reqwest: ViaReqwest,
}

impl Transports {
    /// Transports that keep up to `keep` idle connections.
    pub fn new(keep: usize) -> Self {
        Self {
            pool: Http1Pool::new(keep),
            via_reqwest: ViaReqwest::default(),
        }
    }

    /// Sends one hop by the transport it needs and reads the whole answer into `answer`; tells `watch` how far it is.
    pub async fn exchange(
        &self,
        options: &Options,
        outgoing: &mut Outgoing<'_>,
        watch: &mut Watch,
        answer: &mut Option<Answer>,
    ) -> Result<()> {
        match &options.proxy {
            Some(proxy) if proxy.http().is_none() => {
                // Its future is large, and every request would carry the room for it along.
                let exchange = Box::pin(self.via_reqwest.exchange(options, proxy, outgoing, watch));
                *answer = Some(exchange.await?);
                Ok(())
            }
            _ => self.pool.exchange(options, outgoing, watch, answer).await,
        }
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.pool.close();
        self.via_reqwest.close();
    }

    /// Gives up the idle connections without closing them.
    pub fn forget(&self) {
        self.pool.forget();
        self.via_reqwest.forget();
    }
}

/// `future`, or an error of `kind` when it takes longer than `limit`.
pub async fn within<T>(
    limit: Option<Duration>,
    kind: ErrorKind,
    future: impl Future<Output = T>,
) -> Result<T> {
    Alarm::default().within(limit, kind, pin!(future)).await
}

/// The alarm clock of one connection. It stays set between requests: to put it off costs next to nothing, since tokio
/// then leaves it where it is until its old time has come; to set a new one each time would take locks twice.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// `future`, or an error of `kind` when it takes longer than `limit`. The future stays where it is: given by value
    /// it would be kept twice, as what was given and as what is waited for.
    pub async fn within<T>(
        &mut self,
        limit: Option<Duration>,
        kind: ErrorKind,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T> {
        let Some(limit) = limit else {
            return Ok(future.await);
        };
        let mut set = false;
        let done = poll_fn(|context| {
            if let Poll::Ready(done) = future.as_mut().poll(context) {
                return Poll::Ready(Some(done)); // at once, more often than not: then no clock is read
            }
            let clock = self.0.get_or_insert_with(|| Box::pin(sleep(limit)));
            if !set {
                set = true;
                let now = Instant::now();
                let due = now.checked_add(limit).unwrap_or(now + NEVER);
                clock.as_mut().reset(due);
            }
            clock.as_mut().poll(context).map(|()| None)
        });
        done.await.ok_or_else(|| {
            let words = if kind == ErrorKind::ConnectTimeout {
                "connect timeout"
            } else {
                "read timeout"
            };
            Error::new(kind, format!("{words}={}", limit.as_secs_f64()))
        })
    }
}
