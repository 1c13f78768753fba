//! The server: connections, stopping, faults, latency, and counts that agree with a client's to the unit.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use super::browser::Browser;
use super::shop;
use mock_saleor::{Config, Latency, MockSaleor, Stock};
use std::time::Instant;

#[test]
fn the_whole_funnel_is_counted_to_the_unit() {
    let shop = shop();
    let mut sent = 0;
    for n in 0..5 {
        let mut visitor = Browser::new(shop.addr());
        visitor.get("/");
        visitor.get("/products/category/apparel-1/");
        visitor.add_hoodie();
        let order = visitor.check_out(("email", "a@example.com"));
        let page = visitor.post(&format!("{order}payment/"), &[("method", "default")]);
        assert_eq!(visitor.get(page.location()).status, 200);
        sent += 2 + 2 + 2 + 1 + 2 + 2 + 1 + 1;
        let mut user = Browser::new(shop.addr());
        user.sign_up(&format!("user{n}@example.com"));
        user.add_hoodie();
        user.check_out(("address", "new_address"));
        user.add_hoodie();
        user.check_out(("address", "new_address"));
        sent += 2 + 2 * (2 + 2 + 1 + 2 + 2);
    }
    let seen = shop.seen();
    assert_eq!(seen.requests, sent);
    assert_eq!(
        (seen.adds, seen.orders, seen.registrations, seen.connections),
        (15, 15, 5, 10)
    );
    for (route, class, count) in [
        ("GET /", "2xx", 5),
        ("GET /products/<slug>-<id>/", "2xx", 15),
        ("POST /products/<slug>-<id>/add/", "2xx", 15),
        ("GET /checkout/", "3xx", 15),
        ("GET /checkout/shipping-address/", "2xx", 15),
        ("POST /checkout/summary/", "3xx", 15),
        ("POST /account/signup/", "3xx", 5),
        ("POST /order/<token>/payment/", "3xx", 5),
        ("GET /order/<token>/payment/<variant>/", "2xx", 5),
    ] {
        assert_eq!(seen.routes[route][class], count, "{route}");
        assert_eq!(seen.route(route), count, "{route}");
    }
    let mut browser = Browser::new(shop.addr());
    let told: serde_json::Value =
        serde_json::from_str(&browser.get("/__mock__/seen").body).unwrap();
    let mut own = seen.to_json();
    own["connections"] = 11.into();
    assert_eq!(told, own, "the same over HTTP, and asking is not counted");
    assert_eq!(browser.send("POST", "/__mock__/reset", &[], "").status, 200);
    assert_eq!(shop.seen().requests, 0);
}

#[test]
fn many_at_once_are_counted_to_the_unit() {
    let shop = shop();
    let address = shop.addr();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                let mut browser = Browser::new(address);
                for _ in 0..40 {
                    browser.get("/");
                    browser.add_hoodie();
                }
            })
        })
        .collect();
    clients
        .into_iter()
        .for_each(|client| client.join().unwrap());
    let seen = shop.seen();
    assert_eq!(
        (seen.requests, seen.adds, seen.connections),
        (8 * 40 * 3, 8 * 40, 8)
    );
}

#[test]
fn without_keep_alive_connections_close_unannounced() {
    let shop = MockSaleor::start(Config {
        keep_alive: false,
        ..Config::default()
    })
    .unwrap();
    let mut browser = Browser::new(shop.addr());
    for path in ["/", "/products/codemash-1/", "/nowhere/", "/checkout/"] {
        let page = browser.get(path);
        assert_eq!(page.header("Connection"), None);
        assert!(browser.was_closed(), "{path}");
    }
    let page = browser.post(
        "/account/signup/",
        &[("email", "a@example.com"), ("password", "x")],
    );
    assert_eq!(page.status, 302);
    assert!(browser.was_closed());
    assert_eq!(shop.seen().connections, 5);
}

#[test]
fn stopping_closes_what_is_open_and_frees_the_port() {
    let shop = shop();
    let mut idle = Browser::new(shop.addr());
    idle.get("/");
    let mut silent = TcpStream::connect(shop.addr()).unwrap();
    silent
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    shop.stop();
    shop.stop();
    assert!(idle.was_closed());
    let mut rest = Vec::new();
    assert!(silent.read_to_end(&mut rest).map_or_else(
        |e| e.kind() == ErrorKind::ConnectionReset,
        |_| rest.is_empty()
    ));
    assert!(TcpStream::connect(shop.addr()).is_err());
    let again = MockSaleor::start(Config {
        port: shop.addr().port(),
        ..Config::default()
    })
    .unwrap();
    assert_eq!(Browser::new(again.addr()).get("/").status, 200);
    assert_eq!(shop.seen().requests, 1, "a closed shop still tells");
}

