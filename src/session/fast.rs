//! Session for Python: the base of `FastHttpSession`, which sends plain requests from the call to the answer without a
//! Python frame, and hands all others to Python.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::client::{PyClient, PyFields, PyOptions};
use crate::request::encode as body;
use crate::request::url_cache::{Call, text};
use crate::response::exchange::PyExchange;
use crate::session::session_class::{Parts, PySessionClass, SlowPath};
use crate::wait::greenlets::{LastWaiters, PyGreenletWaiters};
use engine::http::{Fields, Kind};

/// What a request has for a body, with the fields that describe it.
#[derive(Clone)]
enum Body {
    None,
    Json(Bytes),
    Form(Bytes),
}

/// One request, for `response.request` and for what is told of it.
#[pyclass(frozen, name = "FastPreparedRequest", module = "locust_native._core")]
pub struct PyFastPreparedRequest {
    heads: Py<PyAny>,
    #[pyo3(get)]
    verb: Py<PyAny>,
    #[pyo3(get)]
    url: Py<PyString>,
    body: Body,
}

#[pymethods]
impl PyFastPreparedRequest {
    /// `FastRequest` of the exchange's last hop.
    #[pyo3(signature = (exchange, /))]
    fn request<'py>(
        &self,
        py: Python<'py>,
        exchange: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (kind, octets) = match &self.body {
            Body::None => ("", &Bytes::new()),
            Body::Json(octets) => ("json", octets),
            Body::Form(octets) => ("form", octets),
        };
        let told = (&self.verb, &self.url, kind, PyBytes::new(py, octets));
        let sent = self
            .heads
            .bind(py)
            .call_method1(intern!(py, "sent"), told)?;
        sent.call_method1(intern!(py, "request"), (exchange,))
    }
}

/// The base of `FastHttpSession`.
#[pyclass(
    frozen,
    subclass,
    name = "FastHttpSession",
    module = "locust_native._core"
)]
pub struct PyFastHttpSession {
    parts: OnceLock<(Parts, Fast)>,
    last: LastWaiters,
}

/// What such a session has beside what others have.
struct Fast {
    /// The status codes that are no failure.
    good: Vec<u16>,
    /// What makes its header fields: those of a request without any of its own, and of one with JSON.
    heads: Py<PyAny>,
    bare: Py<PyFields>,
    json: Py<PyFields>,
    /// Whether the session's own fields describe the body.
    typed: bool,
}

/// The same, with the fields that describe a body, as geventhttpclient writes them.
fn with_form(head: &Fields, form: &[u8]) -> Fields {
    let mut fields = head.clone();
    let kind = b"application/x-www-form-urlencoded; charset=utf-8";
    fields.add(Kind::OfBody, b"content-type", kind);
    let length = form.len().to_string();
    fields.add(Kind::OfBody, b"content-length", length.as_bytes());
    fields
}

/// The body of a request; None where it takes Python to make it.
fn body_of(parts: &Parts, fast: &Fast, call_args: &CallArgs<'_>) -> PyResult<Option<Body>> {
    if let Some(data) = &call_args.data {
        let Ok(data) = data.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        if data.is_empty() || fast.typed {
            return Ok(None);
        }
        return Ok(body::encode_form(data)?.map(|form| Body::Form(form.into())));
    }
    let Some(value) = &call_args.json else {
        return Ok(Some(Body::None));
    };
    Ok(parts.document(value, true)?.map(Body::Json))
}

/// A request that was started, to be waited for.
struct Started<'py> {
    /// Its greenlet, by its address.
    me: usize,
    waiters: Py<PyGreenletWaiters>,
    token: engine::runtime::Token,
    tracker: Bound<'py, PyRequestTracker>,
    sent: Bound<'py, PyFastPreparedRequest>,
}

