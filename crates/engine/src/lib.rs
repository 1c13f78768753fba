//! The engine of locust-native, without Python: HTTP client, runtime, record, Locust's counts, HTML scanner, task picker.
//!
//! Lowest first; a module uses only those above it in this list, and those on one line do not know each other (kept by
//! `tests/test_floors.py`):
//!
//! ```text
//! clock      error   sync
//! histogram  html    http    locust_counts    picker
//! record
//! runtime
//! ```
#![warn(missing_docs)]

pub mod clock;
pub mod error;
pub mod histogram;
pub mod html;
pub mod http;
pub mod locust_counts;
pub mod picker;
pub mod record;
pub mod runtime;
pub mod sync;
