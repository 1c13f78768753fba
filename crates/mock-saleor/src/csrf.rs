//! Masked CSRF tokens: 32 characters of salt, then 32 of the secret enciphered with it.

use rand::RngExt;

const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LENGTH: usize = 32;

/// What cookie and page tokens have in common, as positions in the alphabet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Secret([u8; LENGTH]);

impl Secret {
    pub(super) fn random() -> Secret {
        // All draws at once and a product instead of a division: one by one they would cost more than all the rest of a
        // page. No place is more than a thousandth likelier than another.
        let mut draws = [0u16; LENGTH];
        rand::rng().fill(&mut draws);
        Secret(draws.map(|draw| ((u32::from(draw) * 62) >> 16) as u8))
    }

    /// The secret under a new salt: different at each call, equal once unmasked.
    pub(super) fn masked(&self) -> [u8; 2 * LENGTH] {
        let salt = Secret::random().0;
        std::array::from_fn(|i| {
            if i < LENGTH {
                ALPHABET[usize::from(salt[i])]
            } else {
                ALPHABET[usize::from((self.0[i - LENGTH] + salt[i - LENGTH]) % 62)]
            }
        })
    }

    /// Reads a token back: 64 characters masked, or 32 of the old bare form; anything else is none.
    pub(super) fn unmask(token: &[u8]) -> Option<Secret> {
        let mut places = [0u8; 2 * LENGTH];
        if token.len() != LENGTH && token.len() != 2 * LENGTH {
            return None;
        }
        for (place, byte) in places.iter_mut().zip(token) {
            *place = position(*byte)?;
        }
        let (salt, text) = places.split_at(LENGTH);
        Some(Secret(std::array::from_fn(|i| {
            if token.len() == LENGTH {
                salt[i]
            } else {
                (text[i] + 62 - salt[i]) % 62
            }
        })))
    }
}

fn position(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(byte - b'a'),
        b'A'..=b'Z' => Some(byte - b'A' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        _ => None,
    }
}

/// A visitor's `csrftoken`: the cookie's value as sent, and the secret in it.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) value: [u8; 2 * LENGTH],
    pub(super) secret: Secret,
}

impl Token {
    pub(super) fn new() -> Token {
        let secret = Secret::random();
        Token {
            value: secret.masked(),
            secret,
        }
    }

    /// What a request's cookie stands for; a malformed one is replaced, so nothing can match it.
    pub(super) fn from_cookie(cookie: &str) -> Token {
        match (
            Secret::unmask(cookie.as_bytes()),
            <[u8; 2 * LENGTH]>::try_from(cookie.as_bytes()),
        ) {
            (Some(secret), Ok(value)) => Token { value, secret },
            (Some(secret), Err(_)) => Token {
                value: secret.masked(),
                secret,
            },
            (None, _) => Token::new(),
        }
    }

    pub(super) fn matches(&self, token: &str) -> bool {
        Secret::unmask(token.as_bytes()) == Some(self.secret)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_rendering_differs_and_all_match() {
        let token = Token::new();
        let (one, two) = (token.secret.masked(), token.secret.masked());
        assert_ne!(one, two);
        assert_ne!(one, token.value);
        for rendering in [one, two, token.value] {
            let text = std::str::from_utf8(&rendering).unwrap();
            assert!(token.matches(text));
            assert!(Token::from_cookie(text).matches(std::str::from_utf8(&one).unwrap()));
        }
        assert!(!token.matches(std::str::from_utf8(&Token::new().value).unwrap()));
    }

    #[test]
    fn secrets_use_the_whole_alphabet_evenly() {
        let mut seen = [0; ALPHABET.len()];
        for _ in 0..10_000 {
            for place in Secret::random().0 {
                seen[usize::from(place)] += 1;
            }
        }
        // 5,161 each on average; six standard deviations are 430.
        assert!(seen.iter().all(|n| (4_700..5_600).contains(n)), "{seen:?}");
    }

    #[test]
    fn malformed_tokens_never_match() {
        let token = Token::new();
        let good = String::from_utf8(token.value.to_vec()).unwrap();
        for bad in [
            "",
            "abc",
            &good[1..],
            &format!("{good}a"),
            &good.replace(&good[3..4], "-"),
        ] {
            assert!(!token.matches(bad), "{bad}");
            assert!(!Token::from_cookie(bad).matches(bad), "{bad}");
        }
    }

    #[test]
    fn the_old_bare_form_is_read() {
        let bare = "abcdefghijklmnopqrstuvwxyzABCDEF";
        assert!(Token::from_cookie(bare).matches(bare));
        assert!(
            Token::from_cookie(bare)
                .matches(std::str::from_utf8(&Token::from_cookie(bare).value).unwrap())
        );
    }

    #[test]
    fn known_masking() {
        // Worked by hand: salt all "b" (1) shifts "a" (0) to "b" and "9" (61) to "a".
        let token = "b".repeat(63) + "a";
        let secret = "a".repeat(31) + "9";
        assert_eq!(
            Secret::unmask(token.as_bytes()),
            Secret::unmask(secret.as_bytes())
        );
    }
}
