//! The client without Python: connections, their end, bodies, errors, over a real socket.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use engine::clock::Stamp;
use engine::error::ErrorKind;
use engine::http::{Client, Dialect, Exchange, Fields, Options, Request, Url, Verify};
use http::Method;
use tokio::runtime::{Builder, Runtime};

use crate::server::Server;

pub fn options(dialect: Dialect) -> Options {
    Options {
        dialect,
        redirects: Some(30),
        connect_timeout: Some(Duration::from_secs(5)),
        read_timeout: Some(Duration::from_secs(5)),
        verify: Verify::Nothing,
        proxy: None,
    }
}

pub fn request(method: Method, url: &str) -> Request {
    Request {
        method,
        url: Url::parse(url).unwrap(),
        head: Arc::default(),
        tail: Fields::default(),
        cookies: Vec::new(),
        body: Bytes::new(),
        options: Arc::new(options(Dialect::Requests)),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn get(runtime: &Runtime, client: &Client, url: &str) -> Exchange {
    runtime.block_on(client.send(&request(Method::GET, url), Stamp::now()))
}

fn kind(exchange: &Exchange) -> Option<ErrorKind> {
    exchange.error.as_ref().map(|error| error.kind)
}

fn body(exchange: &Exchange) -> &[u8] {
    exchange
        .hops
        .last()
        .unwrap()
        .answer
        .as_ref()
        .unwrap()
        .body()
}

#[test]
fn a_connection_is_kept_and_used_again() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for _ in 0..20 {
        assert_eq!(body(&get(&runtime, &client, &server.url("/x"))), b"ok");
    }
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1);
    client.close();
    server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
    assert_eq!(kind(&get(&runtime, &client, &server.url("/x"))), None);
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 2);
}

#[test]
fn no_connection_is_kept_where_none_is_to_be() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(0, None));
    for _ in 0..3 {
        get(&runtime, &client, &server.url("/x"));
    }
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 3);
    server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
}

#[test]
fn one_that_the_server_closed_is_not_used_and_nothing_is_sent_twice() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for round in 1..=5 {
        let post = request(Method::POST, &server.url("/close"));
        assert_eq!(
            kind(&runtime.block_on(client.send(&post, Stamp::now()))),
            None
        );
        server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
        assert_eq!(server.requests().len(), round);
        assert_eq!(server.seen.connections.load(Ordering::SeqCst), round);
    }
}

/// The close lies in the socket, and the reactor had no turn since: as where a request is handed in while the thread
/// is busy.
#[test]
fn a_close_that_the_reactor_has_not_heard_of_is_noticed() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    let send = async |path| {
        let post = request(Method::POST, &server.url(path));
        kind(&client.send(&post, Stamp::now()).await)
    };
    runtime.block_on(async {
        assert_eq!(send("/x").await, None);
        assert_eq!(send("/x").await, None); // now it is known to keep connections
        for round in 1..=20 {
            assert_eq!(send("/close").await, None);
            server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
            assert_eq!(send("/x").await, None);
            assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1 + round);
        }
    });
}

#[test]
fn a_server_is_first_given_time_to_hang_up_and_the_wait_is_not_in_the_figures() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    let timed = || {
        let start = Stamp::now();
        let exchange = get(&runtime, &client, &server.url("/x"));
        assert_eq!(kind(&exchange), None);
        let held = exchange.timings().held();
        (Stamp::now().since(start), exchange.time, held)
    };
    let (whole, time, held) = [timed(), timed()][1];
    assert!(
        held > Duration::from_millis(5) && time + held <= whole,
        "{time:?} {held:?} {whole:?}"
    );
    assert!(
        timed().2 < Duration::from_millis(5),
        "seen to keep connections"
    );
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn calls_in_a_row_survive_a_server_that_closes_after_each() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for round in 1..=50 {
        let post = request(Method::POST, &server.url("/close"));
        assert_eq!(
            kind(&runtime.block_on(client.send(&post, Stamp::now()))),
            None
        );
        assert_eq!(server.requests().len(), round);
    }
}

#[test]
fn a_request_the_server_may_have_seen_is_not_repeated() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, Some(10)));
    for (method, dialect, times) in [
        (Method::GET, Dialect::Requests, 1),
        (Method::POST, Dialect::Requests, 1),
        (Method::POST, Dialect::Fast, 1),
        (Method::GET, Dialect::Fast, 12), // geventhttpclient tries a GET once for each connection it may hold, and once more
    ] {
        let before = server.requests().len();
        let mut asked = request(method.clone(), &server.url("/silent"));
        asked.options = Arc::new(options(dialect));
        let exchange = runtime.block_on(client.send(&asked, Stamp::now()));
        assert_eq!(kind(&exchange), Some(ErrorKind::Closed));
        assert_eq!(
            server.requests().len() - before,
            times,
            "{method} {dialect:?}"
        );
    }
}

#[test]
fn dropping_the_call_closes_its_connection() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    runtime.block_on(async {
        let held = request(Method::GET, &server.url("/hold"));
        let call = client.send(&held, Stamp::now());
        assert!(
            tokio::time::timeout(Duration::from_millis(100), call)
                .await
                .is_err()
        );
    });
    server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
    assert_eq!(kind(&get(&runtime, &client, &server.url("/x"))), None);
}

#[test]
fn bodies_of_all_sizes_come_whole() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for size in [0, 1, 4095, 4096, 65_536, 1 << 20, (1 << 20) + 1, 20_000_000] {
        let exchange = get(&runtime, &client, &server.url(&format!("/size/{size}")));
        assert_eq!(body(&exchange).len(), size);
    }
    assert_eq!(
        body(&get(&runtime, &client, &server.url("/trickle"))).len(),
        50
    );
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_body_cut_short_is_an_error_that_keeps_what_came() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    let exchange = get(&runtime, &client, &server.url("/cut"));
    let error = exchange.error.as_ref().unwrap();
    assert_eq!(error.kind, ErrorKind::Incomplete);
    assert_eq!(
        error.message,
        "IncompleteRead(9 bytes read, 91 more expected)"
    );
    assert_eq!(body(&exchange), b"only this");
    assert_eq!(kind(&get(&runtime, &client, &server.url("/x"))), None);
}

#[test]
fn an_announced_length_beyond_reason_reserves_no_memory() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n";
        stream.write_all(head).unwrap();
        for _ in 0..3 {
            stream.write_all(b"some").unwrap();
        }
    });
    let (runtime, client) = (runtime(), Client::new(10, None));
    let exchange = get(&runtime, &client, &format!("http://127.0.0.1:{port}/"));
    assert_eq!(kind(&exchange), Some(ErrorKind::Incomplete));
}

#[test]
fn refused_and_unknown_hosts_and_silence() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = get(&runtime, &client, &format!("http://127.0.0.1:{closed}/"));
    assert_eq!(kind(&refused), Some(ErrorKind::Connect));
    let unknown = get(&runtime, &client, "http://no-such-host.invalid/");
    assert_eq!(kind(&unknown), Some(ErrorKind::Dns));
    let mut silent = request(Method::GET, &server.url("/hold"));
    let brief = Some(Duration::from_millis(30));
    silent.options = Arc::new(Options {
        read_timeout: brief,
        ..options(Dialect::Requests)
    });
    let exchange = runtime.block_on(client.send(&silent, Stamp::now()));
    assert_eq!(kind(&exchange), Some(ErrorKind::ReadTimeout));
    assert!(exchange.time >= Duration::from_millis(30));
}
