//! The socket side: accept loop, one task a connection, graceful stop, on one thread with its own runtime.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::body::PageBody;
use super::context::RequestContext;
use super::faults;
use super::plain;
use super::reply::{Content, Reply};
use super::request::ShopRequest;
use super::routes::{PATTERNS, Place, Route};
use super::seen::Seen;
use super::shop::{Shop, Store};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4_096;
/// Largest body of a request, as the original's framework has it (bytes).
const LARGEST_BODY: usize = 2_621_440;
/// How long answers under way may take once the shop is asked to stop.
const GRACE: Duration = Duration::from_millis(500);

/// The open shop, shared by all connections.
pub(super) struct AppState {
    pub(super) store: Store,
    shop: Mutex<Shop>,
}

impl AppState {
    pub(super) fn new(store: Store) -> AppState {
        let shop = Mutex::new(Shop::new(&store.config));
        AppState { store, shop }
    }

    fn shop(&self) -> MutexGuard<'_, Shop> {
        // A panic while it was held leaves counts and carts that are still fit to be used.
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> Seen {
        self.shop().counters.seen(PATTERNS)
    }

    pub(super) fn reset(&self) {
        let fresh = Shop::new(&self.store.config);
        *self.shop() = fresh;
    }

    /// Deals with a request and counts it: the answer (none is a dropped connection), and how long it is held back.
    pub(super) fn answer(
        &self,
        ask: &ShopRequest<'_>,
        oversized: bool,
    ) -> (Option<Reply>, Option<Duration>) {
        let mut shop = self.shop();
        let place = Place::find(ask.path);
        let delay = ask.faults.delay(&self.store.config, &mut shop.rng);
        let reply = reply(&mut shop, &self.store, ask, &place, oversized);
        shop.counters.count(
            place.route as usize,
            ask.method,
            reply.as_ref().map(|reply| reply.status),
        );
        (reply, delay)
    }
}

/// Binds the address; a name is looked up and its first address taken. Needs a runtime around it.
pub(super) fn bind(host: &str, port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let complain = |error: io::Error| {
        let what = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "the port is in use; choose another, or 0 for any".to_owned()
            }
            _ => error.to_string(),
        };
        io::Error::new(
            error.kind(),
            format!("mock Saleor cannot listen on {host}:{port}: {what}"),
        )
    };
    let mut addresses = (host, port).to_socket_addrs().map_err(complain)?;
    let address = addresses
        .next()
        .ok_or_else(|| complain(io::Error::other("the name has no address")))?;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
    .map_err(complain)?;
    socket.set_reuseaddr(true).map_err(complain)?;
    socket.bind(address).map_err(complain)?;
    let listener = socket.listen(BACKLOG).map_err(complain)?;
    let address = listener.local_addr().map_err(complain)?;
    Ok((listener, address))
}

/// Accepts until told to stop, then lets the connections finish what they are at.
pub(super) async fn run(
    state: Arc<AppState>,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    state.shop().counters.connections += 1;
                    connections.spawn(connection(state.clone(), stream, stop.clone()));
                }
                // Out of descriptors, most likely: let some be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
    connections.shutdown().await;
}

async fn connection(state: Arc<AppState>, mut stream: TcpStream, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let keep_alive = state.store.config.keep_alive;
    let mut begun = Vec::new();
    if plain::suits(&state.store.config) {
        match plain::serve(&state, &mut stream, &mut stop).await {
            Some(read) => begun = read,
            None => return,
        }
    }
    let closing = Arc::new(AtomicBool::new(false));
    let io = Wire {
        begun: Bytes::from(begun),
        io: TokioIo::new(stream),
        closing: closing.clone(),
    };
    let service = service_fn(|request| {
        let (state, closing) = (&state, &closing);
        async move {
            let response = answer(state, request).await;
            if !keep_alive {
                closing.store(true, Ordering::Relaxed);
            }
            response
        }
    });
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .title_case_headers(true)
        .half_close(!keep_alive)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The request was dropped on purpose: hyper closes the connection without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped as asked")
    }
}

impl std::error::Error for Dropped {}

async fn answer(
    state: &AppState,
    request: Request<Incoming>,
) -> Result<Response<PageBody>, Dropped> {
    let (parts, body) = request.into_parts();
    let mut ask = ShopRequest::read(&parts);
    if ask.is_behind_the_scenes() {
        return Ok(behind_the_scenes(state, &ask).into_response(None));
    }
    let mut oversized = false;
    if !hyper::body::Body::is_end_stream(&body) {
        match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => ask.read_body(&body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => oversized = true,
            Err(_) => return Err(Dropped), // the client went away in the middle of it
        }
    }
    let (reply, delay) = state.answer(&ask, oversized);
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    reply
        .map(|reply| reply.into_response(ask.faults.truncate))
        .ok_or(Dropped)
}

/// The answer of the shop or of a fault; none is a dropped connection.
fn reply(
    shop: &mut Shop,
    store: &Store,
    ask: &ShopRequest<'_>,
    place: &Place<'_>,
    oversized: bool,
) -> Option<Reply> {
    if ask.faults.drop {
        return None;
    }
    if let Some(status) = ask.faults.status {
        return Some(Reply::new(
            status,
            Content::Bare,
            format!("<h1>Status {status}, as asked</h1>"),
        ));
    }
    let spared = matches!(place.route, Route::Static | Route::Health);
    if !spared && faults::strikes(&store.config, &mut shop.rng) {
        return Some(Reply::failure());
    }
    if oversized {
        return Some(Reply::new(
            400,
            Content::Bare,
            "<h1>Bad request: 400</h1>\n",
        ));
    }
    shop.tick();
    Some(RequestContext::answer(shop, store, ask, place))
}

/// `/__mock__/seen` and `/__mock__/reset`, which are not counted.
fn behind_the_scenes(state: &AppState, ask: &ShopRequest<'_>) -> Reply {
    match (ask.method, ask.path) {
        ("GET", "/__mock__/seen") => Reply::json(200, &state.seen().to_json()),
        ("POST", "/__mock__/reset") => {
            state.reset();
            Reply::json(200, &serde_json::json!({"reset": true}))
        }
        _ => Reply::new(
            404,
            Content::Bare,
            "<h1>Only GET /__mock__/seen and POST /__mock__/reset</h1>",
        ),
    }
}

/// A stream that begins with what was read of it already. Once `closing`, it reads as ended: hyper then closes it after
/// the answer without having announced that in a header, which is how the original's bare server behaves.
struct Wire {
    begun: Bytes,
    io: TokioIo<TcpStream>,
    closing: Arc<AtomicBool>,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.begun.is_empty() {
            let count = self.begun.len().min(buffer.remaining());
            buffer.put_slice(&self.begun.split_to(count));
            return Poll::Ready(Ok(()));
        }
        if self.closing.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}
