//! The native bases of the three session classes.

pub mod asyncio;
pub mod class;
pub mod fast;
pub mod http;
pub mod shared;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<class::PySessionClass>()?;
    module.add_class::<http::PyHttpSessionClass>()?;
    module.add_class::<http::PyHttpSession>()?;
    module.add_class::<fast::PyFastHttpSession>()?;
    module.add_class::<asyncio::PyAsyncSessionClass>()?;
    module.add_class::<asyncio::PyAsyncSession>()?;
    Ok(())
}
