//! Fuzzing: the door by which `fuzz/` reaches the shop's readers of requests.

use http::request::Parts;

use super::cookies::Cookies;
use super::plain;
use super::request::ShopRequest;

/// Reads a request as the shop does; how many of its parts were understood.
#[must_use]
pub fn read(parts: &Parts, body: &[u8]) -> usize {
    let mut ask = ShopRequest::read(parts);
    ask.read_body(body);
    let cart = ask
        .cart_cookie
        .and_then(|cookie| Cookies::new([7; 32]).read_cart(cookie));
    usize::from(cart.is_some())
        + usize::from(!ask.form.is_empty())
        + ask.form.text("csrfmiddlewaretoken").len()
        + ask.csrf_cookie.map_or(0, str::len)
}

/// Reads the beginning of a connection; how many bytes of it are a plain request.
#[must_use]
pub fn plain_length(input: &[u8]) -> usize {
    let found = plain::read(input).ok().flatten();
    found.map_or(0, |(_, length)| length)
}
