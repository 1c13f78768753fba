//! Proxy: where a proxy is and who we are to it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::url::Url;

/// The proxy of a request.
#[derive(Debug, Clone)]
pub struct Proxy {
    text: String,
    http: Option<Url>,
    authorization: Option<String>,
}

impl Proxy {
    /// Takes `http://user:password@host:port` apart; other kinds (`https://`, `socks5://`) are kept as text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let http = Url::parse(text).ok().filter(|url| !url.secure());
        let user = http.as_ref().and_then(Url::userinfo);
        // requests' `get_auth_from_url` and `_basic_auth_str`: unquoted, then latin-1.
        let authorization = user.and_then(|user| user.split_once(':')).map(|pair| {
            let plain = [pair.0, pair.1].map(|part| percent_decode_str(part).decode_utf8_lossy());
            let both = plain.join(":");
            let bytes: Option<Vec<u8>> = both.chars().map(|c| u8::try_from(c).ok()).collect();
            let token = STANDARD.encode(bytes.unwrap_or_else(|| both.into_bytes()));
            format!("Basic {token}")
        });
        Self {
            text: text.to_owned(),
            http,
            authorization,
        }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its address, if one speaks plain HTTP to it.
    #[must_use]
    pub fn http(&self) -> Option<&Url> {
        self.http.as_ref()
    }

    /// The `Proxy-Authorization` it is to be sent.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}
