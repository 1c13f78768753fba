//! The base of `HttpSession`: requests that run no Python frame between the call and the response, where nothing needs one.

use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::metrics::record::PyRecord;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::prepared::{Prepared, PyPreparedRequest};
use crate::request::requests_rules::PyRequestsRules;
use crate::request::url_cache::Target;
use crate::response::exchange::PyExchange;
use crate::seam::cpython;
use crate::session::class::{Attributes, CachedAttributes, PySessionClass, Shared};
use crate::session::shared::{self, Session, SlowPath, Started};
use crate::wait::greenlets::LastWaiters;

/// What the sessions of `HttpUser` have in common beside what all have.
#[pyclass(frozen, name = "HttpSessionClass", module = "locust_native._core")]
pub struct PyHttpSessionClass {
    class: Py<PySessionClass>,
    rules: Py<PyRequestsRules>,
    /// The function that warns of a certificate that was not checked.
    warn: Py<PyAny>,
}

#[pymethods]
impl PyHttpSessionClass {
    #[new]
    #[pyo3(signature = (class, rules, warn, /))]
    fn new(class: Py<PySessionClass>, rules: Py<PyRequestsRules>, warn: Py<PyAny>) -> Self {
        Self { class, rules, warn }
    }
}

/// The base of `HttpSession`.
#[pyclass(frozen, subclass, name = "HttpSession", module = "locust_native._core")]
pub struct PyHttpSession {
    open: OnceLock<(Shared, Py<PyHttpSessionClass>)>,
    last: LastWaiters,
}

/// A call as it came to its end.
struct Ending<'a, 'py> {
    url: &'a Bound<'py, PyAny>,
    catch_response: bool,
    follow: bool,
    context: Option<&'a Bound<'py, PyAny>>,
}

impl PyHttpSession {
    fn class(&self) -> PyResult<&PyHttpSessionClass> {
        let class = self.open.get().map(|(_, class)| class.get());
        class.ok_or_else(shared::not_open)
    }

    /// Counts a good answer and makes the response, else has Python judge it.
    #[inline(never)]
    fn judge<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        started: &Started<'py>,
        exchange: Option<Bound<'py, PyExchange>>,
        ending: &Ending<'_, 'py>,
        kwargs: impl FnOnce() -> PyResult<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let (Some(exchange), true) = (&exchange, started.unverified) {
            slf.get().class()?.warn.bind(py).call1((exchange,))?;
        }
        let context = match shared.has_empty_context(py, ending.context)? {
            true => PyDict::new(py).into_any(),
            false => {
                let given = ending.context.cloned();
                let given = given.unwrap_or_else(|| PyDict::new(py).into_any());
                slf.call_method1(intern!(py, "_context"), (given, &exchange))?
            }
        };
        let attributes = shared.attributes(py, |own| slf.get().touched(own))?;
        if let Some(exchange) = &exchange
            && shared.is_native(&attributes)
            && (ending.follow || exchange.get().code() < 300)
            && exchange.get().is_good()
            && (ending.catch_response
                || shared.count(&attributes, started.tracker.get(), exchange)?)
        {
            let told = (
                exchange,
                slf,
                &started.tracker,
                &started.sent,
                &started.url,
                context,
                ending.catch_response,
                !ending.follow,
            );
            return shared.class.get().response.bind(py).call1(told);
        }
        let told = (
            exchange,
            &started.tracker,
            &started.url,
            &started.sent,
            ending.url,
            &started.explicit_name,
            ending.catch_response,
            context,
            kwargs()?,
        );
        slf.call_method1(intern!(py, "_judge"), told)
    }
}

impl Session for PyHttpSession {
    fn shared(&self) -> Option<&Shared> {
        self.open.get().map(|(shared, _)| shared)
    }

    fn last(&self) -> &LastWaiters {
        &self.last
    }

    fn touched(&self, own: &Bound<'_, PyDict>) -> PyResult<u32> {
        self.class()?.rules.get().touched(own)
    }

