//! HTTP/1.1 over TCP or TLS: connections kept open, what goes over them, and how answers are read.

mod chunked;
mod connection;
mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod head;
mod keep_alive;
mod number;
mod pool;
mod socket;
mod status_line;
pub mod tls;

pub use head::limit as limit_heads;
pub use pool::Http1Pool;
