//! The seam: Rust types as Python classes, and nothing else. This file only registers.

mod asyncio;
mod awaited;
mod body;
mod call_args;
mod client;
mod convert;
mod cpython;
mod fast;
mod figures;
mod future;
mod greenlets;
mod histogram;
mod html;
mod json;
mod lateness;
mod merged_headers;
mod patch_guard;
mod picker;
mod picture;
mod prepared;
mod queue;
mod record;
mod requests_rules;
mod response;
mod saleor;
mod session;
mod session_class;
mod sole_listener;
mod stats;
mod tracker;
mod type_cache;
mod url_cache;
mod utf8;
mod watch;

use pyo3::prelude::*;

/// `locust_native._core`
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("OPTIMISED", !cfg!(debug_assertions))?;
    module.add(
        "ERROR_KINDS",
        crate::error::ErrorKind::ALL
            .map(crate::error::ErrorKind::name)
            .to_vec(),
    )?;
    module.add_class::<client::PyClient>()?;
    module.add_class::<client::PyFields>()?;
    module.add_class::<session_class::PySessionClass>()?;
    module.add_class::<requests_rules::PyRequestsRules>()?;
    module.add_class::<session::PyHttpSessionClass>()?;
    module.add_class::<session::PyHttpSession>()?;
    module.add_class::<greenlets::PyGreenletWaiters>()?;
    module.add_class::<awaited::PyAsyncSessionClass>()?;
    module.add_class::<awaited::PyAsyncSession>()?;
    module.add_class::<asyncio::PyAsyncioWaiters>()?;
    module.add_class::<future::PyRequestFuture>()?;
    module.add_class::<future::ReadyAwaitable>()?;
    module.add_function(wrap_pyfunction!(greenlets::had_a_turn, module)?)?;
    module.add_class::<url_cache::PyUrlCache>()?;
    module.add_class::<patch_guard::PyPatchGuard>()?;
    module.add_class::<watch::PyNamespaceWatch>()?;
    module.add_function(wrap_pyfunction!(client::limit_heads, module)?)?;
    module.add_function(wrap_pyfunction!(client::own_names, module)?)?;
    module.add_class::<sole_listener::PySoleListener>()?;
    module.add_class::<client::PyOptions>()?;
    module.add_function(wrap_pyfunction!(body::encode_form, module)?)?;
    module.add_function(wrap_pyfunction!(body::dump_json, module)?)?;
    module.add_class::<prepared::PyPreparedRequest>()?;
    module.add_class::<fast::PyFastPreparedRequest>()?;
    module.add_class::<fast::PyFastHttpSession>()?;
    module.add_function(wrap_pyfunction!(client::is_canonical_url, module)?)?;
    module.add_function(wrap_pyfunction!(json::loads_json, module)?)?;
    module.add_class::<lateness::PyLateness>()?;
    module.add_function(wrap_pyfunction!(lateness::asked, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::starved, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::turn_came, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::unix_time, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::users_changed, module)?)?;
    module.add_class::<queue::PyQueue>()?;
    module.add_class::<response::PyExchange>()?;
    module.add_function(wrap_pyfunction!(queue::rest_before_fork, module)?)?;
    module.add_function(wrap_pyfunction!(queue::resume_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(queue::forget_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(utf8::decode_utf8, module)?)?;
    module.add_class::<html::PyPage>()?;
    module.add_function(wrap_pyfunction!(html::scan_page, module)?)?;
    module.add_class::<picker::PyPicker>()?;
    module.add_class::<histogram::PyHistogram>()?;
    module.add_function(wrap_pyfunction!(picker::choose_task, module)?)?;
    module.add_class::<record::PyAsking>()?;
    module.add_class::<record::PyRecord>()?;
    module.add_class::<tracker::PyRequestTracker>()?;
    module.add_class::<stats::PyStats>()?;
    module.add_class::<saleor::PyMockSaleor>()?;
    Ok(())
}
