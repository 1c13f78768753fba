//! Waiting for an answer: greenlets of a gevent hub, tasks of an asyncio loop.

pub mod asyncio;
pub mod future;
pub mod greenlets;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<greenlets::PyGreenletWaiters>()?;
    module.add_class::<asyncio::PyAsyncioWaiters>()?;
    module.add_class::<future::PyRequestFuture>()?;
    module.add_class::<future::ReadyAwaitable>()?;
    module.add_function(wrap_pyfunction!(greenlets::had_a_turn, module)?)?;
    Ok(())
}
