//! SessionClass for Python: what the fast paths of all sessions of one class have in common.

use bytes::Bytes;
use pyo3::exceptions::PyException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::guard::patch_guard::PyPatchGuard;
use crate::guard::sole_listener::PySoleListener;
use crate::metrics::record::PyRecord;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::encode as body;
use crate::request::url_cache::PyUrlCache;

/// How the sessions of one class send what needs no preparation, as long as nobody has touched what they stand in for.
#[pyclass(frozen, name = "SessionClass", module = "locust_native._core")]
pub struct PySessionClass {
    /// The class itself. One made from it may do as it likes.
    pub kind: Py<PyType>,
    pub url_cache: Py<PyUrlCache>,
    /// What has to be itself, and what besides where JSON is sent.
    pub guard: Py<PyPatchGuard>,
    pub json_guard: Py<PyPatchGuard>,
    /// The class of what the call returns.
    pub response: Py<PyAny>,
    /// The function that gives a current hub's waiters.
    pub here: Py<PyAny>,
    /// gevent's `getcurrent`.
    pub current: Py<PyAny>,
    /// `User.context`, where it adds nothing.
    pub context: Py<PyAny>,
    pub sole_listener: Py<PySoleListener>,
}

#[pymethods]
impl PySessionClass {
    #[new]
    #[pyo3(signature = (kind, url_cache, guard, json_guard, response, here, getcurrent, context, sole_listener, /))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        kind: Py<PyType>,
        url_cache: Py<PyUrlCache>,
        guard: Py<PyPatchGuard>,
        json_guard: Py<PyPatchGuard>,
        response: Py<PyAny>,
        here: Py<PyAny>,
        getcurrent: Py<PyAny>,
        context: Py<PyAny>,
        sole_listener: Py<PySoleListener>,
    ) -> Self {
        Self {
            kind,
            url_cache,
            guard,
            json_guard,
            response,
            here,
            current: getcurrent,
            context,
            sole_listener,
        }
    }
}

/// What a session that can go the fast path has of its own.
pub struct Parts {
    pub class: Py<PySessionClass>,
    /// Its `__dict__`.
    pub own: Py<PyDict>,
    pub client: Py<PyClient>,
    pub record: Py<PyRecord>,
    pub user: Option<Py<PyAny>>,
}

impl Parts {
    /// One of the session's attributes, as it is now.
    pub fn get<'py>(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.own.bind(name.py()).get_item(name)
    }

    /// Whether the native client still is the one that sends.
    pub fn is_native(&self, py: Python<'_>) -> PyResult<bool> {
        let native = self.get(intern!(py, "_native"))?;
        Ok(native.is_some_and(|native| native.is(&self.client)))
    }

    /// Whether nobody has put anything into the way of the session's requests.
    pub fn in_order(&self, py: Python<'_>) -> PyResult<bool> {
        let class = self.class.get();
        if !self.is_native(py)? || !class.guard.get().holds(class.kind.bind(py)) {
            return Ok(false);
        }
        let Some(user) = &self.user else {
            return Ok(true);
        };
        // What a user adds to the context of its requests, Python asks for.
        let context = user.bind(py).getattr(intern!(py, "context"))?;
        let function = context.getattr_opt(intern!(py, "__func__"))?;
        Ok(function.is_some_and(|function| function.is(&class.context)))
    }

    /// The name that the call, else `rename_request`, has for the request, if it is not empty.
    pub fn name<'py>(
        &self,
        py: Python<'py>,
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(name) = &call_args.name
            && name.is_truthy()?
        {
            return Ok(Some(name.clone()));
        }
        match self.get(intern!(py, "request_name"))? {
            Some(renamed) if renamed.is_truthy()? => Ok(Some(renamed)),
            _ => Ok(None),
        }
    }

    /// A JSON document; None where it takes Python to make it.
    pub fn document(&self, value: &Bound<'_, PyAny>, nan: bool) -> PyResult<Option<Bytes>> {
        let class = self.class.get();
        if !class.json_guard.get().holds(class.kind.bind(value.py())) {
            return Ok(None);
        }
        Ok(body::dump_json(value, nan)?.map(Bytes::from))
    }

    /// For the garbage collector.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.own)?;
        visit.call(&self.user)
    }
}

/// A call as it came, and the method that is its slow path.
pub struct SlowPath<'a, 'py> {
    pub name: &'a Bound<'py, PyString>,
    pub args: &'a Bound<'py, PyTuple>,
    pub kwargs: Option<&'a Bound<'py, PyDict>>,
}

impl<'py> SlowPath<'_, 'py> {
    /// Has Python do it.
    #[inline(never)]
    pub fn call(&self, session: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        session.call_method(self.name, self.args, self.kwargs)
    }

    /// What the fast path has raised, as if it had left stock's method, which is then in its traceback.
    #[cold]
    #[inline(never)]
    pub fn with_stock_frame(&self, session: &Bound<'py, PyAny>, error: PyErr) -> PyErr {
        let py = session.py();
        if !error.is_instance_of::<PyException>(py) {
            return error; // a kill, which is not filed
        }
        let told = (self.name, error.clone_ref(py).into_value(py));
        match session.call_method1(intern!(py, "_left"), told) {
            Ok(_) => error,
            Err(raised) => raised,
        }
    }
}
