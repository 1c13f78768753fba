//! Stream: a connected socket, TLS or not, and the question whether its peer has gone away while it was idle.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, ErrorKind, Result};
use crate::http::timings::{Phase, Watch};

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
    pub async fn open(host: &str, port: u16, watch: &mut Watch) -> Result<Self> {
        let socket = match host.parse::<IpAddr>() {
            Ok(address) => {
                watch.enter(Phase::Connect);
                TcpStream::connect((address, port)).await.map_err(refused)?
            }
            Err(_) => {
                let addresses = tokio::net::lookup_host((host, port));
                connect(host, addresses, watch).await?
            }
        };
        watch.counts().opened += 1;
        socket.set_nodelay(true).map_err(refused)?;
        Ok(Self::Plain(socket))
    }

    /// The same connection under TLS, its peer asked for a certificate of `host`.
    ///
    /// # Errors
    /// `Tls`.
    pub async fn secure(
        self,
        host: &str,
        config: Arc<ClientConfig>,
        watch: &mut Watch,
    ) -> Result<Self> {
        let Self::Plain(socket) = self else {
            return Ok(self);
        };
        watch.enter(Phase::Tls);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Error::new(ErrorKind::Tls, format!("{host}: {error}")))?;
        let stream = TlsConnector::from(config)
            .connect(name, socket)
            .await
            .map_err(|error| Error::io(ErrorKind::Tls, &error))?;
        match stream.get_ref().1.handshake_kind() {
            Some(HandshakeKind::Resumed) => watch.counts().resumed += 1,
            _ => watch.counts().full += 1,
        }
        Ok(Self::Tls(Box::new(stream)))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the idle socket has something to read: an end of stream or bytes nobody asked for. urllib3 asks the
    /// kernel for it. Here the reactor does, in one call for all requests that begin together: it is to have a turn
    /// before this.
    pub fn dropped(&self) -> bool {
        let look = || {
            let mut ask = [PollFd::new(self.socket(), PollFlags::IN)];
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            match poll(&mut ask, Some(&now)) {
                Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(()),
            }
        };
        // It looks only where the reactor has heard of something, perhaps of what has been read since.
        self.socket().try_io(Interest::READABLE, look).is_ok()
    }

    /// Whether it does within `limit`.
    pub async fn drops(&self, limit: Duration) -> bool {
        let mut byte = [0];
        let looking = self.socket().peek(&mut byte);
        tokio::time::timeout(limit, looking).await.is_ok()
    }

    /// Writes all of it; `sent` grows by what has been written, also where it is not all.
    pub async fn send(&mut self, mut bytes: &[u8], sent: &mut u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = match self {
                Self::Plain(socket) => socket.write(bytes).await?,
                Self::Tls(stream) => stream.write(bytes).await?,
            };
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            *sent += count as u64;
            bytes = &bytes[count..];
        }
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => stream.flush().await,
        }
    }

    /// Reads once and appends; how many bytes came, 0 at the end of the stream.
    pub async fn read(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        self.look(|bytes| {
            into.extend_from_slice(bytes);
            bytes.len()
        })
        .await
    }

    /// Reads once and shows `take` what has come, nothing at the end of the stream.
    pub async fn look<T>(&mut self, mut take: impl FnMut(&[u8]) -> T) -> io::Result<T> {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                let read = ready!(self.poll(cx, &mut buffer));
                let taken = ragged(read.map(|()| buffer.filled().len()));
                Poll::Ready(taken.map(|count| take(&buffer.filled()[..count])))
            })
        })
        .await
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

fn refused(error: io::Error) -> Error {
    Error::io(ErrorKind::Connect, &error)
}

