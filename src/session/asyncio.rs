//! The base of `AsyncSession`: requests that run no Python frame between the call and the future, where nothing needs one.

use engine::sync::lock;
use std::sync::{Mutex, OnceLock};

use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::encode;
use crate::request::prepared::{Prepared, PyPreparedRequest};
use crate::request::requests_rules::PyRequestsRules;
use crate::request::url_cache::Target;
use crate::session::shared::is_unverified;
use crate::wait::asyncio::PyAsyncioWaiters;
use crate::wait::future::{Parts, PyRequestFuture, no_loop};

/// What all such sessions have in common.
#[pyclass(frozen, name = "AsyncSessionClass", module = "locust_native._core")]
pub struct PyAsyncSessionClass {
    rules: Py<PyRequestsRules>,
    /// The class of the response to a request that went well.
    response: Py<PyAny>,
    /// The function that gives the waiters of the running event loop.
    here: Py<PyAny>,
}

#[pymethods]
impl PyAsyncSessionClass {
    #[new]
    #[pyo3(signature = (rules, response, here, /))]
    fn new(rules: Py<PyRequestsRules>, response: Py<PyAny>, here: Py<PyAny>) -> Self {
        Self {
            rules,
            response,
            here,
        }
    }
}

struct Own {
    class: Py<PyAsyncSessionClass>,
    /// The session's `__dict__`.
    own: Py<PyDict>,
    client: Py<PyClient>,
    record: Py<PyRecord>,
}

/// The base of `AsyncSession`.
#[pyclass(
    frozen,
    subclass,
    name = "AsyncSession",
    module = "locust_native._core"
)]
#[derive(Default)]
pub struct PyAsyncSession {
    own: OnceLock<Own>,
    /// The loop that its last request was started in, and the waiters there: it hardly ever changes.
    last: Mutex<Option<(Py<PyAny>, Py<PyAsyncioWaiters>)>>,
}

/// Where a request is started.
struct LoopWaiters {
    event_loop: Py<PyAny>,
    waiters: Py<PyAsyncioWaiters>,
}

impl PyAsyncSession {
    fn own(&self) -> PyResult<&Own> {
        self.own
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("AsyncSession.__init__ was not called"))
    }

    /// The running event loop and its waiters.
    fn loop_waiters(&self, py: Python<'_>) -> PyResult<LoopWaiters> {
        static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let running = RUNNING.get_or_try_init(py, || {
            PyResult::Ok(py.import("asyncio")?.getattr("_get_running_loop")?.unbind())
        })?;
        let event_loop = running.bind(py).call0()?;
        if event_loop.is_none() {
            return Err(no_loop());
        }
        let last_used = || lock(&self.last);
        let known = match &*last_used() {
            Some((last, waiters)) if event_loop.is(last) && waiters.get().is_of_this_process() => {
                Some(waiters.clone_ref(py))
            }
            _ => None,
        };
        let waiters = match known {
            Some(waiters) => waiters,
            None => {
                let here = self.own()?.class.get().here.bind(py);
                let waiters = here
                    .call1((&event_loop,))?
                    .cast_into::<PyAsyncioWaiters>()?
                    .unbind();
                let last = (event_loop.clone().unbind(), waiters.clone_ref(py));
                let before = last_used().replace(last);
                drop(before);
                waiters
            }
        };
        Ok(LoopWaiters {
            event_loop: event_loop.unbind(),
            waiters,
        })
    }

    /// Starts a request natively; None, without side effects, if Python must prepare it.
    fn start<'py>(
        slf: &Bound<'py, Self>,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyRequestFuture>>> {
        let own = slf.get().own()?;
        let Some(call_args) = CallArgs::read(kwargs) else {
            return Ok(None);
        };
        if call_args.context.is_some() {
            return Ok(None); // no argument here
        }
        let document =
            |value: &Bound<'py, PyAny>| Ok(encode::dump_json(value, false)?.map(Bytes::from));
        let name = match &call_args.name {
            Some(name) if name.is_truthy()? => Some(name),
            _ => None,
        };
        let rules = own.class.get().rules.get();
        let dict = own.own.bind(slf.py());
        let Some(base) = dict.get_item(intern!(slf.py(), "base_url"))? else {
            return Ok(None);
        };
        let target = Target {
            method,
            base: &base,
            url,
        };
        let touched = rules.touched(dict)?;
        let prepared =
            rules.prepare(slf, (dict, touched), (&target, name), &call_args, document)?;
        match prepared {
            Some(prepared) => Self::submit(slf, prepared, call_args.catch_response).map(Some),
            None => Ok(None),
        }
    }

    /// Starts a request that has been prepared.
    fn submit<'py>(
        slf: &Bound<'py, Self>,
        prepared: Prepared<'py>,
        catch_response: bool,
    ) -> PyResult<Bound<'py, PyRequestFuture>> {
        let (py, own) = (slf.py(), slf.get().own()?);
        let LoopWaiters {
            event_loop,
            waiters,
        } = slf.get().loop_waiters(py)?;
        let Prepared {
            request,
            method,
            name,
            url,
            sent,
            ..
        } = prepared;
        let unverified = is_unverified(&request);
        let tracker = Py::new(py, PyRequestTracker::new(own.record.get(), &method, &name)?)?;
        let token = own.client.get().send(waiters.get().queue(), request)?;
        let at = waiters.clone_ref(py);
        let future = Bound::new(
            py,
            PyRequestFuture::new(Parts {
                event_loop,
                waiters,
                token,
                session: slf.clone().into_any().unbind(),
                tracker,
                sent: sent.unbind(),
                url: url.unbind(),
                response: own.class.get().response.clone_ref(py),
                catch_response,
                unverified,
            }),
        )?;
        at.get().enter(token, future.clone().unbind());
        Ok(future)
    }

    /// A request: by the fast path, if it is plain, else by the long one.
    fn send<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match Self::start(slf, (method, url), kwargs)? {
            Some(future) => Ok(future.into_any()),
            None => slf.call_method(intern!(slf.py(), "_request"), (method, url), kwargs),
        }
    }

    /// The same with a body given by position.
    fn send_with<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        data: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(data) = data else {
            return Self::send(slf, method, url, kwargs);
        };
        let all = match kwargs {
            Some(kwargs) => kwargs.copy()?,
            None => PyDict::new(slf.py()),
        };
        all.set_item(intern!(slf.py(), "data"), data)?;
        Self::send(slf, method, url, Some(&all))
    }
}

