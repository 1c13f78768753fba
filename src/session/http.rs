//! Session for Python: the base of `HttpSession`, which sends plain requests from the call to the answer without a
//! Python frame, and hands all others to Python.

use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple};

use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::prepared::PyPreparedRequest;
use crate::request::requests_rules::{PyRequestsRules, WireRequest, body_of};
use crate::request::url_cache::Call;
use crate::response::exchange::PyExchange;
use crate::session::session_class::{Parts, PySessionClass, SlowPath};
use crate::wait::greenlets::{LastWaiters, PyGreenletWaiters};
use engine::http::Verify;

/// How an `HttpSession` sends what needs little preparation, as long as nobody has touched more of it than that.
#[pyclass(frozen, name = "HttpSessionClass", module = "locust_native._core")]
pub struct PyHttpSessionClass {
    class: Py<PySessionClass>,
    rules: Py<PyRequestsRules>,
    /// The function that warns of a certificate nobody looked at.
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
    parts: OnceLock<(Parts, Py<PyHttpSessionClass>)>,
    last: LastWaiters,
}

/// A request that was started, to be waited for.
struct Started<'py> {
    /// Its greenlet, by its address.
    me: usize,
    waiters: Py<PyGreenletWaiters>,
    token: engine::runtime::Token,
    tracker: Bound<'py, PyRequestTracker>,
    url: Bound<'py, PyString>,
    /// Under which name, if the call or `rename_request` gave it one.
    name: Bound<'py, PyAny>,
    sent: Bound<'py, PyPreparedRequest>,
    /// Whether any certificate would do, of which urllib3 warns.
    unverified: bool,
}

