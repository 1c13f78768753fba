//! Direct: HTTP/1.1 over TCP or TLS on hyper's own connection, driven inside the request's task.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::wire::Wire;
use super::{Outgoing, tls, within};
use crate::clock::Stamp;
use crate::error::{Error, ErrorKind, Result};
use crate::http::client::never_has_body;
use crate::http::request::{Options, Verify};
use crate::http::response::Answer;

/// Bytes set aside for a body whose length is announced; a longer one grows as it comes.
const FIRST_CAPACITY: usize = 1 << 20;

/// The idle connections of one client.
#[derive(Debug)]
pub struct Direct {
    keep: usize,
    idle: Mutex<Vec<Line>>,
}

/// Where a connection leads; connections are only reused for the same.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    secure: Option<Verify>,
    host: Arc<str>,
    port: u16,
}

/// hyper's connection over either kind of stream.
#[derive(Debug)]
enum Driver {
    Plain(Box<Connection<TokioIo<Wire>, Full<Bytes>>>),
    Tls(Box<Connection<TokioIo<TlsStream<Wire>>, Full<Bytes>>>),
}

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        match self {
            Self::Plain(connection) => Pin::new(&mut **connection).poll(cx),
            Self::Tls(connection) => Pin::new(&mut **connection).poll(cx),
        }
    }
}

/// One open connection. Nothing polls it while it is idle: no task, no wake-ups during think times.
#[derive(Debug)]
struct Line {
    place: Place,
    wire: Wire,
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    over: bool,
}

impl Line {
    async fn open(place: Place, options: &Options) -> Result<Self> {
        let connect = async {
            let wire = Wire::connect(&place.host, place.port)
                .await
                .map_err(|error| {
                    let dns = error.kind() == std::io::ErrorKind::NotFound
                        && error.raw_os_error().is_none();
                    Error::io(
                        if dns {
                            ErrorKind::Dns
                        } else {
                            ErrorKind::Connect
                        },
                        &error,
                    )
                })?;
            let mut builder = http1::Builder::new();
            builder.title_case_headers(true);
            let handshake =
                |error: hyper::Error| Error::new(ErrorKind::Protocol, error.to_string());
            let (sender, driver) = match &place.secure {
                None => {
                    let (sender, connection) = builder
                        .handshake(TokioIo::new(wire.clone()))
                        .await
                        .map_err(handshake)?;
                    (sender, Driver::Plain(Box::new(connection)))
                }
                Some(verify) => {
                    let stream = secure(wire.clone(), &place.host, verify).await?;
                    let (sender, connection) = builder
                        .handshake(TokioIo::new(stream))
                        .await
                        .map_err(handshake)?;
                    (sender, Driver::Tls(Box::new(connection)))
                }
            };
            Ok((wire, sender, driver))
        };
        let (wire, sender, driver) =
            within(options.connect_timeout, ErrorKind::ConnectTimeout, connect).await??;
        Ok(Self {
            place,
            wire,
            sender,
            driver,
            over: false,
        })
    }

    /// Runs `future` while keeping the connection going.
    async fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(value);
            }
            if !self.over {
                // Its error, if any, reaches the future as well.
                self.over = self.driver.poll(cx).is_ready();
            }
            future.as_mut().poll(cx)
        })
        .await
    }

    /// Sends a request and reads its whole answer.
    async fn exchange(
        &mut self,
        options: &Options,
        outgoing: Outgoing,
        started: Stamp,
    ) -> Result<Answer> {
        let method = outgoing.method.clone();
        let reply = self.sender.send_request(into_hyper(outgoing)?);
        let reply = within(
            options.read_timeout,
            ErrorKind::ReadTimeout,
            self.drive(reply),
        )
        .await?;
        let (parts, mut incoming) = reply.map_err(|error| before_head(&error))?.into_parts();
        let mut answer = Answer {
            status: parts.status,
            version: parts.version,
            reason: parts
                .extensions
                .get::<hyper::ext::ReasonPhrase>()
                .map(|r| Bytes::copy_from_slice(r.as_bytes())),
            headers: parts.headers,
            body: Bytes::new(),
            broken: None,
            head_time: Stamp::now().since(started),
        };
        if !never_has_body(&method, &answer) {
            let mut body = Body::default();
            let read = self.read_body(options, &answer, &mut incoming, &mut body);
            answer.broken = read.await.err();
            answer.body = body.whole();
        }
        Ok(answer)
    }

    async fn read_body(
        &mut self,
        options: &Options,
        answer: &Answer,
        incoming: &mut Incoming,
        body: &mut Body,
    ) -> Result<()> {
        loop {
            let frame = self.drive(incoming.frame());
            let frame = within(options.read_timeout, ErrorKind::BodyTimeout, frame).await?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|error| in_body(&error, answer, body.len()))?;
            if let Ok(data) = frame.into_data() {
                body.push(data, announced(answer));
            }
        }
    }

    /// Whether the connection can take another request now.
    async fn settle(&mut self) -> bool {
        poll_fn(|cx| {
            if !self.over {
                self.over = self.driver.poll(cx).is_ready();
            }
            Poll::Ready(
                !self.over && self.sender.poll_ready(cx).is_ready() && self.sender.is_ready(),
            )
        })
        .await
    }
}