#[pymethods]
impl PyAsyncSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, pyo3::types::PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    /// Opens the session: `own` is its `__dict__`.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (class, own, client, record, /))]
    fn _open(
        &self,
        class: Py<PyAsyncSessionClass>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
    ) -> PyResult<()> {
        let own = Own {
            class,
            own,
            client,
            record,
        };
        self.own
            .set(own)
            .map_err(|_| PyRuntimeError::new_err("AsyncSession.__init__ was called twice"))
    }

    /// Starts a request that Python has prepared. It is called `name`, or, where that is empty, after its path.
    #[pyo3(signature = (prepared, method, name, catch_response, /))]
    fn _submit<'py>(
        slf: &Bound<'py, Self>,
        prepared: &Bound<'py, PyPreparedRequest>,
        method: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        catch_response: bool,
    ) -> PyResult<Bound<'py, PyRequestFuture>> {
        let prepared = Prepared::of_python(prepared, method, name)?;
        Self::submit(slf, prepared, catch_response)
    }

    /// Starts a request.
    #[pyo3(signature = (method, url, **kwargs))]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send(slf, method, url, kwargs)
    }

    /// Starts a GET.
    #[pyo3(signature = (url, **kwargs))]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send(slf, intern!(slf.py(), "GET"), url, kwargs)
    }

    /// Starts a POST.
    #[pyo3(signature = (url, data = None, **kwargs))]
    fn post<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        data: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send_with(slf, intern!(slf.py(), "POST"), url, data, kwargs)
    }

    /// Starts a PUT.
    #[pyo3(signature = (url, data = None, **kwargs))]
    fn put<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        data: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send_with(slf, intern!(slf.py(), "PUT"), url, data, kwargs)
    }

    /// Starts a PATCH.
    #[pyo3(signature = (url, data = None, **kwargs))]
    fn patch<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        data: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send_with(slf, intern!(slf.py(), "PATCH"), url, data, kwargs)
    }

    /// Starts a DELETE.
    #[pyo3(signature = (url, **kwargs))]
    fn delete<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send(slf, intern!(slf.py(), "DELETE"), url, kwargs)
    }

    /// Starts an OPTIONS.
    #[pyo3(signature = (url, **kwargs))]
    fn options<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::send(slf, intern!(slf.py(), "OPTIONS"), url, kwargs)
    }

    /// Starts a HEAD; redirects are not followed unless asked for.
    #[pyo3(signature = (url, **kwargs))]
    fn head<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let follow = intern!(slf.py(), "allow_redirects");
        let all = match kwargs {
            Some(kwargs) => kwargs.copy()?,
            None => PyDict::new(slf.py()),
        };
        if !all.contains(follow)? {
            all.set_item(follow, false)?;
        }
        Self::send(slf, intern!(slf.py(), "HEAD"), url, Some(&all))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(own) = self.own.get() {
            visit.call(&own.class)?;
            visit.call(&own.own)?;
        }
        match self.last.try_lock() {
            Ok(last) => match &*last {
                Some((event_loop, waiters)) => {
                    visit.call(event_loop)?;
                    visit.call(waiters)
                }
                None => Ok(()),
            },
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let last = lock(&self.last).take();
        drop(last);
    }
}
