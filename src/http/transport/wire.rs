//! Wire: a TCP socket shared between hyper, which reads and writes, and the pool, which asks whether it is still good.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A handle on a connected socket.
#[derive(Debug, Clone)]
pub struct Wire(Arc<TcpStream>);

impl Wire {
    /// Opens a TCP connection to the first address of `host` that answers, as Python's
    /// `socket.create_connection` does.
    ///
    /// # Errors
    /// The last address's error; `NotFound` when the name has no address.
    pub async fn connect(host: &str, port: u16) -> io::Result<Self> {
        let stream = if let Ok(address) = host.parse::<std::net::IpAddr>() {
            TcpStream::connect((address, port)).await?
        } else {
            let addresses = tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| io::Error::new(io::ErrorKind::NotFound, error.to_string()))?;
            let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host}: no address"));
            let mut stream = None;
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(connected) => {
                        stream = Some(connected);
                        break;
                    }
                    Err(error) => last = error,
                }
            }
            stream.ok_or(last)?
        };
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(stream)))
    }

    /// Whether the idle socket has something to read: an end of stream or bytes nobody asked for.
    /// Asked of the kernel, since the reactor may not have heard of it yet; urllib3 asks the same way.
    #[must_use]
    pub fn dropped(&self) -> bool {
        let mut ask = [PollFd::new(&*self.0, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut ask, Some(&now)).map_or(true, |ready| ready > 0)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.0.try_read_buf(buf) {
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_read_ready(cx))?
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.0.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_write_ready(cx))?
                }
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.0.try_write_vectored(bufs) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_write_ready(cx))?
                }
                done => return Poll::Ready(done),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection is over; the peer sees the end of stream now or when the last handle drops.
        let _ = rustix::net::shutdown(&*self.0, rustix::net::Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}
