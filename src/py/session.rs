//! Session for Python: the base of `HttpSession`, which sends plain requests from the call to the answer without a
//! Python frame, and hands all others to Python.

use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple, PyType};

use super::begun::PyBegun;
use super::client::{PyClient, PyFields, PyOptions};
use super::intact::PyIntact;
use super::record::PyRecord;
use super::response::PyExchange;
use super::room::PyRoom;
use super::short::PyShort;
use super::urls::{Call, PyUrls, text};

/// How the sessions of one class send what needs no preparation: nobody has touched them, nor what they stand in for.
#[pyclass(frozen, name = "Plain", module = "locust_native._core")]
pub struct PyPlain {
    /// The class itself. One made from it may do as it likes.
    kind: Py<PyType>,
    urls: Py<PyUrls>,
    intact: Py<PyIntact>,
    head: Py<PyFields>,
    follow: Py<PyOptions>,
    stay: Py<PyOptions>,
    /// How many attributes of its own a session has that nobody has touched.
    attributes: usize,
    /// The class of what the call returns.
    response: Py<PyAny>,
    /// What goes out with a method that has no body, and with one that has an empty one.
    bare: Py<PyAny>,
    empty: Py<PyAny>,
    /// The function that gives a thread's waiting room.
    here: Py<PyAny>,
    /// gevent's `getcurrent`.
    current: Py<PyAny>,
    /// `User.context`, where it adds nothing.
    context: Py<PyAny>,
    short: Py<PyShort>,
}

#[pymethods]
impl PyPlain {
    #[new]
    #[pyo3(signature = (kind, urls, intact, head, follow, stay, attributes, response, bare, empty, here, getcurrent, context, short, /))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        kind: Py<PyType>,
        urls: Py<PyUrls>,
        intact: Py<PyIntact>,
        head: Py<PyFields>,
        follow: Py<PyOptions>,
        stay: Py<PyOptions>,
        attributes: usize,
        response: Py<PyAny>,
        bare: Py<PyAny>,
        empty: Py<PyAny>,
        here: Py<PyAny>,
        getcurrent: Py<PyAny>,
        context: Py<PyAny>,
        short: Py<PyShort>,
    ) -> Self {
        Self {
            kind,
            urls,
            intact,
            head,
            follow,
            stay,
            attributes,
            response,
            bare,
            empty,
            here,
            current: getcurrent,
            context,
            short,
        }
    }
}

/// What a call asks for beyond method and URL.
struct Asked<'py> {
    name: Option<Bound<'py, PyAny>>,
    catch_response: bool,
    follow: bool,
}

impl<'py> Asked<'py> {
    /// None if it asks for more than we know of.
    fn read(kwargs: Option<&Bound<'py, PyDict>>) -> Option<Self> {
        let mut asked = Self {
            name: None,
            catch_response: false,
            follow: true,
        };
        for (key, value) in kwargs.into_iter().flatten() {
            let py = key.py();
            // A keyword in a call is the very object that is interned under its name.
            if key.is(intern!(py, "name")) {
                asked.name = Some(value);
            } else if key.is(intern!(py, "catch_response")) {
                asked.catch_response = value.cast_exact::<PyBool>().ok()?.is_true();
            } else if key.is(intern!(py, "allow_redirects")) {
                asked.follow = value.cast_exact::<PyBool>().ok()?.is_true();
            } else if !(value.is_none()
                && (key.is(intern!(py, "data")) || key.is(intern!(py, "json"))))
            {
                return None;
            }
        }
        Some(asked)
    }
}

/// The base of a session class.
#[pyclass(frozen, subclass, name = "Session", module = "locust_native._core")]
pub struct PySession {
    parts: OnceLock<Parts>,
    /// Where its user waits, as far as is known.
    room: Mutex<Option<Py<PyRoom>>>,
}

/// What a session that can go the short way has of its own.
struct Parts {
    plain: Py<PyPlain>,
    /// Its `__dict__`.
    own: Py<PyDict>,
    client: Py<PyClient>,
    record: Py<PyRecord>,
    user: Option<Py<PyAny>>,
}

