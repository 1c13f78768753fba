//! One integration binary; one module per folder of `src/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods)] // tests may look at the clock

mod http;
mod locust_counts;
mod picker;
mod record;
mod runtime;
mod server;
mod timings;
