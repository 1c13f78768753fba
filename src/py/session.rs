//! Session for Python: the base of `HttpSession`, which sends plain requests from the call to the answer without a
//! Python frame, and hands all others to Python.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple, PyType};

use super::asked::Asked;
use super::begun::PyBegun;
use super::body;
use super::client::{PyClient, PyFields, PyOptions};
use super::dress::{Dress, Wardrobe};
use super::plain::{Long, Parts, PyPlain};
use super::record::PyRecord;
use super::response::PyExchange;
use super::room::{Known, PyRoom};
use super::sent::{Body, PySent};
use super::urls::{Call, text};
use crate::http::Verify;

/// How an `HttpSession` sends what needs little preparation, as long as nobody has touched more of it than that.
#[pyclass(frozen, name = "HttpPlain", module = "locust_native._core")]
pub struct PyHttpPlain {
    plain: Py<PyPlain>,
    wardrobe: Wardrobe,
    /// How redirects are followed, and how not; the same for those who accept any certificate.
    verified: [Py<PyOptions>; 2],
    unverified: [Py<PyOptions>; 2],
    /// How many attributes of its own a session has that nobody has touched.
    attributes: usize,
    /// What goes out with a method that has no body, and with one that has an empty one.
    bare: Py<PySent>,
    empty: Py<PySent>,
    /// The functions that warn of a certificate nobody looked at, and that look at a jar somebody may have changed.
    warn: Py<PyAny>,
    check_cookies: Py<PyAny>,
}

#[pymethods]
impl PyHttpPlain {
    #[new]
    #[pyo3(signature = (plain, pairs, fields, headers, verified, unverified, attributes, bare, empty, warn, check_cookies, /))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        plain: Py<PyPlain>,
        pairs: Py<PyList>,
        fields: &PyFields,
        headers: Py<PyType>,
        verified: (Py<PyOptions>, Py<PyOptions>),
        unverified: (Py<PyOptions>, Py<PyOptions>),
        attributes: usize,
        bare: Py<PySent>,
        empty: Py<PySent>,
        warn: Py<PyAny>,
        check_cookies: Py<PyAny>,
    ) -> Self {
        Self {
            plain,
            wardrobe: Wardrobe {
                pairs,
                fields: Arc::clone(&fields.0),
                kind: headers,
            },
            verified: verified.into(),
            unverified: unverified.into(),
            attributes,
            bare,
            empty,
            warn,
            check_cookies,
        }
    }
}

/// The base of `HttpSession`.
#[pyclass(frozen, subclass, name = "HttpSession", module = "locust_native._core")]
pub struct PyHttpSession {
    parts: OnceLock<(Parts, Py<PyHttpPlain>)>,
    known: Known,
}

/// The body of a request; None where it takes Python to make it.
fn body_of(parts: &Parts, asked: &Asked<'_>) -> PyResult<Option<Option<Body>>> {
    if let Some(data) = &asked.data
        && data.is_truthy()?
    {
        let Ok(data) = data.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        let form = body::encode_form(data)?;
        return Ok(form.map(|form| Some(Body::Form(form.into()))));
    }
    let Some(value) = &asked.json else {
        return Ok(Some(None));
    };
    let document = parts.document(value, false)?;
    Ok(document.map(|document| Some(Body::Json(document))))
}

/// A request that was started, to be waited for.
struct Started<'py> {
    /// Its greenlet, by its address.
    me: usize,
    room: Py<PyRoom>,
    token: crate::engine::Token,
    begun: Bound<'py, PyBegun>,
    url: Bound<'py, PyString>,
    /// Under which name, if the call or `rename_request` gave it one.
    name: Bound<'py, PyAny>,
    sent: Bound<'py, PySent>,
    /// Whether any certificate would do, of which urllib3 warns.
    unverified: bool,
}