impl Parts {
    /// One of the session's attributes, as it is now.
    fn get<'py>(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.own.bind(name.py()).get_item(name)
    }

    /// Whether the native client still is the one that sends.
    fn is_native(&self, py: Python<'_>) -> PyResult<bool> {
        let native = self.get(intern!(py, "_native"))?;
        Ok(native.is_some_and(|native| native.is(&self.client)))
    }

    /// Under which name to count: the call's, else that of `rename_request`, else none.
    fn name<'py>(
        &self,
        py: Python<'py>,
        asked: &Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(name) = asked
            && name.is_truthy()?
        {
            return Ok(name.clone());
        }
        let renamed = self.get(intern!(py, "request_name"))?;
        match renamed {
            Some(renamed) if renamed.is_truthy()? => Ok(renamed),
            _ => Ok(asked.clone().unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Whether the session is as it was made, and nobody has put anything into the way of its requests.
    fn untouched(&self, py: Python<'_>) -> PyResult<bool> {
        let plain = self.plain.get();
        let trusting = self.get(intern!(py, "trust_env"))?;
        if self.own.bind(py).len() != plain.attributes
            || !trusting.is_some_and(|trust| trust.is(PyBool::new(py, false)))
            || !self.is_native(py)?
            || !plain.intact.get().holds(plain.kind.bind(py))
        {
            return Ok(false);
        }
        let Some(user) = &self.user else {
            return Ok(true);
        };
        // What a user adds to the context of its requests, Python asks for.
        let context = user.bind(py).getattr(intern!(py, "context"))?;
        let asked = context.getattr_opt(intern!(py, "__func__"))?;
        Ok(asked.is_some_and(|asked| asked.is(&plain.context)))
    }
}

/// A request that was started, to be waited for.
struct Started<'py> {
    room: Py<PyRoom>,
    me: Bound<'py, PyAny>,
    token: crate::engine::Token,
    begun: Bound<'py, PyBegun>,
    url: Bound<'py, PyString>,
    /// Under which name, if the call or `rename_request` gave it one.
    name: Bound<'py, PyAny>,
}

impl PySession {
    /// The waiting room of the current greenlet's hub.
    fn room(&self, plain: &PyPlain, me: &Bound<'_, PyAny>) -> PyResult<Py<PyRoom>> {
        let py = me.py();
        let lock = || self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let hub = me.getattr(intern!(py, "parent"))?;
        let known = lock().as_ref().map(|room| room.clone_ref(py));
        if let Some(known) = known.filter(|known| known.get().is_of(&hub)) {
            return Ok(known);
        }
        let here = plain.here.bind(py).call0()?.cast_into::<PyRoom>()?.unbind();
        let before = lock().replace(here.clone_ref(py));
        drop(before);
        Ok(here)
    }

