//! What the sessions of one class have in common, and what one of them has of its own.

use std::mem;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use engine::sync::lock;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

use crate::guard::patch_guard::PyPatchGuard;
use crate::guard::sole_listener::PySoleListener;
use crate::guard::type_cache::{CachedClassAttrs, CachedKey};
use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::encode;
use crate::response::exchange::PyExchange;
use crate::seam::cpython;

/// What all sessions of one class have in common.
#[pyclass(frozen, name = "SessionClass", module = "locust_native._core")]
pub struct PySessionClass {
    /// The steps of stock's client that ours takes the place of, and what besides where JSON is sent.
    steps: Py<PyPatchGuard>,
    json: Py<PyPatchGuard>,
    /// Our `request`, by way of which the verbs go.
    pub request: CachedClassAttrs,
    /// `User.context`, which adds nothing.
    context: Py<PyAny>,
    /// The classes of what a call returns.
    pub response: Py<PyAny>,
    pub caught: Py<PyAny>,
    /// The function that gives the current hub's waiters, and gevent's `getcurrent`.
    pub waiters: Py<PyAny>,
    pub getcurrent: Py<PyAny>,
    /// None on a Locust whose counter is not known: each request is an event then.
    sole_listener: Option<Py<PySoleListener>>,
    base_url: CachedKey,
    explicit_name: CachedKey,
    native: CachedKey,
    request_event: CachedKey,
    request_name: CachedKey,
}

#[pymethods]
impl PySessionClass {
    /// `steps`, `json`: what must not have been replaced, and what besides where JSON is sent; `request`: our method of
    /// that name; `context`: `User.context`; `response`, `caught`: the classes of what a call returns, without and with
    /// `catch_response`; `waiters`: gives those of the current hub; `sole_listener`: counts without an event.
    #[new]
    #[pyo3(signature = (*, steps, json, request, context, response, caught, waiters, getcurrent, sole_listener))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        py: Python<'_>,
        steps: Py<PyPatchGuard>,
        json: Py<PyPatchGuard>,
        request: Py<PyAny>,
        context: Py<PyAny>,
        response: Py<PyAny>,
        caught: Py<PyAny>,
        waiters: Py<PyAny>,
        getcurrent: Py<PyAny>,
        sole_listener: Option<Py<PySoleListener>>,
    ) -> Self {
        let attribute =
            |name, value| CachedClassAttrs::new(vec![(PyString::intern(py, name).unbind(), value)]);
        Self {
            steps,
            json,
            request: attribute("request", request),
            context,
            response,
            caught,
            waiters,
            getcurrent,
            sole_listener,
            base_url: CachedKey::interned(py, "base_url"),
            explicit_name: CachedKey::interned(py, "explicit_name"),
            native: CachedKey::interned(py, "_native"),
            request_event: CachedKey::interned(py, "request_event"),
            request_name: CachedKey::interned(py, "request_name"),
        }
    }
}

/// What a session's own attributes say.
#[derive(Default)]
pub struct Attributes {
    pub base_url: Option<Py<PyAny>>,
    request_event: Option<Py<PyAny>>,
    /// None if it is empty.
    request_name: Option<Py<PyAny>>,
    /// Whether the native client still is the one that sends.
    native: bool,
    /// Whether the environment (proxies, `.netrc`) is not asked.
    pub ignores_env: bool,
    /// Those that take part in its requests, as bits of its rules.
    pub touched: u32,
}

impl Attributes {
    fn read(shared: &Shared, own: &Bound<'_, PyDict>, touched: u32) -> PyResult<Self> {
        let (py, class) = (own.py(), shared.class.get());
        let get = |key: &CachedKey| Ok::<_, PyErr>(key.get(own)?.map(Bound::unbind));
        let native = class.native.get(own)?;
        let trusting = own.get_item(intern!(py, "trust_env"))?;
        let renamed = class.request_name.get(own)?;
        let renamed = match renamed {
            Some(name) if name.is_truthy()? => Some(name.unbind()),
            _ => None,
        };
        Ok(Self {
            base_url: get(&class.base_url)?,
            request_event: get(&class.request_event)?,
            request_name: renamed,
            native: native.is_some_and(|native| native.is(&shared.client)),
            ignores_env: trusting.is_some_and(|trust| trust.is(PyBool::new(py, false))),
            touched,
        })
    }

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.base_url)?;
        visit.call(&self.request_event)?;
        visit.call(&self.request_name)
    }
}

/// The attributes as they were read last, and at which version of the session's `__dict__`: they are read anew after any
/// change, and every time where changes cannot be told (version 0).
#[derive(Default)]
pub struct CachedAttributes(Mutex<(u64, Arc<Attributes>)>);

