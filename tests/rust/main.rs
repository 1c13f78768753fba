//! One integration binary; one module per room of `src/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods)] // tests may look at the clock

mod engine;
mod http;
mod picker;
mod record;
mod saleor;
mod server;
mod stats;
mod timings;