    /// Starts a plain request; None, and nothing has happened, if it is none.
    #[inline(never)] // what it needs of the stack is gone before the greenlet is parked
    fn start<'py>(
        &self,
        parts: &Parts,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        asked: &Asked<'py>,
    ) -> PyResult<Option<Started<'py>>> {
        let (py, plain) = (method.py(), parts.plain.get());
        let name = parts.name(py, &asked.name)?;
        let explicit = intern!(py, "explicit_name");
        if !parts.get(explicit)?.is_some_and(|known| known.is(&name)) {
            parts.own.bind(py).set_item(explicit, &name)?;
        }
        if !parts.untouched(py)? {
            return Ok(None);
        }
        let Some(base) = parts.get(intern!(py, "base_url"))? else {
            return Ok(None);
        };
        let me = plain.current.bind(py).call0()?;
        let room = self.room(plain, &me)?;
        let queue = room.get().line(py)?;
        // requests announces the empty body of all others.
        let bodiless = matches!(text(method), Some("GET" | "HEAD"));
        let options = if asked.follow {
            &plain.follow
        } else {
            &plain.stay
        };
        let started = plain.urls.get().send(Call {
            client: parts.client.get(),
            queue: queue.get(),
            record: parts.record.get(),
            head: plain.head.get(),
            options: options.get(),
            method,
            base: &base,
            url,
            name: &name,
            body: (!bodiless).then_some(b""),
            content_type: (!bodiless).then_some(""),
        })?;
        let Some((token, begun, url)) = started else {
            return Ok(None);
        };
        Ok(Some(Started {
            room,
            me,
            token,
            begun: Bound::new(py, begun)?,
            url,
            name,
        }))
    }

    /// Counts the answer and makes what the call returns; None if there is more to it.
    #[inline(never)]
    #[allow(clippy::too_many_arguments)] // all that is known of one request
    fn finish<'py>(
        slf: &Bound<'py, Self>,
        parts: &Parts,
        exchange: &Bound<'py, PyExchange>,
        begun: &Bound<'py, PyBegun>,
        url: &Bound<'py, PyString>,
        sent: &Bound<'py, PyAny>,
        asked: &Asked<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, plain) = (slf.py(), parts.plain.get());
        let answer = exchange.get();
        let counted = parts.is_native(py)?
            && (asked.follow || answer.code() < 300)
            && if asked.catch_response {
                answer.is_good()
            } else {
                let event = parts.get(intern!(py, "request_event"))?;
                match event {
                    Some(event) => plain.short.get().count(&event, begun.get(), answer)?,
                    None => false,
                }
            };
        if !counted {
            return Ok(None);
        }
        let told = (
            exchange,
            slf,
            begun,
            sent,
            url,
            PyDict::new(py),
            asked.catch_response,
            !asked.follow,
        );
        plain.response.bind(py).call1(told).map(Some)
    }

    /// The whole of a plain request; None, and nothing has happened, if it is none.
    fn short<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, this) = (slf.py(), slf.get());
        let Some(parts) = this.parts.get() else {
            return Ok(None);
        };
        let Some(asked) = Asked::read(kwargs) else {
            return Ok(None);
        };
        let Some(started) = this.start(parts, method, url, &asked)? else {
            return Ok(None);
        };
        let Started {
            room,
            me,
            token,
            begun,
            url: whole,
            name,
        } = started;
        let exchange = room.get().park(me, token, begun.get())?;
        let plain = parts.plain.get();
        let sent = if matches!(text(method), Some("GET" | "HEAD")) {
            plain.bare.bind(py)
        } else {
            plain.empty.bind(py)
        };
        let exchange = exchange.map(|exchange| exchange.into_bound(py));
        if let Some(exchange) = &exchange
            && let Some(response) =
                Self::finish(slf, parts, exchange, &begun, &whole, sent, &asked)?
        {
            return Ok(Some(response));
        }
        let options = if asked.follow {
            &plain.follow
        } else {
            &plain.stay
        };
        let kwargs = PyDict::new(py);
        kwargs.set_item(intern!(py, "allow_redirects"), asked.follow)?;
        let ended = (
            exchange,
            begun,
            whole,
            sent,
            options,
            url,
            name,
            asked.catch_response,
            PyDict::new(py),
            kwargs,
        );
        slf.call_method1(intern!(py, "_ended"), ended).map(Some)
    }

    /// Whether a call of `get` comes here and goes on to our `request`.
    fn is_plain_kind(slf: &Bound<'_, Self>) -> bool {
        let parts = slf.get().parts.get();
        parts.is_some_and(|parts| slf.get_type().is(&parts.plain.get().kind))
    }
}

#[pymethods]
impl PySession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            parts: OnceLock::new(),
            room: Mutex::default(),
        }
    }

    /// Opens the short way for this session: `own` is its `__dict__`.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (plain, own, client, record, user, /))]
    fn _open(
        &self,
        plain: Py<PyPlain>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let parts = Parts {
            plain,
            own,
            client,
            record,
            user,
        };
        self.parts
            .set(parts)
            .map_err(|_| PyRuntimeError::new_err("the session has a short way already"))
    }

    /// As `locust.clients.HttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, catch_response=False, context={}, *, data=None, json=None, **kwargs)")]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if args.len() == 2 && Self::is_plain_kind(slf) {
            let (method, url) = (args.get_item(0)?, args.get_item(1)?);
            if let Some(response) = Self::short(slf, &method, &url, kwargs)? {
                return Ok(response);
            }
        }
        slf.call_method(intern!(slf.py(), "_request"), args, kwargs)
    }

    /// As `locust.clients.HttpSession.get`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, *, data=None, json=None, **kwargs)")]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if args.len() == 1 && Self::is_plain_kind(slf) {
            let method = intern!(py, "GET");
            if let Some(response) = Self::short(slf, method.as_any(), &args.get_item(0)?, kwargs)? {
                return Ok(response);
            }
        }
        slf.call_method(intern!(py, "_get"), args, kwargs)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(parts) = self.parts.get() {
            visit.call(&parts.plain)?;
            visit.call(&parts.own)?;
            visit.call(&parts.user)?;
        }
        Ok(())
    }
}