    fn prepare<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        attributes: &Attributes,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Prepared<'py>>> {
        let (py, session) = (slf.py(), slf.get());
        let Some(base) = &attributes.base_url else {
            return Ok(None);
        };
        if !attributes.ignores_env || !shared.is_unpatched(slf, attributes) {
            return Ok(None);
        }
        let name = Shared::name(attributes, py, call_args)?;
        let explicit = match name.as_ref().or(call_args.name.as_ref()) {
            Some(name) => name.clone(),
            None => py.None().into_bound(py),
        };
        shared.set_explicit_name(&explicit)?;
        let document = |value: &Bound<'py, PyAny>| shared.document(value, false);
        let target = Target {
            method,
            base: base.bind(py),
            url,
        };
        let own = (shared.own.bind(py), attributes.touched);
        let rules = session.class()?.rules.get();
        rules.prepare(slf, own, (&target, name.as_ref()), call_args, document)
    }

    fn end<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        started: &Started<'py>,
        came: PyResult<Option<Bound<'py, PyExchange>>>,
        (_, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let exchange = came?;
        let ending = Ending {
            url,
            catch_response: call_args.catch_response,
            follow: !call_args.no_redirects,
            context: call_args.context.as_ref(),
        };
        Self::judge(slf, shared, started, exchange, &ending, || {
            call_args.passed_on(py)
        })
    }
}

#[pymethods]
impl PyHttpSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            open: OnceLock::new(),
            last: LastWaiters::default(),
        }
    }

    /// Opens the session: `own` is its `__dict__`; `timed`: whether timings belong into the context of events.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (class, own, client, record, user, timed, /))]
    #[allow(clippy::too_many_arguments)] // all that a session has
    fn _open(
        &self,
        py: Python<'_>,
        class: Py<PyHttpSessionClass>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
        timed: bool,
    ) -> PyResult<()> {
        let watched = cpython::watch_instance(own.bind(py));
        let shared = Shared {
            class: class.get().class.clone_ref(py),
            own,
            client,
            record,
            user,
            timed,
            watched,
            attributes: CachedAttributes::default(),
        };
        self.open
            .set((shared, class))
            .map_err(|_| PyRuntimeError::new_err("the session is open already"))
    }

    /// Sends a request that Python has prepared, and waits for what came of it; what the call returns.
    #[pyo3(signature = (prepared, method, url, name, catch_response, context, kwargs, /))]
    #[allow(clippy::too_many_arguments)] // all that a call has
    fn _send<'py>(
        slf: &Bound<'py, Self>,
        prepared: &Bound<'py, PyPreparedRequest>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        catch_response: &Bound<'py, PyAny>,
        context: &Bound<'py, PyAny>,
        kwargs: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, shared) = (slf.py(), shared::opened(slf.get())?);
        let prepared = Prepared::of_python(prepared, method, name)?;
        let started = shared::submit(slf.get(), shared, prepared)?;
        let exchange = started.finish(started.block())?;
        let follow = match kwargs.get_item(intern!(py, "allow_redirects"))? {
            Some(follow) => follow.is_truthy()?,
            None => true,
        };
        let ending = Ending {
            url,
            catch_response: catch_response.is_truthy()?,
            follow,
            context: Some(context),
        };
        Self::judge(slf, shared, &started, exchange, &ending, || {
            Ok(kwargs.clone())
        })
    }

    /// As `locust.clients.HttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, catch_response=False, context={}, *, data=None, json=None, **kwargs)")]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_request");
        shared::request(slf, SlowPath { name, args, kwargs })
    }

    /// As `locust.clients.HttpSession.get`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, *, data=None, json=None, **kwargs)")]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_get");
        shared::verb(
            slf,
            intern!(slf.py(), "GET"),
            SlowPath { name, args, kwargs },
        )
    }

    /// As `locust.clients.HttpSession.post`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, data=None, json=None, **kwargs)")]
    fn post<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_post");
        shared::verb(
            slf,
            intern!(slf.py(), "POST"),
            SlowPath { name, args, kwargs },
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        shared::traverse(self, &visit)
    }
}
