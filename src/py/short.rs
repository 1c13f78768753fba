//! Short for Python: the way of a finished request to the statistics where nobody but them listens to the event.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFloat, PyList, PyModule, PyString, PyType};

use super::begun::PyBegun;
use super::peek;
use super::response::PyExchange;
use super::stats::PyStats;
use super::tagged::{Kept, Name, Own};
use crate::clock;

/// What has to be Locust's own for that, and ours.
#[pyclass(frozen, name = "Short", module = "locust_native._core")]
pub struct PyShort {
    /// `locust.event.EventHook`
    hook: Py<PyType>,
    /// The code of the listener by which a Runner counts requests, a closure over the runner.
    counter: Py<PyAny>,
    /// Our `RequestStats`, and its `log_request`.
    kind: Py<PyType>,
    log_request: Kept,
    /// The names of `locust.stats`, and what `bucket_response_time` among them is.
    names: Py<PyDict>,
    bucket: Py<PyAny>,
    bucket_name: Name,
    time: Name,
    clock: Clock,
    handlers: Own,
    environment: Own,
    stats: Own,
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
        let py = names.py();
        let name = |name| Name::new(PyString::intern(py, name).unbind());
        let bucket = names.get_item("bucket_response_time")?;
        let log_request = PyString::intern(py, "log_request");
        let kept = vec![(
            log_request.clone().unbind(),
            kind.getattr(log_request)?.unbind(),
        )];
        Ok(Self {
            hook,
            counter,
            log_request: Kept::new(kept),
            kind: kind.clone().unbind(),
            names: names.clone().unbind(),
            bucket: bucket.map_or_else(|| py.None(), Bound::unbind),
            bucket_name: name("bucket_response_time"),
            time: name("time"),
            clock: Clock::new(py),
            handlers: Own::new(py, "_handlers"),
            environment: Own::new(py, "environment"),
            stats: Own::new(py, "stats"),
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
        let Some(clock) = self.time.get(self.names.bind(py))? else {
            return Ok(false);
        };
        let now = self.clock.read(&clock)?;
        Ok(now.is_some_and(|now| native.get().count(py, begun, exchange, now)))
    }
}

impl PyShort {
    /// The statistics, if only they listen to the event and all about them is ours.
    fn stats<'py>(&self, event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = event.py();
        if !is_of(event, &self.hook) {
            return Ok(None);
        }
        let Some(own) = peek::own(event) else {
            return Ok(None);
        };
        let Some(handlers) = self.handlers.among(event, &own)? else {
            return Ok(None);
        };
        let handlers = handlers.cast_exact::<PyList>()?;
        // Mostly, the handlers are all there is.
        if handlers.len() != 1 || own.len() > 1 && own.contains(intern!(py, "fire"))? {
            return Ok(None);
        }
        let Some(runner) = peek::enclosed(&handlers.get_item(0)?, &self.counter) else {
            return Ok(None);
        };
        let stats = self.stats.get(&self.environment.get(&runner)?)?;
        let ours = is_of(&stats, &self.kind)
            && self.log_request.holds(self.kind.bind(py))
            && match peek::own(&stats) {
                // whoever replaces it wants to be asked
                Some(own) => !own.contains(intern!(py, "log_request"))?,
                None => true,
            }
            && self
                .bucket_name
                .get(self.names.bind(py))?
                .is_some_and(|bucket| bucket.is(&self.bucket));
        Ok(ours.then_some(stats))
    }
}

/// Whether an object is exactly of a class.
fn is_of(object: &Bound<'_, PyAny>, kind: &Py<PyType>) -> bool {
    object.get_type_ptr() == kind.bind(object.py()).as_type_ptr()
}

/// The clock that Locust reads, `time.time`: read without a call, as long as it is Python's own.
struct Clock(Option<Known>);

/// The module, its names, and its function.
struct Known {
    module: Py<PyModule>,
    names: Py<PyDict>,
    name: Name,
    time: Py<PyAny>,
}

impl Clock {
    fn new(py: Python<'_>) -> Self {
        let own = || -> PyResult<_> {
            let (module, name) = (py.import("time")?, PyString::intern(py, "time"));
            let time = module.getattr(&name)?;
            // What stands in for it, as in a test, is no function of the module, or one of another name.
            let own = time.is_exact_instance_of::<PyCFunction>()
                && time.getattr("__self__")?.is(&module)
                && time.getattr("__name__")?.eq(&name)?;
            Ok(own.then(|| Known {
                names: module.dict().unbind(),
                module: module.unbind(),
                name: Name::new(name.unbind()),
                time: time.unbind(),
            }))
        };
        Self(own().ok().flatten())
    }

    /// What `module.time()` says, if that is exactly a float.
    fn read(&self, module: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
        let py = module.py();
        if let Self(Some(known)) = self
            && module.is(&known.module)
            && module.is_exact_instance_of::<PyModule>()
            && let Some(found) = known.name.get(known.names.bind(py))?
            && found.is(&known.time)
        {
            return Ok(Some(clock::unix_time()));
        }
        let now = module.call_method0(intern!(py, "time"))?;
        Ok(now.cast_exact::<PyFloat>().ok().map(|now| now.value()))
    }
}
