//! The fast path and hyper's: a client cannot tell which of them answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::browser::{Browser, FORM, Page};
use super::shop;

/// Asks for no fault, but every request with such a header is hyper's.
const LONG: (&str, &str) = ("X-Mock-Delay-Ms", "0");
const AJAX: (&str, &str) = ("X-Requested-With", "XMLHttpRequest");
const TOKEN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// All of a page but what differs from one moment to the next.
fn told(page: &Page) -> String {
    let mut text = format!("{}\n", page.status);
    for (name, value) in &page.headers {
        let parts = value.split(';').map(|part| match part.split_once('=') {
            Some((start @ ("  cart" | " expires"), _)) => start,
            _ if name == "Expires" => "",
            _ => part,
        });
        text.push_str(&format!("{name}:{}\n", parts.collect::<Vec<_>>().join(";")));
    }
    let token = page.body.split_once("csrfmiddlewaretoken' value='");
    let token = token.map_or("no token", |(_, rest)| &rest[..64]);
    text + &page.body.replace(token, "token")
}

#[test]
fn both_ways_say_the_same() {
    let shop = shop();
    for (method, path, headers, body) in [
        ("GET", "/", &[][..], ""),
        ("GET", "/?a=b&c=%20", &[], ""),
        ("GET", "/products/category/apparel-1/", &[], ""),
        ("GET", "/products/codemash-1/", &[], ""),
        ("GET", "/products/other-1/", &[], ""),
        ("GET", "/products/codemash-1", &[], ""),
        ("GET", "/nowhere/at~all/", &[], ""),
        ("GET", "//", &[], ""),
        ("GET", "/?", &[], ""),
        ("GET", "/search/?q=code", &[("Accept", "*/*")], ""),
        (
            "GET",
            "/account/login/",
            &[("Connection", "keep-alive")],
            "",
        ),
        (
            "GET",
            "/account/logout/",
            &[("cOOKIE", "sessionid=\"gone\"")],
            "",
        ),
        ("GET", "/checkout/remove_voucher/", &[], ""),
        ("GET", "/checkout/", &[], ""),
        ("GET", "/health/", &[], ""),
        ("GET", "/jsi18n/", &[], ""),
        (
            "GET",
            "/static/css/storefront-4f1e2d7c9ab0835d6e21.css",
            &[],
            "",
        ),
        (
            "GET",
            "/static/js/storefront-1a2b3c4d5e6f70819203.js",
            &[],
            "",
        ),
        ("GET", "/static/products/1-1.svg", &[], ""),
        ("GET", "/static/nothing", &[], ""),
        (
            "POST",
            "/products/codemash-1/add/",
            &[FORM, AJAX],
            "quantity=1",
        ),
        (
            "POST",
            "/products/codemash-1/add/",
            &[FORM, ("X-CSRFToken", TOKEN), AJAX],
            "quantity=99&variant=1",
        ),
        (
            "POST",
            "/products/codemash-1/add/",
            &[FORM, ("x-csrftoken", TOKEN)],
            "quantity=1&variant=77",
        ),
        (
            "POST",
            "/account/login/",
            &[FORM, ("X-CSRFToken", TOKEN)],
            "username=a&password=b",
        ),
        (
            "POST",
            "/account/signup/",
            &[FORM, ("X-CSRFToken", TOKEN), ("X-Forwarded-Proto", "https")],
            "email=a",
        ),
        ("POST", "/cart/", &[("X-CSRFToken", TOKEN)], ""),
    ] {
        let ask = |headers: &[(&str, &str)]| {
            let mut browser = Browser::new(shop.addr());
            browser.cookies.insert("csrftoken".into(), TOKEN.into());
            told(&browser.send(method, path, headers, body))
        };
        let long: Vec<_> = headers.iter().copied().chain([LONG]).collect();
        assert_eq!(ask(headers), ask(&long), "{method} {path}");
    }
    let (requests, classes) = (shop.seen().requests, shop.seen().routes);
    assert_eq!(requests, 2 * 26);
    assert!(
        classes
            .values()
            .flat_map(|found| found.values())
            .all(|number| number % 2 == 0)
    );
}

#[test]
fn a_connection_goes_from_one_way_to_the_other() {
    let shop = shop();
    let mut stream = TcpStream::connect(shop.addr()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // In two parts that end anywhere: two plain requests, one that is not, and one that is after it.
    let text = "GET /health/ HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /nowhere/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
        HEAD /jsi18n/ HTTP/1.1\r\nHost: x\r\n\r\n\
        GET /health/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (first, second) = text.split_at(text.len() / 2);
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    stream.write_all(second.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let lines: Vec<_> = answers
        .lines()
        .filter(|line| line.contains("HTTP/1.1 ") || line.starts_with("Content-Length"))
        .map(|line| &line[line.find("HTTP").unwrap_or(0)..])
        .collect();
    assert_eq!(
        lines,
        [
            "HTTP/1.1 200 OK",
            "Content-Length: 0",
            "HTTP/1.1 404 Not Found",
            "Content-Length: 82",
            "HTTP/1.1 200 OK",
            "Content-Length: 3189",
            "HTTP/1.1 200 OK",
            "Content-Length: 0",
        ]
    );
    assert_eq!(shop.seen().requests, 4);
}

#[test]
fn a_request_that_is_none_gets_hypers_answer() {
    let shop = shop();
    for text in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(shop.addr()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
    }
    assert_eq!(shop.seen().requests, 0);
}
