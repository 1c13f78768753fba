//! The HTTP client: cookies, redirects and decoding once, above two transports.

mod body;
mod canonical;
mod client;
pub mod cookies;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod h1;
mod headers;
mod proxy;
mod redirect;
mod request;
mod response;
mod timings;
mod transport;
mod url;
mod via_reqwest;

pub use body::encode_form;
pub use canonical::is_canonical;
pub use client::Client;
pub use h1::limit_heads;
pub use headers::Headers;
pub use headers::fields::{Fields, Kind};
pub use proxy::Proxy;
pub use request::{Dialect, Options, Request, Verify};
pub use response::{Answer, Exchange, Hop};
pub use timings::{Phase, Timings};
pub use url::Url;
