//! The HTTP client: cookies, redirects and decoding once, above two transports.

mod body;
mod client;
mod cookie_date;
pub mod cookies;
mod redirect;
mod request;
mod response;
mod transport;
mod url;

pub use body::encode_form;
pub use client::Client;
pub use request::{Dialect, Fields, Options, Request, Verify};
pub use response::{Answer, Exchange, Hop};
pub use url::Url;