impl PyHttpSession {
    /// How the request is dressed, and how it is sent; None where that takes the long way.
    fn dress<'py>(
        slf: &Bound<'py, Self>,
        (parts, http): (&Parts, &PyHttpPlain),
        asked: &Asked<'py>,
    ) -> PyResult<Option<(Dress<'py>, Bound<'py, PyOptions>)>> {
        let py = slf.py();
        let touched = |name| -> PyResult<_> {
            match parts.own.bind(py).len() == http.attributes {
                true => Ok(None),
                false => parts.get(name),
            }
        };
        let headers = touched(intern!(py, "headers"))?;
        let cookies = touched(intern!(py, "cookies"))?;
        let verify = touched(intern!(py, "verify"))?;
        let known = [&headers, &cookies, &verify];
        let known = known.iter().filter(|own| own.is_some()).count();
        if parts.own.bind(py).len() != http.attributes + known {
            return Ok(None);
        }
        let Some(dress) = http
            .wardrobe
            .merged(py, headers.as_ref(), asked.headers.as_ref())?
        else {
            return Ok(None);
        };
        // What these two raise, they raise again on the long way, where it is understood.
        if let Some(cookies) = cookies
            && http.check_cookies.bind(py).call1((cookies,)).is_err()
        {
            return Ok(None);
        }
        let given = |verify: &Bound<'py, PyAny>| !verify.is_none();
        let verify = asked.verify.clone().filter(given).or(verify);
        let trusting = match &verify {
            None => Some(false),
            Some(verify) => verify.cast_exact::<PyBool>().ok().map(|it| !it.is_true()),
        };
        let options = match (trusting, &asked.timeout) {
            (Some(false), None) => http.verified[usize::from(asked.stay)].bind(py).clone(),
            (Some(true), None) => http.unverified[usize::from(asked.stay)].bind(py).clone(),
            _ => {
                let told = (&asked.verify, &asked.timeout, !asked.stay);
                let found = slf.call_method1(intern!(py, "_simple_options"), told);
                match found.map(|found| found.cast_into::<PyOptions>().ok()) {
                    Ok(Some(options)) => options,
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some((dress, options)))
    }

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
        let Some(asked) = Asked::read(kwargs) else {
            return Ok(());
        };
        let (py, plain, http) = (slf.py(), parts.plain.get(), http.get());
        let name = parts.name(py, &asked)?.or_else(|| asked.name.clone());
        let name = name.unwrap_or_else(|| py.None().into_bound(py));
        let explicit = intern!(py, "explicit_name");
        if !parts.get(explicit)?.is_some_and(|known| known.is(&name)) {
            parts.own.bind(py).set_item(explicit, &name)?;
        }
        let trusting = parts.get(intern!(py, "trust_env"))?;
        if !trusting.is_some_and(|trust| trust.is(PyBool::new(py, false))) || !parts.in_order(py)? {
            return Ok(());
        }
        let (Some(base), Some(body), Some((dress, options))) = (
            parts.get(intern!(py, "base_url"))?,
            body_of(parts, &asked)?,
            Self::dress(slf, (parts, http), &asked)?,
        ) else {
            return Ok(());
        };
        // requests announces the empty body of all other methods.
        let bodiless = body.is_none() && matches!(text(method), Some("GET" | "HEAD"));
        if dress.of_body && !bodiless {
            return Ok(()); // the body's own fields would have to be placed among those given
        }
        let sent = match (&body, dress.shown) {
            (Some(body), shown) => {
                let head = shown.map_or_else(|| http.bare.get().head(py), Bound::unbind);
                Bound::new(py, PySent::of(py, head, body.clone()))?
            }
            (None, shown) => {
                let alike = if bodiless { &http.bare } else { &http.empty };
                match shown {
                    Some(head) => Bound::new(py, alike.get().under(py, head.unbind()))?,
                    None => alike.bind(py).clone(),
                }
            }
        };
        let content_type = match &body {
            Some(body) => Some(body.kind()),
            None => (!bodiless).then_some(""),
        };
        let me = plain.current.bind(py).call0()?;
        let room = slf.get().known.room(&plain.here, &me)?;
        let queue = room.get().line(py)?;
        let started = plain.urls.get().send(Call {
            client: parts.client.get(),
            queue: queue.get(),
            record: parts.record.get(),
            head: &dress.fields,
            options: options.get(),
            method,
            base: &base,
            url,
            name: &name,
            body: body.map_or_else(Bytes::new, Body::into_octets),
            content_type,
        })?;
        let Some((token, begun, url)) = started else {
            return Ok(());
        };
        let begun = Bound::new(py, begun)?;
        *into = Some(Started {
            me: room.get().enter(me, token)?,
            room,
            token,
            begun,
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
        (ended, asked): (&Started<'py>, &Asked<'py>),
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, plain) = (slf.py(), parts.plain.get());
        let answer = exchange.get();
        let counted = parts.is_native(py)?
            && (!asked.stay || answer.code() < 300)
            && if asked.catch_response {
                answer.is_good()
            } else {
                let event = parts.get(intern!(py, "request_event"))?;
                match event {
                    Some(event) => plain.short.get().count(&event, ended.begun.get(), answer)?,
                    None => false,
                }
            };
        if !counted {
            return Ok(None);
        }
        let told = (
            exchange,
            slf,
            &ended.begun,
            &ended.sent,
            &ended.url,
            PyDict::new(py),
            asked.catch_response,
            asked.stay,
        );
        plain.response.bind(py).call1(told).map(Some)
    }

    /// The whole of a request: by the short way, if it is plain, else by the long one.
    fn send<'py>(
        slf: &Bound<'py, Self>,
        (method, url): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        long: Long<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut started = None;
        Self::start(slf, (method, url), long.kwargs, &mut started)?;
        let Some(started) = started else {
            return long.go(slf);
        };
        let came = started.room.get().come_back(slf.py(), started.token);
        Self::end(slf, url, &started, came, long.kwargs)
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
        let (py, asked) = (slf.py(), Asked::read(kwargs).unwrap_or_default());
        let room = started.room.get();
        let exchange = room.leave((started.me, started.token), came, &started.begun)?;
        let exchange = exchange.map(|exchange| exchange.into_bound(py));
        let known = slf.get().parts.get();
        if let (Some(exchange), Some((_, http)), true) = (&exchange, known, started.unverified) {
            http.get().warn.bind(py).call1((exchange,))?;
        }
        if let Some(exchange) = &exchange
            && let Some((parts, _)) = known
            && let Some(response) = Self::finish(slf, parts, exchange, (started, &asked))?
        {
            return Ok(response);
        }
        let told = (
            exchange,
            &started.begun,
            &started.url,
            &started.sent,
            url,
            &started.name,
            asked.catch_response,
            PyDict::new(py),
            asked.passed_on(py)?,
        );
        slf.call_method1(intern!(py, "_ended"), told)
    }

    /// A call of the method for this verb.
    fn by<'py>(
        slf: &Bound<'py, Self>,
        verb: &Bound<'py, PyString>,
        long: Long<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match long.args.iter_borrowed().next() {
            Some(url) if long.args.len() == 1 && Self::is_plain_kind(slf) => {
                Self::send(slf, (verb, &url), long)
            }
            _ => long.go(slf),
        }
    }

    /// Whether a call of `get` comes here and goes on to our `request`.
    fn is_plain_kind(slf: &Bound<'_, Self>) -> bool {
        let parts = slf.get().parts.get();
        parts.is_some_and(|(parts, _)| slf.get_type().is(&parts.plain.get().kind))
    }
}

