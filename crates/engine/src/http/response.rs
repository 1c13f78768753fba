//! Response: what came back for one hop, and Exchange: all hops of one call with its time.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};

use super::headers::{Headers, Places};
use super::timings::Timings;
use super::url::Url;
use crate::error::Error;

/// Answers have seldom more fields than these.
pub const FIELDS: usize = 12;

/// One hop: what was asked, as far as it differs from the request, and what was answered.
#[derive(Debug)]
pub struct Hop {
    /// The method sent (a redirect may have changed it).
    pub method: Method,
    /// The URL asked.
    pub url: Url,
    /// The `Cookie` field sent from the jar.
    pub cookie: Option<HeaderValue>,
    /// Whether the body and its fields were left out (after a redirect that drops them).
    pub bodiless: bool,
    /// Whether `Authorization` was left out (redirected to another host).
    pub unauthorized: bool,
    /// What its time went to, as far as it got.
    pub timings: Timings,
    /// The answer; `None` where the hop failed.
    pub answer: Option<Answer>,
}

impl Hop {
    /// A hop that nothing has come of yet.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            cookie: None,
            bodiless: false,
            unauthorized: false,
            timings: Timings::default(),
            answer: None,
        }
    }
}

/// A response as it came, the body decoded.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The digits of its HTTP version: 9, 10, 11, 20.
    pub version: u8,
    /// The reason phrase.
    pub reason: Bytes,
    /// The header fields.
    pub headers: Headers,
    /// The body, decoded as Content-Encoding says; as it came, and as far as it came, where that failed.
    pub body: Body,
    /// Whether the body is decoded.
    pub decoded: bool,
    /// Why the body could not be read to its end, if so.
    pub broken: Option<Error>,
    /// From handing the hop to the transport until its header was there, without what the core held it back.
    pub head_time: Duration,
}

/// Where the body of an answer is.
#[derive(Debug)]
pub enum Body {
    /// Behind the head, in the same memory, from this byte on.
    Behind(usize),
    /// In memory of its own.
    Own(Bytes),
}

impl Answer {
    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.body {
            Body::Behind(head) => self.headers.raw().get(*head..).unwrap_or_default(),
            Body::Own(body) => body,
        }
    }

    /// The body, to be kept.
    #[must_use]
    pub fn shared_body(&self) -> Bytes {
        match &self.body {
            Body::Behind(_) => self.headers.share(self.body()),
            Body::Own(body) => body.clone(),
        }
    }
}

/// The outcome of one call.
#[derive(Debug, Default)]
pub struct Exchange {
    /// The hops in order; never empty.
    pub hops: Vec<Hop>,
    /// Why the last hop failed, if it did.
    pub error: Option<Error>,
    /// From handing the request to the core until its last body byte (or its failure), without what the core
    /// held it back.
    pub time: Duration,
    /// Of that, what passed until the I/O thread got round to the call.
    pub taken_up: Duration,
    /// For the fields of the first answer.
    pub(super) room: Places,
}

impl Exchange {
    /// One with room for a hop and its fields, so that where it is filled no memory has to be asked for.
    #[must_use]
    pub fn with_room() -> Self {
        Self {
            hops: Vec::with_capacity(1),
            room: Places::with_capacity(FIELDS),
            ..Self::default()
        }
    }

    /// What the time of all hops together went to.
    #[must_use]
    pub fn timings(&self) -> Timings {
        let mut hops = self.hops.iter().map(|hop| &hop.timings);
        let mut sum = hops.next().copied().unwrap_or_default();
        hops.for_each(|hop| sum.add(hop));
        sum
    }
}
