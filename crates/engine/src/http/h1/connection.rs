//! Connection: one open connection, and one exchange over it.

use std::io;
use std::mem;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Method;

use super::chunked::Chunked;
use super::framing::{self, Framing, Refused};
use super::head::{Head, HeadReader};
use super::socket::Stream;
use crate::error::{Error, ErrorKind, Result};
use crate::http::headers::Places;
use crate::http::proxy::Proxy;
use crate::http::request::{Dialect, Options};
use crate::http::response::{Answer, Body};
use crate::http::timings::{Phase, Watch};
use crate::http::transport::{Alarm, Outgoing, TOGETHER};
use crate::http::url::Url;

/// Set aside for a body whose length is announced; a longer one grows as it comes.
const FIRST_CAPACITY: usize = 1 << 20;
/// So much of a body is kept together with the head, if it is all of it, in bytes.
const SMALL: usize = 1 << 12;
/// So many reads of one body may follow each other without anybody else having a turn.
const AT_A_STRETCH: u32 = 32;
/// Answers behind which llhttp judges what follows.
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// One exchange over a connection.
pub struct Http1Connection<'a> {
    stream: &'a mut Stream,
    alarm: &'a mut Alarm,
    options: &'a Options,
    proxy: Option<&'a Proxy>,
    watch: &'a mut Watch,
    /// What has come and is not yet used.
    inbox: BytesMut,
    /// Bytes have come since the header was whole.
    late: bool,
    /// How often the body was read.
    reads: u32,
}

impl<'a> Http1Connection<'a> {
    /// An exchange over `stream`, `watch` being in `Send`.
    pub fn new(
        stream: &'a mut Stream,
        alarm: &'a mut Alarm,
        options: &'a Options,
        watch: &'a mut Watch,
    ) -> Self {
        Self {
            stream,
            alarm,
            options,
            proxy: options.proxy.as_deref(),
            watch,
            inbox: BytesMut::new(),
            late: false,
            reads: 0,
        }
    }

    /// Sends a request and reads its whole answer into `place`; whether the connection can be used again.
    ///
    /// # Errors
    /// `Closed`, `Broken`, `Protocol`, `Lengths` or `ReadTimeout` before the header is whole; what goes
    /// wrong later is in the answer.
    pub async fn exchange(
        &mut self,
        outgoing: &mut Outgoing<'_>,
        place: &mut Option<Answer>,
    ) -> Result<bool> {
        let method = outgoing.method;
        let room = mem::take(&mut outgoing.room);
        self.send(outgoing).await?;
        self.watch.enter(Phase::Wait);
        let head = self.head(room).await?;
        let (answer, framing, keep) = self.begin(method, head, place)?;
        match framing {
            None => self.end(method, answer, Ok(()), keep),
            Some(framing) => self.body(method, answer, framing, keep).await,
        }
    }