/// Connects to the first of the addresses that answers, once the lookup of `host` has come back with them.
async fn connect(
    host: &str,
    addresses: impl Future<Output = io::Result<impl Iterator<Item = SocketAddr>>>,
    watch: &mut Watch,
) -> Result<TcpStream> {
    let unknown = |words: String| Error::new(ErrorKind::Dns, words);
    watch.enter(Phase::Dns);
    let addresses = addresses
        .await
        .map_err(|error| unknown(error.to_string()))?;
    let mut last = unknown(format!("{host}: no address"));
    watch.enter(Phase::Connect);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(connected) => return Ok(connected),
            Err(error) => last = refused(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rustls::client::Resumption;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::{ServerConfig, crypto::ring, version::TLS12};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::Stamp;
    use crate::http::h1::tls;
    use crate::http::request::Verify;
    use crate::http::timings::Timings;

    /// Made for this test and used nowhere else.
    const CERTIFICATE: &str = "MIIBfzCCASWgAwIBAgIUWfLGGj3ZVGGqB+f8MeM3YgVr+ncwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAX\
        DTI2MTEyMjIwMjcwMFoYDzIxMjYxMDI5MjAyNzAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\
        PQMBBwNCAARPm4Kc1SAuyd4byKXmVCQvcKiBHXF0tY15AGVGCUQ6X7BhC1fscUx3qkUyJcgskMKbBx/lBmYTQ65FnfHWQ+In\
        o1MwUTAdBgNVHQ4EFgQUvjv91/7QaHEYiLF5W1JxWuH0njswHwYDVR0jBBgwFoAUvjv91/7QaHEYiLF5W1JxWuH0njswDwYD\
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAjj3n8SQJX1ohOu2oBsOFKB/SBocYWPZ+4e/zjYC2zrwIhAKRO4Grt\
        MdO90Yjz/qX1kpioaONDqigWXXE4FzpKKHIX";
    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo3gs9UuEt13mGsxrhZtXY2hWsi30xQDZGcuYCgV3LTOhRANC\
        AARPm4Kc1SAuyd4byKXmVCQvcKiBHXF0tY15AGVGCUQ6X7BhC1fscUx3qkUyJcgskMKbBx/lBmYTQ65FnfHWQ+In";

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(test)
    }

    /// A lookup that takes its time shows in that phase and in no other.
    #[test]
    fn a_slow_lookup_is_dns_and_nothing_else() {
        const SLOW: Duration = Duration::from_millis(200);
        run(async {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap();
            let lookup = async {
                tokio::time::sleep(SLOW).await;
                Ok([address].into_iter())
            };
            let mut watch = Watch::new(Stamp::now());
            connect("slow", lookup, &mut watch).await.unwrap();
            watch.stop();
            let timings = watch.take(None);
            let dns = timings.of(Phase::Dns).unwrap();
            assert!(
                dns >= SLOW && timings.whole() - dns < SLOW / 2,
                "{timings:?}"
            );
            assert_eq!(timings.of(Phase::Tls), None);
        });
    }

    /// Ours resume no session; whoever makes them do so finds it in the figures.
    #[test]
    fn a_resumed_handshake_is_told_from_a_full_one() {
        let der = |text: &str| STANDARD.decode(text).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![der(CERTIFICATE).into()],
                PrivatePkcs8KeyDer::from(der(KEY)).into(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
        let ours = tls::config(&Verify::Nothing).unwrap();
        let mut resuming = (*ours).clone();
        resuming.resumption = Resumption::in_memory_sessions(8);
        let shake = async |config: &Arc<ClientConfig>| -> Timings {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let mut watch = Watch::new(Stamp::now());
            let accept = async { acceptor.accept(listener.accept().await.unwrap().0).await };
            let connect = async {
                let stream = Stream::open("127.0.0.1", port, &mut watch).await?;
                stream
                    .secure("localhost", Arc::clone(config), &mut watch)
                    .await
            };
            let (accepted, connected) = tokio::join!(accept, connect);
            accepted.unwrap();
            connected.unwrap();
            watch.take(None)
        };
        run(async {
            let resuming = Arc::new(resuming);
            for (config, want) in [
                (&ours, (1, 0)),
                (&ours, (1, 0)),
                (&resuming, (1, 0)),
                (&resuming, (0, 1)),
            ] {
                let timings = shake(config).await;
                assert_eq!((timings.full, timings.resumed), want);
            }
        });
    }
}