impl PyFastHttpSession {
    /// Starts a request; None, and nothing has happened, if it is not plain.
    #[inline(never)] // what it needs of the stack is gone before the greenlet is parked
    fn start<'py>(
        &self,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        kwargs: Option<&Bound<'py, PyDict>>,
        into: &mut Option<Started<'py>>,
    ) -> PyResult<()> {
        let Some((parts, fast)) = self.parts.get() else {
            return Ok(());
        };
        let Some(call_args) = CallArgs::read(kwargs) else {
            return Ok(());
        };
        let (py, class) = (method.py(), parts.class.get());
        // Even where they are None, these are parameters to geventhttpclient; and it loses empty parameters.
        let unsupported = call_args.headers.is_some()
            || call_args.verify.is_some()
            || call_args.timeout.is_some();
        let whole = text(url).is_some_and(|url| !url.is_empty() && !url.contains(';'));
        let takes_body = match text(method) {
            Some("GET" | "OPTIONS" | "HEAD" | "DELETE") => false,
            Some("POST" | "PUT" | "PATCH") => true,
            _ => return Ok(()),
        };
        let authorized = parts.own.bind(py).contains(intern!(py, "auth_header"))?;
        if unsupported || !whole || authorized || !parts.in_order(py)? {
            return Ok(());
        }
        let follow = if call_args.no_redirects {
            intern!(py, "_unfollowed")
        } else {
            intern!(py, "_options")
        };
        let (Some(base), Some(Ok(options)), Some(body)) = (
            parts.get(intern!(py, "base_url"))?,
            parts
                .get(follow)?
                .map(|options| options.cast_into::<PyOptions>()),
            body_of(parts, fast, &call_args)?,
        ) else {
            return Ok(());
        };
        let of_form;
        let (head, octets, content_type) = match &body {
            Body::None => (&fast.bare.get().0, Bytes::new(), takes_body.then_some("")),
            Body::Json(octets) => (&fast.json.get().0, octets.clone(), Some("")),
            Body::Form(octets) => {
                of_form = Arc::new(with_form(&fast.bare.get().0, octets));
                (&of_form, octets.clone(), None)
            }
        };
        let me = class.current.bind(py).call0()?;
        let waiters = self.last.get(&class.here, &me)?;
        let queue = waiters.get().open_queue(py)?;
        let started = class.url_cache.get().send(Call {
            client: parts.client.get(),
            queue: queue.get(),
            record: parts.record.get(),
            head,
            options: options.get(),
            method,
            base: &base,
            url,
            name: parts.name(py, &call_args)?.as_ref().unwrap_or(url),
            body: octets,
            content_type,
        })?;
        let Some((token, tracker, url)) = started else {
            return Ok(());
        };
        let sent = PyFastPreparedRequest {
            heads: fast.heads.clone_ref(py),
            verb: method.clone().unbind(),
            url: url.unbind(),
            body,
        };
        let tracker = Bound::new(py, tracker)?;
        *into = Some(Started {
            me: waiters.get().park(me, token)?,
            waiters,
            token,
            tracker,
            sent: Bound::new(py, sent)?,
        });
        Ok(())
    }

    /// Counts the answer and makes what the call returns; None if there is more to it.
    #[inline(never)]
    fn finish<'py>(
        (parts, fast): &(Parts, Fast),
        exchange: &Bound<'py, PyExchange>,
        started: &Started<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, class) = (exchange.py(), parts.class.get());
        let answer = exchange.get();
        if !answer.is_good() || !fast.good.contains(&answer.code()) {
            return Ok(None);
        }
        let event = parts.get(intern!(py, "request_event"))?;
        let counted = match event {
            Some(event) => {
                class
                    .sole_listener
                    .get()
                    .count(&event, started.tracker.get(), answer)?
            }
            None => false,
        };
        if !counted {
            return Ok(None);
        }
        let response = class.response.bind(py);
        response.call1((exchange, &started.sent)).map(Some)
    }

    /// The whole of a request: by the fast path, if it is plain, else by the long one.
    fn send<'py>(
        slf: &Bound<'py, Self>,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        slow: SlowPath<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut started = None;
        slf.get().start((method, url), slow.kwargs, &mut started)?;
        let Some(started) = started else {
            return slow.call(slf);
        };
        let came = started.waiters.get().block(slf.py(), started.token);
        Self::end(slf, &started, came, slow.kwargs)
            .map_err(|error| slow.with_stock_frame(slf, error))
    }

    /// What the call returns.
    #[inline(never)]
    fn end<'py>(
        slf: &Bound<'py, Self>,
        started: &Started<'py>,
        came: PyResult<()>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, call_args) = (slf.py(), CallArgs::read(kwargs).unwrap_or_default());
        let waiters = started.waiters.get();
        let (exchange, thrown) =
            match waiters.finish((started.me, started.token), came, &started.tracker) {
                Ok(Some(exchange)) => (Some(exchange.into_bound(py)), None),
                Ok(None) => (None, None),
                // A gevent.Timeout is to stock a failure like others.
                Err(error) => (None, Some(error.into_value(py))),
            };
        if let Some(exchange) = &exchange
            && !call_args.catch_response
            && let Some(parts) = slf.get().parts.get()
            && let Some(response) = Self::finish(parts, exchange, started)?
        {
            return Ok(response);
        }
        let told = (
            exchange,
            thrown,
            &started.tracker,
            &started.sent,
            call_args.catch_response,
            !call_args.no_redirects,
            &call_args.data,
            &call_args.json,
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
impl PyFastHttpSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            parts: OnceLock::new(),
            last: LastWaiters::default(),
        }
    }

    /// Opens the fast path for this session: `own` is its `__dict__`; `good` are the status codes that are no failure;
    /// `heads` makes its header fields, of which those of a request without any of its own are `bare`, and those of
    /// one with JSON `json`; `typed`, if the session's own describe a body.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (class, own, client, record, user, good, heads, bare, json, typed, /))]
    #[allow(clippy::too_many_arguments)] // all that a session has
    fn _open(
        &self,
        class: Py<PySessionClass>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
        good: Vec<u16>,
        heads: Py<PyAny>,
        bare: Py<PyFields>,
        json: Py<PyFields>,
        typed: bool,
    ) -> PyResult<()> {
        let parts = Parts {
            class,
            own,
            client,
            record,
            user,
        };
        let fast = Fast {
            good,
            heads,
            bare,
            json,
            typed,
        };
        self.parts
            .set((parts, fast))
            .map_err(|_| PyRuntimeError::new_err("the session has a fast path already"))
    }

    /// As `locust.contrib.fasthttp.FastHttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, data=None, catch_response=False, stream=False, headers=None, auth=None, json=None, allow_redirects=True, context={}, **kwargs)")]
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

    /// As `locust.contrib.fasthttp.FastHttpSession.get`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, **kwargs)")]
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

    /// As `locust.contrib.fasthttp.FastHttpSession.post`.
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
