//! `locust_native._core`: the engine's types as Python classes, and nothing else.
//!
//! The engine is the crate `engine`, which knows no Python; the shop is `mock_saleor`. Each folder here registers what it
//! has; docs/dev/architecture.md says what is where.

mod guard;
mod metrics;
mod request;
mod response;
mod seam;
mod session;
mod tools;
mod wait;

use engine::error::ErrorKind;
use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("OPTIMISED", !cfg!(debug_assertions))?;
    module.add("ERROR_KINDS", ErrorKind::ALL.map(ErrorKind::name).to_vec())?;
    seam::register(module)?;
    guard::register(module)?;
    request::register(module)?;
    wait::register(module)?;
    session::register(module)?;
    response::register(module)?;
    metrics::register(module)?;
    tools::register(module)
}
