//! Short for Python: the way of a finished request to the statistics where nobody but them listens to the event.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFloat, PyList, PyModule, PyString, PyType};

use crate::guard::type_cache::{CachedClassAttrs, CachedInstanceAttr, CachedKey};
use crate::metrics::locust_counts::PyStats;
use crate::metrics::tracker::PyRequestTracker;
use crate::response::exchange::PyExchange;
use crate::seam::cpython;
use engine::clock;

/// What has to be Locust's own for that, and ours.
#[pyclass(frozen, name = "SoleListener", module = "locust_native._core")]
pub struct PySoleListener {
    /// `locust.event.EventHook`
    hook: Py<PyType>,
    /// The code of the listener by which a Runner counts requests, a closure over the runner.
    counter: Py<PyAny>,
    /// Our `RequestStats`, and its `log_request`.
    kind: Py<PyType>,
    log_request: CachedClassAttrs,
    /// The names of `locust.stats`, and what `bucket_response_time` among them is.
    names: Py<PyDict>,
    bucket: Py<PyAny>,
    bucket_name: CachedKey,
    time: CachedKey,
    clock: Clock,
    /// Versions of the names of `locust.stats` and of `time` with which the buckets were Locust's and the clock Python's.
    plain: [AtomicU64; 2],
    handlers: CachedInstanceAttr,
    environment: CachedInstanceAttr,
    stats: CachedInstanceAttr,
}

#[pymethods]
impl PySoleListener {
    #[new]
    #[pyo3(signature = (hook, counter, kind, names, /))]
    fn new(
        hook: Py<PyType>,
        counter: Py<PyAny>,
        kind: &Bound<'_, PyType>,
        names: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let py = names.py();
        let name = |name| CachedKey::new(PyString::intern(py, name).unbind());
        let bucket = names.get_item("bucket_response_time")?;
        let log_request = PyString::intern(py, "log_request");
        let kept = vec![(
            log_request.clone().unbind(),
            kind.getattr(log_request)?.unbind(),
        )];
        Ok(Self {
            hook,
            counter,
            log_request: CachedClassAttrs::new(kept),
            kind: kind.clone().unbind(),
            names: names.clone().unbind(),
            bucket: bucket.map_or_else(|| py.None(), Bound::unbind),
            bucket_name: name("bucket_response_time"),
            time: name("time"),
            clock: Clock::new(py, names),
            plain: Default::default(),
            handlers: CachedInstanceAttr::new(py, "_handlers"),
            environment: CachedInstanceAttr::new(py, "environment"),
            stats: CachedInstanceAttr::new(py, "stats"),
        })
    }

    /// Counts a request that went well as Locust's listener would have; False, and nothing has happened, if it did
    /// not, somebody else listens, or anything is unusual.
    #[pyo3(signature = (event, tracker, exchange, /))]
    pub fn count(
        &self,
        event: &Bound<'_, PyAny>,
        tracker: &PyRequestTracker,
        exchange: &PyExchange,
    ) -> PyResult<bool> {
        if !exchange.is_good() {
            return Ok(false);
        }
        // Whatever raises here raises again where Python goes the slow path.
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
        let now = if self.has_stock_clock_and_buckets(py)? {
            Some(clock::unix_time())
        } else {
            // Somebody's own bucket function wants to be asked.
            let Some(clock) = self.time.get(self.names.bind(py))? else {
                return Ok(false);
            };
            if self.has_own_buckets(py)? {
                return Ok(false);
            }
            self.clock.read(&clock)?
        };
        Ok(now.is_some_and(|now| native.get().count(py, tracker, exchange, now)))
    }
}

impl PySoleListener {
    /// The statistics, if only they listen to the event and all about them is ours.
    fn stats<'py>(&self, event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = event.py();
        if !is_of(event, &self.hook) {
            return Ok(None);
        }
        let Some(own) = cpython::instance_dict(event) else {
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
        let Some(runner) = cpython::enclosed(&handlers.get_item(0)?, &self.counter) else {
            return Ok(None);
        };
        let stats = self.stats.get(&self.environment.get(&runner)?)?;
        let ours = is_of(&stats, &self.kind)
            && self.log_request.holds(self.kind.bind(py))
            && match cpython::instance_dict(&stats) {
                // whoever replaces it wants to be asked
                Some(own) => !own.contains(intern!(py, "log_request"))?,
                None => true,
            };
        Ok(ours.then_some(stats))
    }

    /// Whether `bucket_response_time` in `locust.stats` is not Locust's.
    fn has_own_buckets(&self, py: Python<'_>) -> PyResult<bool> {
        let bucket = self.bucket_name.get(self.names.bind(py))?;
        Ok(!bucket.is_some_and(|bucket| bucket.is(&self.bucket)))
    }

    /// Whether buckets are Locust's and `time.time` in `locust.stats` is Python's own; looked up again only after a
    /// change of either module.
    fn has_stock_clock_and_buckets(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(known) = &self.clock.0 else {
            return Ok(false);
        };
        let versions =
            [&self.names, &known.names].map(|names| cpython::dict_version(names.bind(py)));
        let seen = [0, 1].map(|at: usize| self.plain[at].load(Ordering::Relaxed));
        if versions == seen && seen[0] != 0 {
            return Ok(true);
        }
        let clock = self.time.get(self.names.bind(py))?;
        let plain = known.told
            && !versions.contains(&0)
            && clock.is_some_and(|clock| known.is_it(&clock))
            && !self.has_own_buckets(py)?;
        if plain {
            for (seen, version) in self.plain.iter().zip(versions) {
                seen.store(version, Ordering::Relaxed);
            }
        }
        Ok(plain)
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
    name: CachedKey,
    time: Py<PyAny>,
    /// Whether changes of its names, and of those of `locust.stats`, can be told.
    told: bool,
}

impl Known {
    /// Whether this is the module, and its function what it was.
    fn is_it(&self, module: &Bound<'_, PyAny>) -> bool {
        let py = module.py();
        module.is(&self.module)
            && module.is_exact_instance_of::<PyModule>()
            && matches!(self.name.get(self.names.bind(py)), Ok(Some(found)) if found.is(&self.time))
    }
}

impl Clock {
    fn new(py: Python<'_>, stats: &Bound<'_, PyDict>) -> Self {
        let own = || -> PyResult<_> {
            let (module, name) = (py.import("time")?, PyString::intern(py, "time"));
            let time = module.getattr(&name)?;
            // What stands in for it, as in a test, is no function of the module, or one of another name.
            let own = time.is_exact_instance_of::<PyCFunction>()
                && time.getattr("__self__")?.is(&module)
                && time.getattr("__name__")?.eq(&name)?;
            Ok(own.then(|| Known {
                told: cpython::watch(&module.dict()) && cpython::watch(stats),
                names: module.dict().unbind(),
                module: module.unbind(),
                name: CachedKey::new(name.unbind()),
                time: time.unbind(),
            }))
        };
        Self(own().ok().flatten())
    }

    /// What `module.time()` says, if that is exactly a float.
    fn read(&self, module: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
        let py = module.py();
        if let Self(Some(known)) = self
            && known.is_it(module)
        {
            return Ok(Some(clock::unix_time()));
        }
        let now = module.call_method0(intern!(py, "time"))?;
        Ok(now.cast_exact::<PyFloat>().ok().map(|now| now.value()))
    }
}