#[test]
fn stopping_does_not_wait_for_long_answers() {
    let shop = MockSaleor::start(Config {
        latency: Latency::Fixed(60_000.0),
        ..Config::default()
    })
    .unwrap();
    let address = shop.addr();
    let client =
        std::thread::spawn(move || Browser::new(address).try_send("GET", "/", &[], "").is_err());
    while shop.seen().requests == 0 {
        std::thread::yield_now();
    }
    let start = Instant::now();
    drop(shop);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(client.join().unwrap());
}

#[test]
fn a_busy_port_and_bad_knobs_are_one_line() {
    let shop = shop();
    let port = shop.addr().port();
    let error = MockSaleor::start(Config {
        port,
        ..Config::default()
    })
    .err()
    .unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(
        text.contains(&port.to_string()) && !text.contains('\n'),
        "{text}"
    );
    let error = MockSaleor::start(Config {
        error_rate: 2.0,
        ..Config::default()
    })
    .err()
    .unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = MockSaleor::start(Config {
        host: "no.such.host.invalid".into(),
        ..Config::default()
    })
    .err()
    .unwrap();
    assert!(error.to_string().contains("no.such.host.invalid"));
    // Also where a runtime is around the caller.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(
            MockSaleor::start(Config {
                port,
                ..Config::default()
            })
            .is_err()
        )
    });
}

#[test]
fn faults_asked_for_by_header() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    assert_eq!(
        browser
            .send("GET", "/", &[("X-Mock-Status", "503")], "")
            .status,
        503
    );
    let start = Instant::now();
    assert_eq!(
        browser
            .send("GET", "/", &[("X-Mock-Delay-Ms", "80")], "")
            .status,
        200
    );
    assert!(start.elapsed() >= Duration::from_millis(80));
    let cut = browser.try_send("GET", "/", &[("X-Mock-Truncate", "100")], "");
    assert_eq!(cut.err().unwrap().kind(), ErrorKind::UnexpectedEof);
    let dropped = browser.try_send("GET", "/", &[("X-Mock-Drop", "1")], "");
    assert_eq!(dropped.err().unwrap().kind(), ErrorKind::UnexpectedEof);
    let seen = shop.seen();
    assert_eq!(
        seen.routes["GET /"].clone().into_iter().collect::<Vec<_>>(),
        [("2xx".into(), 2), ("5xx".into(), 1), ("dropped".into(), 1)]
    );
    assert_eq!(seen.requests, 4);
}

#[test]
fn a_truncated_page_sends_what_was_asked() {
    use std::io::Write;
    let shop = shop();
    let mut stream = TcpStream::connect(shop.addr()).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Mock-Truncate: 100\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Length: 31396"), "{head}");
    assert_eq!(body.len(), 100);
}

#[test]
fn the_error_rate_strikes_its_share() {
    let shop = MockSaleor::start(Config {
        error_rate: 0.25,
        ..Config::default()
    })
    .unwrap();
    let mut browser = Browser::new(shop.addr());
    let errors = (0..400)
        .filter(|_| browser.get("/cart/summary/").status == 500)
        .count();
    assert!((60..=140).contains(&errors), "{errors}");
    assert_eq!(
        shop.seen().routes["GET /cart/summary/"]["5xx"],
        errors as u64
    );
    assert_eq!(
        (0..20)
            .filter(|_| browser.get("/health/").status == 500)
            .count(),
        0
    );
}

#[test]
fn latency_holds_answers_back_side_by_side() {
    let shop = MockSaleor::start(Config {
        latency: Latency::Fixed(100.0),
        ..Config::default()
    })
    .unwrap();
    let address = shop.addr();
    let start = Instant::now();
    let (done, all) = mpsc::channel();
    for _ in 0..10 {
        let done = done.clone();
        std::thread::spawn(move || done.send(Browser::new(address).get("/").status).unwrap());
    }
    assert!(all.iter().take(10).all(|status| status == 200));
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_millis(700),
        "{took:?}"
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let shop = MockSaleor::start(Config {
        keep: 3,
        stock: Stock::Endless,
        ..Config::default()
    })
    .unwrap();
    let mut first = Browser::new(shop.addr());
    first.sign_up("first@example.com");
    for n in 0..3 {
        Browser::new(shop.addr()).sign_up(&format!("user{n}@example.com"));
    }
    assert_eq!(
        first.get("/profile/").location(),
        "/account/login/?next=/profile/"
    );
    let mut again = Browser::new(shop.addr());
    again.sign_up("first@example.com"); // the e-mail is free again
}