#[pymethods]
impl PyHttpSession {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            parts: OnceLock::new(),
            known: Known::default(),
        }
    }

    /// Opens the short way for this session: `own` is its `__dict__`.
    ///
    /// # Errors
    /// RuntimeError if it is open.
    #[pyo3(signature = (plain, own, client, record, user, /))]
    fn _open(
        &self,
        py: Python<'_>,
        plain: Py<PyHttpPlain>,
        own: Py<PyDict>,
        client: Py<PyClient>,
        record: Py<PyRecord>,
        user: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let parts = Parts {
            plain: plain.get().plain.clone_ref(py),
            own,
            client,
            record,
            user,
        };
        self.parts
            .set((parts, plain))
            .map_err(|_| PyRuntimeError::new_err("the session has a short way already"))
    }

    /// As `locust.clients.HttpSession.request`; the response time (ms) is read on the I/O thread.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, method, url, name=None, catch_response=False, context={}, *, data=None, json=None, **kwargs)")]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_request");
        let long = Long { name, args, kwargs };
        let mut given = args.iter_borrowed();
        match (given.next(), given.next(), given.next()) {
            (Some(method), Some(url), None) if Self::is_plain_kind(slf) => {
                Self::send(slf, (&method, &url), long)
            }
            _ => long.go(slf),
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
        Self::by(slf, intern!(slf.py(), "GET"), Long { name, args, kwargs })
    }

    /// As `locust.clients.HttpSession.post`.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, url, data=None, json=None, **kwargs)")]
    fn post<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = intern!(slf.py(), "_post");
        Self::by(slf, intern!(slf.py(), "POST"), Long { name, args, kwargs })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.parts.get() {
            Some((parts, _)) => parts.traverse(&visit),
            None => Ok(()),
        }
    }
}