/// A body as it comes in; one that comes in one piece is not copied.
#[derive(Debug, Default)]
struct Body {
    first: Bytes,
    all: Option<BytesMut>,
}

impl Body {
    fn len(&self) -> usize {
        self.all.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    fn push(&mut self, data: Bytes, announced: usize) {
        match &mut self.all {
            None if self.first.is_empty() => self.first = data,
            None => {
                let wanted = announced
                    .min(FIRST_CAPACITY)
                    .max(self.first.len() + data.len());
                let mut all = BytesMut::with_capacity(wanted);
                all.extend_from_slice(&self.first);
                all.extend_from_slice(&data);
                self.all = Some(all);
            }
            Some(all) => all.extend_from_slice(&data),
        }
    }

    fn whole(self) -> Bytes {
        self.all.map_or(self.first, BytesMut::freeze)
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

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        // A panic while the list was held leaves it whole: it is only pushed to and taken from.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one hop and reads the whole answer.
    pub async fn exchange(&self, options: &Options, outgoing: Outgoing) -> Result<Answer> {
        let started = Stamp::now();
        let place = Place {
            secure: outgoing.url.secure().then(|| options.verify.clone()),
            host: Arc::from(outgoing.url.host()),
            port: outgoing.url.port(),
        };
        let mut line = match self.take(&place).await {
            Some(line) => line,
            None => Line::open(place, options).await?,
        };
        let answer = line.exchange(options, outgoing, started).await?;
        if answer.broken.is_none() && line.settle().await {
            let mut idle = self.idle();
            if idle.len() < self.keep {
                idle.push(line);
            }
        }
        Ok(answer)
    }

    /// An idle connection to `place` that the server has not closed.
    async fn take(&self, place: &Place) -> Option<Line> {
        loop {
            let mut line = {
                let mut idle = self.idle();
                let at = idle.iter().rposition(|line| line.place == *place)?;
                idle.swap_remove(at)
            };
            if !line.wire.dropped() && line.settle().await {
                return Some(line);
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

async fn secure(wire: Wire, host: &str, verify: &Verify) -> Result<TlsStream<Wire>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Error::new(ErrorKind::Tls, format!("{host}: {error}")))?;
    TlsConnector::from(tls::config(verify)?)
        .connect(name, wire)
        .await
        .map_err(|error| Error::io(ErrorKind::Tls, &error))
}

fn into_hyper(outgoing: Outgoing) -> Result<hyper::Request<Full<Bytes>>> {
    let target = outgoing.url.target();
    let mut request = hyper::Request::new(Full::new(outgoing.body));
    *request.method_mut() = outgoing.method;
    *request.uri_mut() = target.parse().map_err(|error| {
        Error::new(
            ErrorKind::Protocol,
            format!("request target {target:?}: {error}"),
        )
    })?;
    *request.headers_mut() = outgoing.headers;
    Ok(request)
}

fn before_head(error: &hyper::Error) -> Error {
    if let Some(io) = io_cause(error) {
        return Error::io(ErrorKind::Broken, io);
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Error::new(
            ErrorKind::Closed,
            "Remote end closed connection without response",
        );
    }
    Error::new(ErrorKind::Protocol, error.to_string())
}

fn in_body(error: &hyper::Error, answer: &Answer, read: usize) -> Error {
    if let Some(io) = io_cause(error)
        && io.raw_os_error().is_some()
    {
        return Error::io(ErrorKind::BodyBroken, io);
    }
    if answer.headers.contains_key(header::TRANSFER_ENCODING) {
        return Error::new(ErrorKind::Chunk, error.to_string());
    }
    // In the words of http.client, which stock Locust's failure texts quote.
    let missing = announced(answer).saturating_sub(read);
    Error::new(
        ErrorKind::Incomplete,
        format!("IncompleteRead({read} bytes read, {missing} more expected)"),
    )
}

/// The body length that the answer announces; 0 where it announces none.
fn announced(answer: &Answer) -> usize {
    let field = answer.headers.get(header::CONTENT_LENGTH);
    field
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

fn io_cause(error: &hyper::Error) -> Option<&std::io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
