//! The transports: hyper's own connection for the plain path, reqwest for everything else.

mod direct;
mod tls;
mod wide;
mod wire;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::request::Options;
use super::response::Answer;
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
    pub headers: HeaderMap,
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

    /// Sends one hop by the transport it needs and reads the whole answer.
    pub async fn exchange(&self, options: &Options, outgoing: Outgoing) -> Result<Answer> {
        if let Some(proxy) = &options.proxy {
            self.wide.exchange(options, proxy, outgoing).await
        } else {
            self.direct.exchange(options, outgoing).await
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
