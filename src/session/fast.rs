//! The base of `FastHttpSession`: requests that run no Python frame between the call and the response, where nothing needs
//! one.

use std::sync::OnceLock;

use pyo3::exceptions::{PyBaseException, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::metrics::record::PyRecord;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::fast_prepared::PyFastPreparedRequest;
use crate::request::gevent_rules::PyGeventRules;
use crate::request::prepared::Prepared;
use crate::request::url_cache::Target;
use crate::response::exchange::PyExchange;
use crate::seam::cpython;
use crate::session::class::{Attributes, CachedAttributes, PySessionClass, Shared};
use crate::session::shared::{self, Session, SlowPath, Started};
use crate::wait::greenlets::LastWaiters;

/// The base of `FastHttpSession`.
#[pyclass(
    frozen,
    subclass,
    name = "FastHttpSession",
    module = "locust_native._core"
)]
pub struct PyFastHttpSession {
    open: OnceLock<(Shared, Fast)>,
    last: LastWaiters,
}

/// What such a session has beside what others have.
struct Fast {
    /// None where its default header fields are not for the native side.
    rules: Option<Py<PyGeventRules>>,
    /// The status codes that are no failure.
    good: Vec<u16>,
}

/// A call as it came to its end.
struct Ending<'a, 'py> {
    /// The URL before parameters.
    url: Bound<'py, PyAny>,
    catch_response: bool,
    follow: bool,
    /// The context of its event, as far as it is more than empty.
    context: Option<&'a Bound<'py, PyAny>>,
}

impl PyFastHttpSession {
    /// Counts a good answer and makes the response, else has Python judge it; `call` is what stock's client was to be
    /// given, where Python has put that together.
    #[inline(never)]
    fn judge<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        started: &Started<'py>,
        came: PyResult<Option<Bound<'py, PyExchange>>>,
        ending: &Ending<'_, 'py>,
        call: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let (exchange, thrown) = match came {
            Ok(exchange) => (exchange, None),
            // A gevent.Timeout is to stock a failure like others.
            Err(error) => (None, Some(error.into_value(py))),
        };
        let good = slf.get().open.get().map(|(_, fast)| &fast.good);
        if let Some(exchange) = &exchange
            && exchange.get().is_good()
            && good.is_some_and(|good| good.contains(&exchange.get().code()))
        {
            let class = shared.class.get();
            if ending.catch_response {
                let told = (
                    exchange,
                    &started.sent,
                    slf,
                    &started.tracker,
                    &ending.url,
                    ending.context,
                );
                return class.caught.bind(py).call1(told);
            }
            let attributes = shared.attributes(py, |own| slf.get().touched(own))?;
            if shared.count(&attributes, started.tracker.get(), exchange)? {
                return class.response.bind(py).call1((exchange, &started.sent));
            }
        }
        let told = (
            exchange,
            thrown.map(|thrown: Py<PyBaseException>| thrown),
            &started.tracker,
            &started.sent,
            call()?,
            ending.catch_response,
            ending.follow,
            ending.context,
        );
        slf.call_method1(intern!(py, "_judge"), told)
    }
}

impl Session for PyFastHttpSession {
    fn shared(&self) -> Option<&Shared> {
        self.open.get().map(|(shared, _)| shared)
    }

    fn last(&self) -> &LastWaiters {
        &self.last
    }

    fn touched(&self, own: &Bound<'_, PyDict>) -> PyResult<u32> {
        let (_, fast) = self.open.get().ok_or_else(shared::not_open)?;
        match &fast.rules {
            Some(rules) => rules.get().touched(own),
            None => Ok(u32::MAX),
        }
    }

    fn prepare<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        attributes: &Attributes,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Prepared<'py>>> {
        let py = slf.py();
        let (_, fast) = slf.get().open.get().ok_or_else(shared::not_open)?;
        let Some(rules) = &fast.rules else {
            return Ok(None);
        };
        // What is more than empty, stock asks for before it sends.
        let Some(base) = &attributes.base_url else {
            return Ok(None);
        };
        if !shared.is_unpatched(slf, attributes)
            || !shared.has_empty_context(py, call_args.context.as_ref())?
        {
            return Ok(None);
        }
        let name = Shared::name(attributes, py, call_args)?;
        let document = |value: &Bound<'py, PyAny>| shared.document(value, true);
        let target = Target {
            method,
            base: base.bind(py),
            url,
        };
        let own = (shared.own.bind(py), attributes.touched);
        rules
            .get()
            .prepare(own, (&target, name), call_args, document)
    }

    fn end<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        started: &Started<'py>,
        came: PyResult<Option<Bound<'py, PyExchange>>>,
        _: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let ending = Ending {
            url: started.url.clone().into_any(),
            catch_response: call_args.catch_response,
            follow: !call_args.no_redirects,
            context: None,
        };
        Self::judge(slf, shared, started, came, &ending, || {
            let told = (
                &started.sent,
                &call_args.data,
                &call_args.headers,
                &call_args.json,
            );
            slf.call_method1(intern!(slf.py(), "_call_of"), told)
        })
    }
}

#[pymethods]
impl PyFastHttpSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            open: OnceLock::new(),
            last: LastWaiters::default(),
        }
    }

    /// Opens the session: `own` is its `__dict__`; `timed`: whether timings belong into the context of events; `rules`:
    /// None where all its requests are for Python to prepare; `good` are the status codes that are no failure.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (class, own, client, record, user, timed, rules, good, /))]
    #[allow(clippy::too_many_arguments)] // all that a session has
    fn _open(
        &self,
        py: Python<'_>,
        class: Py<PySessionClass>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
        timed: bool,
        rules: Option<Py<PyGeventRules>>,
        good: Vec<u16>,
    ) -> PyResult<()> {
        let watched = cpython::watch_instance(own.bind(py));
        let shared = Shared {
            class,
            own,
            client,
            record,
            user,
            timed,
            watched,
            attributes: CachedAttributes::default(),
        };
        self.open
            .set((shared, Fast { rules, good }))
            .map_err(|_| PyRuntimeError::new_err("the session is open already"))
    }

    /// Sends a request that Python has prepared, and waits for what came of it; what the call returns. `call` is what
    /// stock's client would be given.
    #[pyo3(signature = (prepared, method, name, call, catch_response, follow, context, /))]
    #[allow(clippy::too_many_arguments)] // all that a call has
    fn _send<'py>(
        slf: &Bound<'py, Self>,
        prepared: &Bound<'py, PyFastPreparedRequest>,
        method: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        call: &Bound<'py, PyAny>,
        catch_response: &Bound<'py, PyAny>,
        follow: &Bound<'py, PyAny>,
        context: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shared = shared::opened(slf.get())?;
        let prepared = PyFastPreparedRequest::prepared(prepared, method, name)?;
        let started = shared::submit(slf.get(), shared, prepared)?;
        let came = started.finish(started.block());
        let ending = Ending {
            url: call.get_item(1)?,
            catch_response: catch_response.is_truthy()?,
            follow: follow.is_truthy()?,
            context: Some(context),
        };
        Self::judge(slf, shared, &started, came, &ending, || Ok(call.clone()))
    }

    /// As `locust.contrib.fasthttp.FastHttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, data=None, catch_response=False, stream=False, headers=None, auth=None, json=None, allow_redirects=True, context={}, **kwargs)")]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_request");
        shared::request(slf, SlowPath { name, args, kwargs })
    }

    /// As `locust.contrib.fasthttp.FastHttpSession.get`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, **kwargs)")]
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

    /// As `locust.contrib.fasthttp.FastHttpSession.post`.
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
