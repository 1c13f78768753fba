//! Fuzzing: the door by which `fuzz/` reaches the shop's readers of requests.

use http::request::Parts;

use super::cookies::Cookies;
use super::request::Ask;

/// Reads a request as the shop does; how many of its parts were understood.
#[must_use]
pub fn read(parts: &Parts, body: &[u8]) -> usize {
    let mut ask = Ask::read(parts);
    ask.read_body(body);
    let cart = ask
        .cart_cookie
        .and_then(|cookie| Cookies::new([7; 32]).read_cart(cookie));
    usize::from(cart.is_some())
        + usize::from(!ask.form.is_empty())
        + ask.form.text("csrfmiddlewaretoken").len()
        + ask.csrf_cookie.map_or(0, str::len)
}
