//! The transports: HTTP/1.1 of our own, direct or through an HTTP proxy; reqwest for other proxies.

mod chunked;
mod direct;
mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod habit;
mod head;
mod line;
mod number;
mod status_line;
mod stream;
mod tls;
mod wide;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::fields::Fields;
use super::request::Options;
use super::response::Answer;
use super::timings::Watch;
use super::url::Url;
use crate::error::{Error, ErrorKind, Result};

/// One hop as it goes on the wire.
#[derive(Debug)]
pub struct Outgoing {
    /// GET, POST, …
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// All fields, `Host` among them, in wire order.
    pub fields: Fields,
    /// The body.
    pub body: Bytes,
}

/// Both transports of one client.
#[derive(Debug)]
pub struct Transports {
    direct: direct::Direct,
    wide: wide::Wide,
}

impl Transports {
    /// Transports that keep up to `keep` idle connections.
    pub fn new(keep: usize) -> Self {
        Self {
            direct: direct::Direct::new(keep),
            wide: wide::Wide::default(),
        }
    }

    /// Sends one hop by the transport it needs and reads the whole answer; tells `watch` how far it is.
    pub async fn exchange(
        &self,
        options: &Options,
        outgoing: Outgoing,
        watch: &mut Watch,
    ) -> Result<Answer> {
        match &options.proxy {
            Some(proxy) if proxy.http().is_none() => {
                self.wide.exchange(options, proxy, outgoing, watch).await
            }
            _ => self.direct.exchange(options, outgoing, watch).await,
        }
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.direct.close();
        self.wide.close();
    }

    /// Gives up the idle connections without closing them.
    pub fn forget(&self) {
        self.direct.forget();
        self.wide.forget();
    }
}

/// `future`, or an error of `kind` when it takes longer than `limit`.
async fn within<T>(
    limit: Option<Duration>,
    kind: ErrorKind,
    future: impl Future<Output = T>,
) -> Result<T> {
    match limit {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.map_err(|_| {
            let words = if kind == ErrorKind::ConnectTimeout {
                "connect timeout"
            } else {
                "read timeout"
            };
            Error::new(kind, format!("{words}={}", limit.as_secs_f64()))
        }),
    }
}
