//! The phases of a request, over a real socket: what a server delays shows where it belongs and nowhere else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::clock::Stamp;
use engine::error::ErrorKind;
use engine::http::{Client, Dialect, Exchange, Options, Phase, Proxy, Timings};
use http::Method;
use tokio::runtime::{Builder, Runtime};

use crate::http::{options, request};
use crate::server::Server;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn get(runtime: &Runtime, client: &Client, url: &str) -> Exchange {
    runtime.block_on(client.send(&request(Method::GET, url), Stamp::now()))
}

fn sum(timings: &Timings) -> Duration {
    Phase::ALL.iter().filter_map(|p| timings.of(*p)).sum()
}

fn opening(timings: &Timings) -> [Option<Duration>; 3] {
    [Phase::Dns, Phase::Connect, Phase::Tls].map(|phase| timings.of(phase))
}

/// A server on a thread of its own that does this with its first connection.
fn once(serve: impl FnOnce(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || serve(listener.accept().unwrap().0));
    port
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn the_first_request_opens_a_connection_and_the_next_ones_do_not() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for at in 0..5 {
        let timings = get(&runtime, &client, &server.url("/size/7")).timings();
        let none = Some(Duration::ZERO);
        assert_eq!(timings.reused(), Some(at > 0));
        assert_eq!(
            (timings.opened, timings.reused),
            if at == 0 { (1, 0) } else { (0, 1) }
        );
        assert_eq!(
            opening(&timings) == [none; 3],
            at > 0,
            "connecting took time: {timings:?}"
        );
        assert_eq!((timings.of(Phase::Tls), timings.full), (none, 0));
        assert_eq!(sum(&timings), timings.whole());
        let sent = "GET /size/7 HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n\r\n".len()
            - (5 - server.port.to_string().len());
        assert_eq!(timings.bytes_out(), Some(sent as u64));
        assert_eq!(timings.bytes_in(), Some(ANSWER.len() as u64 + 5));
        assert_eq!(timings.version, Some(11));
    }
}

#[test]
fn the_time_of_a_call_is_that_of_its_hops_without_what_was_held_back() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, None));
    for _ in 0..3 {
        let exchange = get(&runtime, &client, &server.url("/x"));
        let timings = exchange.timings();
        assert_eq!(exchange.time, timings.whole());
        assert_eq!(sum(&timings), exchange.time);
    }
}

#[test]
fn the_wait_for_a_slot_is_queued() {
    let server = Server::start();
    let (runtime, client) = (runtime(), Client::new(10, Some(1)));
    let [first, second] = runtime.block_on(async {
        let asked = request(Method::GET, &server.url("/hold"));
        let (first, second, ()) = tokio::join!(
            client.send(&asked, Stamp::now()),
            client.send(&asked, Stamp::now()),
            async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                server.release();
            },
        );
        [first.timings(), second.timings()]
    });
    let delay = Duration::from_millis(100);
    assert!(first.of(Phase::Wait).unwrap() > delay, "{first:?}");
    assert!(second.of(Phase::Queued).unwrap() > delay, "{second:?}");
    assert!(second.of(Phase::Wait).unwrap() < delay, "{second:?}");
}

#[test]
fn a_proxys_tunnel_is_part_of_connecting() {
    let slow = Duration::from_millis(200);
    let port = once(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        std::thread::sleep(slow);
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let _ = stream.read(&mut [0; 4096]);
    });
    let (runtime, client) = (runtime(), Client::new(10, None));
    let mut asked = request(Method::GET, "https://somewhere/");
    asked.options = Arc::new(Options {
        proxy: Some(Arc::new(Proxy::new(&format!("http://127.0.0.1:{port}")))),
        ..options(Dialect::Requests)
    });
    let exchange = runtime.block_on(client.send(&asked, Stamp::now()));
    assert_eq!(
        exchange.error.as_ref().map(|error| error.kind),
        Some(ErrorKind::Tls)
    );
    let timings = exchange.timings();
    assert!(timings.of(Phase::Connect).unwrap() >= slow, "{timings:?}");
    assert!(timings.of(Phase::Tls).unwrap() < slow / 2, "{timings:?}");
    assert_eq!(timings.of(Phase::Send), None);
    assert_eq!(
        (timings.opened, timings.full, timings.bytes_out()),
        (1, 0, Some(0))
    );
    assert_eq!(sum(&timings), exchange.time);
}

#[test]
fn attempts_at_one_request_are_one_hop() {
    let (server, runtime, client) = (Server::start(), runtime(), Client::new(10, Some(10)));
    let mut asked = request(Method::GET, &server.url("/silent"));
    asked.options = Arc::new(options(Dialect::Fast));
    let exchange = runtime.block_on(client.send(&asked, Stamp::now()));
    let timings = exchange.timings();
    assert_eq!((exchange.hops.len(), timings.opened), (1, 12));
    assert_eq!(timings.bytes_out().unwrap() % 12, 0);
    assert_eq!(sum(&timings), exchange.time);
    assert_eq!(timings.of(Phase::Download), None);
}

#[test]
fn bytes_count_as_far_as_they_went() {
    let port = once(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        std::thread::sleep(Duration::from_millis(300));
    });
    let (runtime, client) = (runtime(), Client::new(10, None));
    let mut asked = request(Method::POST, &format!("http://127.0.0.1:{port}/"));
    asked.body = Bytes::from(vec![b'x'; 64 << 20]);
    asked.options = Arc::new(Options {
        read_timeout: Some(Duration::from_millis(60)),
        ..options(Dialect::Requests)
    });
    let exchange = runtime.block_on(client.send(&asked, Stamp::now()));
    let timings = exchange.timings();
    let out = timings.bytes_out().unwrap();
    assert!(out > 1024 && out < 64 << 20, "{out}");
    assert!(timings.of(Phase::Send).unwrap() >= Duration::from_millis(60));
    assert_eq!(
        (timings.of(Phase::Wait), timings.bytes_in()),
        (None, Some(0))
    );
}

#[test]
fn a_head_that_comes_in_pieces_is_downloaded_until_its_end() {
    let port = once(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        for piece in [&ANSWER[..20], &ANSWER[20..ANSWER.len() - 1], b"k"] {
            std::thread::sleep(Duration::from_millis(40));
            let _ = stream.write_all(piece);
        }
    });
    let (runtime, client) = (runtime(), Client::new(10, None));
    let exchange = get(&runtime, &client, &format!("http://127.0.0.1:{port}/"));
    let (timings, head) = (
        exchange.timings(),
        exchange.hops[0].answer.as_ref().unwrap().head_time,
    );
    assert!(timings.of(Phase::Wait).unwrap() >= Duration::from_millis(20));
    assert!(timings.of(Phase::Download).unwrap() >= Duration::from_millis(60));
    assert!(
        head >= Duration::from_millis(60) && exchange.time - head >= Duration::from_millis(20),
        "{head:?}"
    );
    assert_eq!(timings.bytes_in(), Some(ANSWER.len() as u64));
}
