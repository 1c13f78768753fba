//! From the arguments of a call to a request of the engine.

pub mod call_args;
pub mod client;
pub mod encode;
pub mod fast_prepared;
pub mod gevent_rules;
pub mod merged_headers;
pub mod prepared;
pub mod queue;
pub mod requests_rules;
pub mod url_cache;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<client::PyClient>()?;
    module.add_class::<client::PyFields>()?;
    module.add_class::<client::PyOptions>()?;
    module.add_class::<url_cache::PyUrlCache>()?;
    module.add_class::<queue::PyQueue>()?;
    module.add_class::<prepared::PyPreparedRequest>()?;
    module.add_class::<gevent_rules::PyGeventRules>()?;
    module.add_class::<fast_prepared::PyFastPreparedRequest>()?;
    module.add_class::<requests_rules::PyRequestsRules>()?;
    module.add_function(wrap_pyfunction!(client::limit_heads, module)?)?;
    module.add_function(wrap_pyfunction!(client::is_canonical_url, module)?)?;
    module.add_function(wrap_pyfunction!(client::own_names, module)?)?;
    module.add_function(wrap_pyfunction!(encode::encode_form, module)?)?;
    module.add_function(wrap_pyfunction!(encode::dump_json, module)?)?;
    Ok(())
}
