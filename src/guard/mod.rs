//! Has anything been replaced that a stock client passes through, and does anything but Locust's counter listen?

pub mod key_set;
pub mod namespace_watch;
pub mod patch_guard;
pub mod sole_listener;
pub mod type_cache;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<patch_guard::PyPatchGuard>()?;
    module.add_class::<namespace_watch::PyNamespaceWatch>()?;
    module.add_class::<sole_listener::PySoleListener>()?;
    Ok(())
}
