//! The seam itself: values across it, CPython's internals, forks.

pub mod convert;
pub mod cpython;
pub mod fork;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fork::rest_before_fork, module)?)?;
    module.add_function(wrap_pyfunction!(fork::resume_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(fork::forget_after_fork, module)?)?;
    Ok(())
}
