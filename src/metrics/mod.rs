//! Counting: the tracker of one request, the record, Locust's own counts, lateness, histograms.

pub mod figures;
pub mod histogram;
pub mod lateness;
pub mod locust_counts;
pub mod record;
pub mod tracker;

use pyo3::prelude::*;

/// Adds the classes and functions of this folder to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<tracker::PyRequestTracker>()?;
    module.add_class::<record::PyAsking>()?;
    module.add_class::<record::PyRecord>()?;
    module.add_class::<locust_counts::PyStats>()?;
    module.add_class::<lateness::PyLateness>()?;
    module.add_class::<histogram::PyHistogram>()?;
    module.add_function(wrap_pyfunction!(lateness::asked, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::starved, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::turn_came, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::unix_time, module)?)?;
    module.add_function(wrap_pyfunction!(lateness::users_changed, module)?)?;
    Ok(())
}
