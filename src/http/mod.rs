//! The HTTP client: cookies, redirects and decoding once, above two transports.

mod body;
mod byte_scan;
mod canonical;
mod client;
mod cookie_date;
pub mod cookies;
mod fields;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod headers;
mod proxy;
mod redirect;
mod request;
mod response;
mod set_cookie;
mod timings;
mod transport;
mod url;

pub use body::encode_form;
pub use canonical::is_canonical;
pub use client::Client;
pub use fields::{Fields, Kind};
pub use headers::Headers;
pub use proxy::Proxy;
pub use request::{Dialect, Options, Request, Verify};
pub use response::{Answer, Exchange, Hop};
pub use timings::{Phase, Timings};
pub use transport::limit_heads;
pub use url::Url;
