//! Short for Python: the way of a finished request to the statistics where nobody but them listens to the event.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::begun::PyBegun;
use super::response::PyExchange;
use super::stats::PyStats;

/// What has to be Locust's own for that, and ours.
#[pyclass(frozen, name = "Short", module = "locust_native._core")]
pub struct PyShort {
    /// `locust.event.EventHook`
    hook: Py<PyType>,
    /// The code of the listener by which a Runner counts requests, a closure over the runner.
    counter: Py<PyAny>,
    /// Our `RequestStats`, and its `log_request`.
    kind: Py<PyType>,
    log_request: Py<PyAny>,
    /// The names of `locust.stats`, and what `bucket_response_time` among them is.
    names: Py<PyDict>,
    bucket: Py<PyAny>,
}

#[pymethods]
impl PyShort {
    #[new]
    #[pyo3(signature = (hook, counter, kind, names, /))]
    fn new(
        hook: Py<PyType>,
        counter: Py<PyAny>,
        kind: &Bound<'_, PyType>,
        names: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let bucket = names.get_item("bucket_response_time")?;
        Ok(Self {
            hook,
            counter,
            log_request: kind.getattr("log_request")?.unbind(),
            kind: kind.clone().unbind(),
            names: names.clone().unbind(),
            bucket: bucket.map_or_else(|| names.py().None(), Bound::unbind),
        })
    }

    /// Counts a request that went well as Locust's listener would have; False, and nothing has happened, if it did
    /// not, somebody else listens, or anything is unusual.
    #[pyo3(signature = (event, begun, exchange, /))]
    pub fn count(
        &self,
        event: &Bound<'_, PyAny>,
        begun: &PyBegun,
        exchange: &PyExchange,
    ) -> PyResult<bool> {
        if !exchange.is_good() {
            return Ok(false);
        }
        // Whatever raises here raises again where Python goes the long way.
        let Ok(Some(stats)) = self.stats(event) else {
            return Ok(false);
        };
        let py = event.py();
        let Ok(native) = stats.getattr(intern!(py, "_native")) else {
            return Ok(false);
        };
        let Ok(native) = native.cast::<PyStats>() else {
            return Ok(false);
        };
        let Some(clock) = self.names.bind(py).get_item(intern!(py, "time"))? else {
            return Ok(false);
        };
        let now = clock.call_method0(intern!(py, "time"))?;
        Ok(native.get().count(py, begun, exchange, &now))
    }
}

impl PyShort {
    /// The statistics, if only they listen to the event and all about them is ours.
    fn stats<'py>(&self, event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = event.py();
        if !event.get_type().is(&self.hook) {
            return Ok(None);
        }
        let handlers = event.getattr(intern!(py, "_handlers"))?;
        let handlers = handlers.cast_exact::<PyList>()?;
        if handlers.len() != 1 || holds(event, intern!(py, "fire"))? {
            return Ok(None);
        }
        let handler = handlers.get_item(0)?;
        if !handler.getattr(intern!(py, "__code__"))?.is(&self.counter) {
            return Ok(None);
        }
        let closure = handler.getattr(intern!(py, "__closure__"))?;
        let runner = closure.get_item(0)?.getattr(intern!(py, "cell_contents"))?;
        let stats = runner
            .getattr(intern!(py, "environment"))?
            .getattr(intern!(py, "stats"))?;
        let own = stats.get_type().is(&self.kind)
            && self
                .kind
                .bind(py)
                .getattr(intern!(py, "log_request"))?
                .is(&self.log_request)
            && !holds(&stats, intern!(py, "log_request"))? // whoever replaces it wants to be asked
            && self
                .names
                .bind(py)
                .get_item(intern!(py, "bucket_response_time"))?
                .is_some_and(|bucket| bucket.is(&self.bucket));
        Ok(own.then_some(stats))
    }
}

/// Whether an object has an attribute of its own by that name.
fn holds(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let own = object.getattr(intern!(object.py(), "__dict__"))?;
    own.cast::<PyDict>()?.contains(name)
}
