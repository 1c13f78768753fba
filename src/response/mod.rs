//! What came back: the exchange, and its body as text and JSON.

pub mod exchange;
pub mod json;
pub mod utf8;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<exchange::PyExchange>()?;
    module.add_function(wrap_pyfunction!(json::loads_json, module)?)?;
    module.add_function(wrap_pyfunction!(utf8::decode_utf8, module)?)?;
    Ok(())
}
