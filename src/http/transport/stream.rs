//! Stream: a connected socket, TLS or not, and the question whether its peer has gone away while it was idle.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls;
use crate::error::{Error, ErrorKind, Result};
use crate::http::request::Verify;

/// What one read takes at most, in bytes.
const READ: usize = 1 << 16;

thread_local! {
    /// Bytes are read here first and kept to size: an idle or waiting connection holds no buffer.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// A connected socket.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Opens a TCP connection to the first address of `host` that answers, as Python's
    /// `socket.create_connection` does.
    ///
    /// # Errors
    /// `Dns` or `Connect` (the last address's error).
    pub async fn open(host: &str, port: u16) -> Result<Self> {
        connect(host, port).await.map(Self::Plain)
    }

    /// The same connection under TLS, its peer asked for a certificate of `host`.
    ///
    /// # Errors
    /// `Tls`.
    pub async fn secure(self, host: &str, verify: &Verify) -> Result<Self> {
        let Self::Plain(socket) = self else {
            return Ok(self);
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Error::new(ErrorKind::Tls, format!("{host}: {error}")))?;
        let stream = TlsConnector::from(tls::config(verify)?)
            .connect(name, socket)
            .await
            .map_err(|error| Error::io(ErrorKind::Tls, &error))?;
        Ok(Self::Tls(Box::new(stream)))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the idle socket has something to read: an end of stream or bytes nobody asked for.
    /// Asked of the kernel, since the reactor may not have heard of it yet; urllib3 asks the same way.
    #[must_use]
    pub fn dropped(&self) -> bool {
        let mut ask = [PollFd::new(self.socket(), PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut ask, Some(&now)).map_or(true, |ready| ready > 0)
    }

    /// Whether it does within `limit`.
    pub async fn drops(&self, limit: Duration) -> bool {
        let mut byte = [0];
        let looking = self.socket().peek(&mut byte);
        tokio::time::timeout(limit, looking).await.is_ok()
    }

    /// Writes all of it.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Reads once and appends; how many bytes came, 0 at the end of the stream.
    pub async fn read(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        let read = poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                ready!(self.poll(cx, &mut buffer))?;
                into.extend_from_slice(buffer.filled());
                Poll::Ready(Ok(buffer.filled().len()))
            })
        });
        ragged(read.await)
    }

    /// Reads once, at most `most` bytes, straight into the spare room of `into`.
    pub async fn read_into(&mut self, into: &mut BytesMut, most: usize) -> io::Result<usize> {
        let mut limited = bytes::BufMut::limit(into, most);
        ragged(match self {
            Self::Plain(socket) => socket.read_buf(&mut limited).await,
            Self::Tls(stream) => stream.read_buf(&mut limited).await,
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
        }
    }
}

/// An end of TLS without goodbye is an end, as Python has it (`suppress_ragged_eofs`).
fn ragged(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        read => read,
    }
}

async fn connect(host: &str, port: u16) -> Result<TcpStream> {
    let refused = |error: io::Error| Error::io(ErrorKind::Connect, &error);
    let stream = if let Ok(address) = host.parse::<std::net::IpAddr>() {
        TcpStream::connect((address, port)).await.map_err(refused)?
    } else {
        let unknown = |words: String| Error::new(ErrorKind::Dns, words);
        let addresses = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| unknown(error.to_string()))?;
        let mut last = unknown(format!("{host}: no address"));
        let mut stream = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(connected) => {
                    stream = Some(connected);
                    break;
                }
                Err(error) => last = refused(error),
            }
        }
        stream.ok_or(last)?
    };
    stream.set_nodelay(true).map_err(refused)?;
    Ok(stream)
}