    /// The answer that `head` begins, how its body ends if it is not there, and whether the connection can be used
    /// again by what the head says.
    fn begin<'b>(
        &mut self,
        method: &Method,
        mut head: Head,
        place: &'b mut Option<Answer>,
    ) -> Result<(&'b mut Answer, Option<Framing>, bool)> {
        let head_time = self.watch.since_begun();
        let told = framing::of(self.options.dialect, method, &head);
        let behind = head.headers.raw().len().saturating_sub(head.length);
        let whole = behind > 0
            && matches!(told, Ok((Framing::Length(length), _)) if length == behind as u64);
        if behind > 0 && !whole {
            self.inbox = BytesMut::from(&head.headers.raw()[head.length..]);
            head.headers.truncate(head.length);
        }
        let (framing, keep) = match told {
            Ok(told) => told,
            Err(Refused::Lengths(error)) => return Err(error),
            Err(Refused::Malformed) => return Err(self.malformed(head.headers.raw())),
        };
        // llhttp takes bytes behind an answer without a body for the beginning of the next.
        let stray = framing == Framing::Nothing && *method != Method::HEAD;
        if self.options.dialect == Dialect::Fast && stray && self.next().next().is_some() {
            return Err(self.malformed(head.headers.raw()));
        }
        let answer = place.insert(Answer {
            status: head.line.status,
            version: head.line.version,
            reason: head.reason,
            headers: head.headers,
            body: Body::Behind(head.length),
            decoded: false,
            broken: None,
            head_time,
        });
        Ok((answer, (!whole).then_some(framing), keep))
    }

    /// Reads a body that did not come with the head; whether the connection can be used again.
    async fn body(
        &mut self,
        method: &Method,
        answer: &mut Answer,
        framing: Framing,
        mut keep: bool,
    ) -> Result<bool> {
        let mut body = BytesMut::new();
        let read = match framing {
            Framing::Nothing => Ok(()),
            Framing::Length(length) => self.sized(length, &mut body).await,
            Framing::UpTo(length) => match self.sized(length, &mut body).await {
                Err(error) if error.kind == ErrorKind::Incomplete => {
                    keep = false;
                    Ok(())
                }
                read => read,
            },
            Framing::Chunked => match self.chunked(&mut body).await {
                Ok(trailers) => {
                    answer.headers.append(&trailers);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Framing::UntilClose => self.rest(&mut body).await,
        };
        answer.body = Body::Own(body.freeze());
        self.end(method, answer, read, keep)
    }

    /// Judges what has been read; whether the connection can be used again.
    fn end(
        &mut self,
        method: &Method,
        answer: &mut Answer,
        read: Result<()>,
        mut keep: bool,
    ) -> Result<bool> {
        // All that came together with the header came with its first byte.
        if self.late {
            self.watch.stop();
        }
        answer.broken = read.err();
        if self.options.dialect == Dialect::Fast {
            if answer.broken.is_none() && self.followed_by_no_answer(method, keep) {
                answer.broken = Some(self.malformed(if keep { EMPTY } else { LAST }));
            }
            // llhttp is given what came with the header together with it: an error in there is the header's.
            match answer.broken.take() {
                Some(error) if !self.late && error.kind == ErrorKind::Chunk => {
                    return Err(Error {
                        kind: ErrorKind::Protocol,
                        seen: [CHUNKED, &error.seen].concat().into(),
                        ..error
                    });
                }
                Some(error) if !self.late && error.kind == ErrorKind::Protocol => {
                    return Err(error);
                }
                broken => answer.broken = broken,
            }
            keep &= self.inbox.iter().all(u8::is_ascii_whitespace);
        }
        // http.client throws away what it has read beyond the answer, and goes on with the connection.
        keep &= answer.broken.is_none();
        Ok(keep)
    }

    /// Whether llhttp refuses what follows an answer: it takes that for the beginning of the next, and after the last
    /// of a connection (not `keep`) there is none.
    fn followed_by_no_answer(&self, method: &Method, keep: bool) -> bool {
        let mut next = self.next();
        let refused = match keep {
            true => !next.zip(b"HTTP/").all(|(one, other)| one == other),
            false => next.next().is_some(),
        };
        *method != Method::HEAD && refused
    }

    /// What has come after the answer, without the ends of lines before it, which llhttp skips.
    fn next(&self) -> impl Iterator<Item = &u8> {
        let ends = |b: &&u8| matches!(**b, b'\r' | b'\n');
        self.inbox.iter().skip_while(ends)
    }

    async fn send(&mut self, outgoing: &mut Outgoing<'_>) -> Result<()> {
        let mut head = mem::take(&mut outgoing.head);
        if let Some(proxy) = self.proxy.filter(|_| !outgoing.url.secure()) {
            introduce(&mut head, proxy);
        }
        head.extend_from_slice(b"\r\n");
        let together = outgoing.body.len() <= TOGETHER;
        if together {
            head.extend_from_slice(&outgoing.body);
        }
        let limit = self.options.read_timeout;
        let mut sent = 0;
        let sending = async {
            self.stream.send(&head, &mut sent).await?;
            if !together {
                self.stream.send(&outgoing.body, &mut sent).await?;
            }
            Ok(())
        };
        let sending = self
            .alarm
            .within(limit, ErrorKind::ReadTimeout, pin!(sending))
            .await;
        self.watch.wrote(sent);
        match sending? {
            Ok(()) => Ok(()),
            // The server may have answered before it closed: both stock clients look.
            Err(error) if gone(&error, self.options.dialect) => Ok(()),
            Err(error) => Err(Error::io(ErrorKind::Broken, &error)),
        }
    }

    async fn head(&mut self, room: Places) -> Result<Head> {
        let limit = self.options.read_timeout;
        let mut reads = 0;
        let mut came = |bytes| {
            self.watch.read(bytes);
            match reads {
                0 => self.watch.enter(Phase::Download),
                _ => self.watch.stop(),
            }
            reads += 1;
        };
        let mut reader = HeadReader::new(self.options.dialect, room);
        let inbox = &mut self.inbox;
        let reading = read_head(
            self.stream,
            self.alarm,
            &mut reader,
            inbox,
            limit,
            &mut came,
        );
        let raw = reading.await?;
        reader.finish(raw).ok_or_else(|| self.malformed(&[]))
    }

    /// What a read has brought, if it went well.
    fn read(&mut self, read: io::Result<usize>) -> Result<usize> {
        let bytes = read.map_err(|error| Error::io(ErrorKind::BodyBroken, &error))?;
        self.watch.read(bytes as u64);
        Ok(bytes)
    }

    fn malformed(&self, head: &[u8]) -> Error {
        malformed(head, &self.inbox)
    }

    /// A server that is quicker than we are must not keep the others waiting.
    async fn give_way(&mut self) {
        self.late = true;
        self.reads += 1;
        if self.reads.is_multiple_of(AT_A_STRETCH) {
            tokio::task::yield_now().await;
        }
    }

    async fn more(&mut self) -> Result<usize> {
        self.give_way().await;
        let reading = self.stream.read(&mut self.inbox);
        let limit = self.options.read_timeout;
        let read = self
            .alarm
            .within(limit, ErrorKind::BodyTimeout, pin!(reading))
            .await?;
        self.read(read)
    }

    /// Reads at most `most` bytes straight into the body.
    async fn straight(&mut self, body: &mut BytesMut, most: u64) -> Result<usize> {
        self.give_way().await;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if body.capacity() == body.len() {
            body.reserve(most.min(FIRST_CAPACITY).max(body.len().min(most)));
        }
        let reading = self.stream.read_into(body, most);
        let limit = self.options.read_timeout;
        let read = self
            .alarm
            .within(limit, ErrorKind::BodyTimeout, pin!(reading))
            .await?;
        self.read(read)
    }

    async fn sized(&mut self, length: u64, body: &mut BytesMut) -> Result<()> {
        let here = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(self.inbox.len());
        // All that came, mostly; then nobody shares its memory.
        *body = if here == self.inbox.len() {
            mem::take(&mut self.inbox)
        } else {
            self.inbox.split_to(here)
        };
        let mut left = length - here as u64;
        if left > 0 {
            // What came with the head has no room for more.
            let first = usize::try_from(length)
                .unwrap_or(usize::MAX)
                .min(FIRST_CAPACITY);
            let mut own = BytesMut::with_capacity(first.max(here));
            own.extend_from_slice(body);
            *body = own;
        }
        while left > 0 {
            let count = self.straight(body, left).await? as u64;
            if count == 0 {
                // In the words of urllib3, which stock Locust's failure texts quote.
                let words = format!(
                    "IncompleteRead({} bytes read, {left} more expected)",
                    body.len()
                );
                return Err(Error::new(ErrorKind::Incomplete, words));
            }
            left -= count;
        }
        Ok(())
    }

    /// Reads a chunked body; what stood behind it.
    async fn chunked(&mut self, body: &mut BytesMut) -> Result<Vec<(Bytes, Bytes)>> {
        let mut chunks = Chunked::new(self.options.dialect);
        while !chunks.read(&mut self.inbox, body)? {
            let wanted = chunks.wanted();
            let count = if wanted > READ_STRAIGHT {
                let count = self.straight(body, wanted).await?;
                chunks.took(count as u64);
                count
            } else {
                self.more().await?
            };
            if count == 0 {
                chunks.cut(&self.inbox)?;
                break;
            }
        }
        Ok(chunks.trailers())
    }

    async fn rest(&mut self, body: &mut BytesMut) -> Result<()> {
        *body = mem::take(&mut self.inbox);
        while self.straight(body, READ_STRAIGHT).await? > 0 {}
        Ok(())
    }
}

fn introduce(head: &mut Vec<u8>, proxy: &Proxy) {
    if let Some(credentials) = proxy.authorization() {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(credentials.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
}

/// Asks the proxy at the other end of `stream` for a tunnel to where `url` leads.
///
/// # Errors
/// `Tunnel` when it refuses; else as for any answer.
pub async fn tunnel(stream: &mut Stream, proxy: &Proxy, url: &Url) -> Result<()> {
    // As http.client does (`_tunnel`), in its HTTP/1.0.
    let host = url.host();
    let place = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let mut head = format!("CONNECT {place}:{} HTTP/1.0\r\n", url.port()).into_bytes();
    introduce(&mut head, proxy);
    head.extend_from_slice(b"\r\n");
    let sent = stream.send(&head, &mut 0).await;
    sent.map_err(|error| Error::io(ErrorKind::Broken, &error))?;
    let mut inbox = BytesMut::new();
    let mut reader = HeadReader::new(Dialect::Requests, Vec::new());
    let mut alarm = Alarm::default();
    let raw = read_head(
        stream,
        &mut alarm,
        &mut reader,
        &mut inbox,
        None,
        &mut |_| (),
    )
    .await?;
    let head = reader.finish(raw).ok_or_else(|| malformed(&[], &inbox))?;
    if head.line.status == 200 {
        return Ok(());
    }
    let reason: String = head.reason.iter().map(|&b| char::from(b)).collect();
    let code = head.line.status.as_u16();
    let words = format!("Tunnel connection failed: {code} {reason}");
    Err(Error::new(ErrorKind::Tunnel, words))
}

/// Reads until a head is whole; what came behind it stays in `inbox`, or, if it is small, with the head. `came` is told
/// of each read.
async fn read_head(
    stream: &mut Stream,
    alarm: &mut Alarm,
    reader: &mut HeadReader,
    inbox: &mut BytesMut,
    limit: Option<Duration>,
    came: &mut impl FnMut(u64),
) -> Result<Bytes> {
    loop {
        // geventhttpclient takes a reset for a closed connection, and sends again, only before the first
        // byte; later it is the bare error of the socket.
        let begun = reader.dialect() == Dialect::Fast && !inbox.is_empty();
        let kind = if begun {
            ErrorKind::Connect
        } else {
            ErrorKind::Broken
        };
        // Looked at where it lies: head and body are mostly whole, and each is kept in memory of its size.
        let reading = stream.look(|bytes| {
            let ends = bytes.is_empty();
            if ends && inbox.is_empty() {
                let words = "Remote end closed connection without response";
                return Err(Error::new(ErrorKind::Closed, words));
            }
            came(bytes.len() as u64);
            let first = inbox.is_empty();
            if !first {
                inbox.extend_from_slice(bytes);
            }
            let all = if first { bytes } else { &inbox[..] };
            let found = reader.read(all, ends);
            if let Ok(Some(length)) = found {
                let small = all.len() - length <= SMALL && !reader.folded();
                let kept = if small { all.len() } else { length };
                let raw = Bytes::copy_from_slice(&all[..kept]);
                *inbox = BytesMut::from(&all[kept..]);
                return Ok(Some(raw));
            }
            if first {
                inbox.extend_from_slice(bytes);
            }
            found.map(|_| None).map_err(|_| malformed(&[], inbox))
        });
        let read = alarm
            .within(limit, ErrorKind::ReadTimeout, pin!(reading))
            .await?;
        if let Some(raw) = read.map_err(|error| Error::io(kind, &error))?? {
            return Ok(raw);
        }
    }
}

/// What Python's parsers are to judge: `head` and all that came after it.
fn malformed(head: &[u8], inbox: &[u8]) -> Error {
    Error {
        seen: [head, inbox].concat().into(),
        ..Error::new(
            ErrorKind::Protocol,
            "the answer is no HTTP the client understands",
        )
    }
}

/// Above this, what a chunk still lacks is read straight into the body, in bytes.
const READ_STRAIGHT: u64 = 1 << 16;

/// Whether sending failed in a way after which the stock client still looks for an answer.
fn gone(error: &io::Error, dialect: Dialect) -> bool {
    match error.kind() {
        io::ErrorKind::BrokenPipe => true,
        io::ErrorKind::ConnectionReset => dialect == Dialect::Fast,
        _ => false,
    }
}
