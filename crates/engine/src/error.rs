//! Why a request failed: one kind per thing a locustfile can tell apart, and the words for it.

use std::fmt;

use bytes::Bytes;

/// What went wrong. The Python side maps each kind to the exception stock Locust would raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The host name has no address.
    Dns,
    /// The connection could not be opened; `os_code` tells why (refused, unreachable, …).
    Connect,
    /// Opening the connection took longer than the connect timeout.
    ConnectTimeout,
    /// TLS: bad certificate, wrong name, handshake cut.
    Tls,
    /// The proxy could not be reached.
    Proxy,
    /// The proxy refused the tunnel.
    Tunnel,
    /// The peer closed the connection before the first byte of a response.
    Closed,
    /// The connection broke: reset, broken pipe; `os_code` tells which.
    Broken,
    /// What came back is not an HTTP response; `seen` has it.
    Protocol,
    /// The body ended before its announced length.
    Incomplete,
    /// The body's chunked framing is broken; `seen` has the bytes.
    Chunk,
    /// The connection ended within a chunk.
    ChunkCut,
    /// `Content-Length` says two different things.
    Lengths,
    /// The body does not decode with its Content-Encoding.
    Decode,
    /// The connection broke after the head of the answer; `os_code` tells how.
    BodyBroken,
    /// No byte of an answer for longer than the read timeout.
    ReadTimeout,
    /// No further byte of the body for longer than the read timeout.
    BodyTimeout,
    /// More redirects than allowed.
    TooManyRedirects,
    /// A `Location` that is no HTTP URL, or one so odd that Python's own libraries must read it.
    BadRedirect,
    /// Cancelled, or lost with its task; never reaches a locustfile in normal running.
    Lost,
}

impl ErrorKind {
    /// Every kind, so that a test can ask whether each is mapped.
    pub const ALL: [Self; 20] = [
        Self::Dns,
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Proxy,
        Self::Tunnel,
        Self::Closed,
        Self::Broken,
        Self::Protocol,
        Self::Incomplete,
        Self::Chunk,
        Self::ChunkCut,
        Self::Lengths,
        Self::Decode,
        Self::BodyBroken,
        Self::ReadTimeout,
        Self::BodyTimeout,
        Self::TooManyRedirects,
        Self::BadRedirect,
        Self::Lost,
    ];

    /// The name by which Python knows the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Tunnel => "tunnel",
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Protocol => "protocol",
            Self::Incomplete => "incomplete",
            Self::Chunk => "chunk",
            Self::ChunkCut => "chunk_cut",
            Self::Lengths => "lengths",
            Self::Decode => "decode",
            Self::BodyBroken => "body_broken",
            Self::ReadTimeout => "read_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::TooManyRedirects => "too_many_redirects",
            Self::BadRedirect => "bad_redirect",
            Self::Lost => "lost",
        }
    }
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The words for it, without the URL.
    pub message: String,
    /// The operating system's error number, where one is behind it.
    pub os_code: Option<i32>,
    /// The bytes that could not be understood, for Python's own parsers to say what is wrong with them.
    pub seen: Bytes,
}

/// A result whose error is ours.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind`, in these words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            os_code: None,
            seen: Bytes::new(),
        }
    }

    /// An error of `kind` made from an I/O error, keeping the system's number.
    #[must_use]
    pub fn io(kind: ErrorKind, source: &std::io::Error) -> Self {
        Self {
            kind,
            message: source.to_string(),
            os_code: source.raw_os_error(),
            seen: Bytes::new(),
        }
    }

    /// Whether the peer closed or reset the connection before the first byte of an answer.
    #[must_use]
    pub fn closed(&self) -> bool {
        let reset = rustix::io::Errno::CONNRESET.raw_os_error();
        self.kind == ErrorKind::Closed
            || self.kind == ErrorKind::Broken && self.os_code == Some(reset)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for Error {}