impl PyHttpSession {
    /// Starts a request; None, and nothing has happened, if it is not plain.
    #[inline(never)] // what it needs of the stack is gone before the greenlet is parked
    fn start<'py>(
        slf: &Bound<'py, Self>,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        kwargs: Option<&Bound<'py, PyDict>>,
        into: &mut Option<Started<'py>>,
    ) -> PyResult<()> {
        let Some((parts, http)) = slf.get().parts.get() else {
            return Ok(());
        };
        let Some(call_args) = CallArgs::read(kwargs) else {
            return Ok(());
        };
        let (py, class, http) = (slf.py(), parts.class.get(), http.get());
        let name = parts
            .name(py, &call_args)?
            .or_else(|| call_args.name.clone());
        let name = name.unwrap_or_else(|| py.None().into_bound(py));
        let explicit = intern!(py, "explicit_name");
        if !parts.get(explicit)?.is_some_and(|known| known.is(&name)) {
            parts.own.bind(py).set_item(explicit, &name)?;
        }
        let trusting = parts.get(intern!(py, "trust_env"))?;
        if !trusting.is_some_and(|trust| trust.is(PyBool::new(py, false))) || !parts.in_order(py)? {
            return Ok(());
        }
        let (Some(base), Some(body)) = (
            parts.get(intern!(py, "base_url"))?,
            body_of(&call_args, |value| parts.document(value, false))?,
        ) else {
            return Ok(());
        };
        let rules = http.rules.get();
        let Some(wire) = rules.wire_request(slf, parts.own.bind(py), method, (&call_args, body))?
        else {
            return Ok(());
        };
        let WireRequest { options, sent, .. } = wire;
        let me = class.current.bind(py).call0()?;
        let waiters = slf.get().last.get(&class.here, &me)?;
        let queue = waiters.get().open_queue(py)?;
        let started = class.url_cache.get().send(Call {
            client: parts.client.get(),
            queue: queue.get(),
            record: parts.record.get(),
            head: &wire.fields,
            options: options.get(),
            method,
            base: &base,
            url,
            name: &name,
            body: wire.body,
            content_type: wire.content_type,
        })?;
        let Some((token, tracker, url)) = started else {
            return Ok(());
        };
        let tracker = Bound::new(py, tracker)?;
        *into = Some(Started {
            me: waiters.get().park(me, token)?,
            waiters,
            token,
            tracker,
            url,
            name,
            sent,
            unverified: options.get().0.verify == Verify::Nothing,
        });
        Ok(())
    }

    /// Counts the answer and makes what the call returns; None if there is more to it.
    #[inline(never)]
    fn finish<'py>(
        slf: &Bound<'py, Self>,
        parts: &Parts,
        exchange: &Bound<'py, PyExchange>,
        (ended, call_args): (&Started<'py>, &CallArgs<'py>),
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, class) = (slf.py(), parts.class.get());
        let answer = exchange.get();
        let counted = parts.is_native(py)?
            && (!call_args.no_redirects || answer.code() < 300)
            && if call_args.catch_response {
                answer.is_good()
            } else {
                let event = parts.get(intern!(py, "request_event"))?;
                match event {
                    Some(event) => {
                        class
                            .sole_listener
                            .get()
                            .count(&event, ended.tracker.get(), answer)?
                    }
                    None => false,
                }
            };
        if !counted {
            return Ok(None);
        }
        let told = (
            exchange,
            slf,
            &ended.tracker,
            &ended.sent,
            &ended.url,
            PyDict::new(py),
            call_args.catch_response,
            call_args.no_redirects,
        );
        class.response.bind(py).call1(told).map(Some)
    }

    /// The whole of a request: by the fast path, if it is plain, else by the long one.
    fn send<'py>(
        slf: &Bound<'py, Self>,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        slow: SlowPath<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut started = None;
        Self::start(slf, (method, url), slow.kwargs, &mut started)?;
        let Some(started) = started else {
            return slow.call(slf);
        };
        let came = started.waiters.get().block(slf.py(), started.token);
        Self::end(slf, url, &started, came, slow.kwargs)
            .map_err(|error| slow.with_stock_frame(slf, error))
    }

    /// What the call returns.
    #[inline(never)]
    fn end<'py>(
        slf: &Bound<'py, Self>,
        url: &Bound<'py, PyAny>,
        started: &Started<'py>,
        came: PyResult<()>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, call_args) = (slf.py(), CallArgs::read(kwargs).unwrap_or_default());
        let waiters = started.waiters.get();
        let exchange = waiters.finish((started.me, started.token), came, &started.tracker)?;
        let exchange = exchange.map(|exchange| exchange.into_bound(py));
        let known = slf.get().parts.get();
        if let (Some(exchange), Some((_, http)), true) = (&exchange, known, started.unverified) {
            http.get().warn.bind(py).call1((exchange,))?;
        }
        if let Some(exchange) = &exchange
            && let Some((parts, _)) = known
            && let Some(response) = Self::finish(slf, parts, exchange, (started, &call_args))?
        {
            return Ok(response);
        }
        let told = (
            exchange,
            &started.tracker,
            &started.url,
            &started.sent,
            url,
            &started.name,
            call_args.catch_response,
            PyDict::new(py),
            call_args.passed_on(py)?,
        );
        slf.call_method1(intern!(py, "_ended"), told)
    }

    /// A call of the method for this verb.
    fn by<'py>(
        slf: &Bound<'py, Self>,
        verb: &Bound<'py, PyString>,
        slow: SlowPath<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match slow.args.iter_borrowed().next() {
            Some(url) if slow.args.len() == 1 && Self::is_exact_class(slf) => {
                Self::send(slf, (verb, &url), slow)
            }
            _ => slow.call(slf),
        }
    }

    /// Whether a call of `get` comes here and goes on to our `request`.
    fn is_exact_class(slf: &Bound<'_, Self>) -> bool {
        let parts = slf.get().parts.get();
        parts.is_some_and(|(parts, _)| slf.get_type().is(&parts.class.get().kind))
    }
}

#[pymethods]
impl PyHttpSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            parts: OnceLock::new(),
            last: LastWaiters::default(),
        }
    }

    /// Opens the fast path for this session: `own` is its `__dict__`.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (class, own, client, record, user, /))]
    fn _open(
        &self,
        py: Python<'_>,
        class: Py<PyHttpSessionClass>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let parts = Parts {
            class: class.get().class.clone_ref(py),
            own,
            client,
            record,
            user,
        };
        self.parts
            .set((parts, class))
            .map_err(|_| PyRuntimeError::new_err("the session has a fast path already"))
    }

    /// As `locust.clients.HttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, catch_response=False, context={}, *, data=None, json=None, **kwargs)")]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_request");
        let slow = SlowPath { name, args, kwargs };
        let mut given = args.iter_borrowed();
        match (given.next(), given.next(), given.next()) {
            (Some(method), Some(url), None) if Self::is_exact_class(slf) => {
                Self::send(slf, (&method, &url), slow)
            }
            _ => slow.call(slf),
        }
    }

    /// As `locust.clients.HttpSession.get`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, *, data=None, json=None, **kwargs)")]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_get");
        Self::by(
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
        Self::by(
            slf,
            intern!(slf.py(), "POST"),
            SlowPath { name, args, kwargs },
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.parts.get() {
            Some((parts, _)) => parts.traverse(&visit),
            None => Ok(()),
        }
    }
}
