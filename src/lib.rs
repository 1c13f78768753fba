//! locust-native's Rust core: what makes Locust slow or imprecise, done natively.
//!
//! The floors, lowest first; a floor uses only floors below it, and rooms on one floor do not know
//! each other (kept by `tests/test_floors.py`):
//!
//! ```text
//! 3  py/       the only floor that names pyo3      bin/mock_saleor.rs
//! 2  engine/   runtime, completion queue, tickets
//! 1  html/     http/     picker.rs     record/     saleor/     stats/
//! 0  error.rs  clock.rs
//! ```
//!
//! Without the feature `python` the crate builds floors 0 to 2 alone, with no Python in sight.

pub mod clock;
pub mod engine;
pub mod error;
pub mod html;
pub mod http;
pub mod picker;
#[cfg(feature = "python")]
pub mod py;
pub mod record;
pub mod saleor;
pub mod stats;
