//! The three cookies on the wire, and the signature that makes a cart cookie ours.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

pub(super) const CSRF: &str = "csrftoken";
pub(super) const SESSION: &str = "sessionid";
pub(super) const CART: &str = "cart";

const CSRF_AGE: u64 = 31_449_600;
const SESSION_AGE: u64 = 1_209_600;
const CART_AGE: u64 = 315_360_000;

/// The bakery: knows the time (read once a second at most by its owner) and the signing key.
pub(super) struct Cookies {
    key: [u8; 32],
    now: u64,
    /// What follows the value, for `csrftoken`, `sessionid` and `cart`.
    attributes: [String; 3],
}

impl Cookies {
    pub(super) fn new(key: [u8; 32]) -> Cookies {
        Cookies {
            key,
            now: 0,
            attributes: Default::default(),
        }
    }

    /// Moves the clock; the attributes change only with the second.
    pub(super) fn set_now(&mut self, now: u64) {
        if now != self.now {
            self.now = now;
            // In alphabetical order, as the original sends them.
            let written = [(CSRF_AGE, ""), (SESSION_AGE, "HttpOnly; "), (CART_AGE, "")];
            self.attributes = written.map(|(age, only)| {
                let expires = dashed(now + age);
                format!("; expires={expires}; {only}Max-Age={age}; Path=/")
            });
        }
    }

    /// `now` as an HTTP date, for `Expires`.
    pub(super) fn date(&self) -> String {
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(self.now))
    }

    // A space before the name: with the one that follows the header's colon it makes the two the original sends.
    pub(super) fn csrf(&self, value: &[u8; 64]) -> String {
        let value = std::str::from_utf8(value).unwrap_or_default();
        [" ", CSRF, "=", value, &self.attributes[0]].concat()
    }

    pub(super) fn session(&self, key: &[u8; 32]) -> String {
        let key = std::str::from_utf8(key).unwrap_or_default();
        [" ", SESSION, "=", key, &self.attributes[1]].concat()
    }

    pub(super) fn cart(&self, cart: &Uuid) -> String {
        let value = format!("{cart}:{}", base62(self.now));
        let signature = self.signature(&value);
        [" ", CART, "=", &value, ":", &signature, &self.attributes[2]].concat()
    }

    pub(super) fn deletion(name: &str) -> String {
        format!(" {name}=\"\"; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/")
    }

    /// The cart a cookie names, if we signed it.
    pub(super) fn read_cart(&self, cookie: &str) -> Option<Uuid> {
        let (value, signature) = cookie.trim_matches('"').rsplit_once(':')?;
        let (cart, _time) = value.rsplit_once(':')?;
        if self.signature(value) != signature {
            return None;
        }
        Uuid::try_parse(cart).ok()
    }

    /// 27 characters: 20 bytes of an HMAC salted with the cookie's name.
    fn signature(&self, value: &str) -> String {
        URL_SAFE_NO_PAD.encode(&self.hmac(CART, value)[..20])
    }

    /// What the shop keeps of a password.
    pub(super) fn digest(&self, password: &str) -> [u8; 32] {
        self.hmac("password", password)
    }

    fn hmac(&self, salt: &str, text: &str) -> [u8; 32] {
        // HMAC takes keys of any length, so this cannot fail; it must not panic all the same.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return [0; 32];
        };
        mac.update(salt.as_bytes());
        mac.update(b":");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A date as old cookies have it: `Sun, 21-Nov-2027 10:00:00 GMT`.
fn dashed(seconds: u64) -> String {
    let mut date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    date.replace_range(7..8, "-");
    date.replace_range(11..12, "-");
    date
}

fn base62(mut number: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from(DIGITS[(number % 62) as usize]));
        number /= 62;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cart_cookie_comes_back_and_a_forged_one_does_not() {
        let mut cookies = Cookies::new([7; 32]);
        cookies.set_now(1_511_000_000);
        let cart = Uuid::new_v4();
        let header = cookies.cart(&cart);
        let value = header
            .split(';')
            .next()
            .unwrap()
            .trim()
            .strip_prefix("cart=")
            .unwrap()
            .to_owned();
        assert_eq!(value.rsplit(':').next().unwrap().len(), 27);
        assert_eq!(cookies.read_cart(&value), Some(cart));
        assert_eq!(
            cookies.read_cart(&value.replacen(&value[..1], "z", 1)),
            None
        );
        assert_eq!(Cookies::new([8; 32]).read_cart(&value), None);
        assert_eq!(cookies.read_cart(""), None);
    }

    #[test]
    fn dates_have_dashes() {
        assert_eq!(dashed(1_511_000_000), "Sat, 18-Nov-2017 10:13:20 GMT");
        assert_eq!(base62(1_511_000_000), "1eG07k");
    }
}