/// What one session has of its own; `touched` of its attributes, as bits, are for its rules to say.
pub struct Shared {
    pub class: Py<PySessionClass>,
    /// Its `__dict__`.
    pub own: Py<PyDict>,
    pub client: Py<PyClient>,
    pub record: Py<PyRecord>,
    pub user: Option<Py<PyAny>>,
    /// Whether the timings of each request belong into the context of its event.
    pub timed: bool,
    /// Whether changes of `own` can be told.
    pub watched: bool,
    pub attributes: CachedAttributes,
}

impl Shared {
    /// What the session's attributes say now.
    pub fn attributes(
        &self,
        py: Python<'_>,
        touched: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<u32>,
    ) -> PyResult<Arc<Attributes>> {
        let own = self.own.bind(py);
        let version = self.version(own);
        {
            let known = lock(&self.attributes.0);
            if version != 0 && known.0 == version {
                return Ok(Arc::clone(&known.1));
            }
        }
        let read = Arc::new(Attributes::read(self, own, touched(own)?)?);
        let before = mem::replace(&mut *lock(&self.attributes.0), (version, Arc::clone(&read)));
        drop(before);
        Ok(read)
    }

    /// Whether no step has been replaced of those that ours take the place of, and the native client sends.
    pub fn is_unpatched(&self, session: &Bound<'_, PyAny>, attributes: &Attributes) -> bool {
        let steps = self.class.get().steps.get();
        attributes.native && steps.holds(&session.get_type())
    }

    /// Whether the native client still is the one that sends.
    pub fn is_native(&self, attributes: &Attributes) -> bool {
        attributes.native
    }

    /// Notes under which name a request was asked for, as stock's client does.
    pub fn set_explicit_name(&self, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let own = self.own.bind(name.py());
        let known = self.class.get().explicit_name.get(own)?;
        if known.as_ref().is_some_and(|known| known.is(name)) {
            return Ok(());
        }
        // No attribute that is cached: they need not be read again. What `known` holds is freed after that.
        let before = self.version(own);
        own.set_item(intern!(name.py(), "explicit_name"), name)?;
        let mut cached = lock(&self.attributes.0);
        if before != 0 && cached.0 == before {
            cached.0 = self.version(own);
        }
        Ok(())
    }

    /// The version of the attributes; 0 where changes cannot be told.
    fn version(&self, own: &Bound<'_, PyDict>) -> u64 {
        match self.watched {
            true => cpython::instance_version(own),
            false => 0,
        }
    }

    /// The name that the call, else `rename_request`, has for the request, if it is not empty.
    pub fn name<'py>(
        attributes: &Attributes,
        py: Python<'py>,
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(name) = &call_args.name
            && name.is_truthy()?
        {
            return Ok(Some(name.clone()));
        }
        Ok(attributes
            .request_name
            .as_ref()
            .map(|name| name.bind(py).clone()))
    }

    /// A JSON document; None where it takes Python to make it.
    pub fn document(&self, value: &Bound<'_, PyAny>, nan: bool) -> PyResult<Option<Bytes>> {
        let json = self.class.get().json.get();
        if !json.holds(&value.get_type()) {
            return Ok(None);
        }
        Ok(encode::dump_json(value, nan)?.map(Bytes::from))
    }

    /// Whether nothing is to be in the context of the event beside what the call gives.
    fn has_stock_context(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(user) = &self.user else {
            return Ok(true);
        };
        // Not by the user's `__dict__`: to ask for that makes one, and Python's own look-ups slower from then on.
        let context = user.bind(py).getattr(intern!(py, "context"))?;
        let function = context.getattr_opt(intern!(py, "__func__"))?;
        Ok(function.is_some_and(|function| function.is(&self.class.get().context)))
    }

    /// Whether the context of the event holds nothing; if not, Python puts it together.
    pub fn has_empty_context(
        &self,
        py: Python<'_>,
        given: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let nothing = match given {
            None => true,
            Some(given) => given.cast_exact::<PyDict>().is_ok_and(|it| it.is_empty()),
        };
        Ok(nothing && !self.timed && self.has_stock_context(py)?)
    }

    /// Counts a good answer as Locust's listener would have; false, without side effects, if anything but that listens.
    pub fn count(
        &self,
        attributes: &Attributes,
        tracker: &PyRequestTracker,
        answer: &Bound<'_, PyExchange>,
    ) -> PyResult<bool> {
        match (&self.class.get().sole_listener, &attributes.request_event) {
            (Some(listener), Some(event)) => {
                let event = event.bind(answer.py());
                listener.get().count(event, tracker, answer.get())
            }
            _ => Ok(false),
        }
    }

    /// For the garbage collector.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.own)?;
        visit.call(&self.user)?;
        match self.attributes.0.try_lock() {
            Ok(known) => known.1.visit(visit),
            Err(_) => Ok(()),
        }
    }
}
