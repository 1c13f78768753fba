//! What the sessions of gevent's users share: from a call to a request under way, the wait for it, and its end.

use engine::http::{Request, Verify};
use engine::runtime::Token;
use pyo3::PyClass;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::guard::key_set::REQUEST;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::prepared::Prepared;
use crate::response::exchange::PyExchange;
use crate::session::class::{Attributes, Shared};
use crate::wait::greenlets::{LastWaiters, PyGreenletWaiters};

/// A request under way, for which the current greenlet is parked.
pub struct Started<'py> {
    /// Its greenlet, by its address.
    me: usize,
    waiters: Py<PyGreenletWaiters>,
    token: Token,
    pub tracker: Bound<'py, PyRequestTracker>,
    /// The name it was given, if it was given one.
    pub explicit_name: Option<Bound<'py, PyAny>>,
    /// The whole URL.
    pub url: Bound<'py, PyString>,
    /// For `response.request`.
    pub sent: Bound<'py, PyAny>,
    /// Whether any certificate would do, of which urllib3 warns.
    pub unverified: bool,
}

/// A session class: what differs between the clients of `HttpUser` and of `FastHttpUser`.
pub trait Session: PyClass<Frozen = True> + Sync + Sized {
    /// What is known of a session once its `__init__` has opened it.
    fn shared(&self) -> Option<&Shared>;

    /// The waiters of its last request.
    fn last(&self) -> &LastWaiters;

    /// Those of its attributes that take part in its requests, as bits of its rules.
    fn touched(&self, own: &Bound<'_, PyDict>) -> PyResult<u32>;

    /// The request of a call; None, without side effects, if Python must prepare it.
    fn prepare<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        attributes: &Attributes,
        target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Prepared<'py>>>;

    /// What the call returns; `came` is what came of the wait.
    fn end<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
        started: &Started<'py>,
        came: PyResult<Option<Bound<'py, PyExchange>>>,
        target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// Starts a request, and parks the current greenlet for it.
pub fn submit<'py, S: Session>(
    session: &S,
    shared: &Shared,
    prepared: Prepared<'py>,
) -> PyResult<Started<'py>> {
    let (py, class) = (prepared.url.py(), shared.class.get());
    let Prepared {
        request,
        method,
        name,
        explicit_name,
        url,
        sent,
    } = prepared;
    let me = class.getcurrent.bind(py).call0()?;
    let waiters = session.last().get(&class.waiters, &me)?;
    let queue = waiters.get().open_queue(py)?;
    let unverified = is_unverified(&request);
    let tracker = Bound::new(
        py,
        PyRequestTracker::new(shared.record.get(), &method, &name)?,
    )?;
    let token = shared.client.get().send(queue.get(), request)?;
    Ok(Started {
        me: waiters.get().park(me, token)?,
        waiters,
        token,
        tracker,
        explicit_name,
        url,
        sent,
        unverified,
    })
}

/// Whether any certificate would do.
pub fn is_unverified(request: &Request) -> bool {
    request.options.verify == Verify::Nothing
}

impl<'py> Started<'py> {
    /// Runs other greenlets until it has been answered.
    pub fn block(&self) -> PyResult<()> {
        self.waiters.get().block(self.url.py(), self.token)
    }

    /// The exchange, None if its task vanished; or what was thrown into the greenlet meanwhile.
    pub fn finish(&self, came: PyResult<()>) -> PyResult<Option<Bound<'py, PyExchange>>> {
        let waiters = self.waiters.get();
        let exchange = waiters.finish((self.me, self.token), came, &self.tracker)?;
        Ok(exchange.map(|exchange| exchange.into_bound(self.url.py())))
    }
}

/// A call as it came, and the method of Python's for those that are not prepared natively.
pub struct SlowPath<'a, 'py> {
    pub name: &'a Bound<'py, PyString>,
    pub args: &'a Bound<'py, PyTuple>,
    pub kwargs: Option<&'a Bound<'py, PyDict>>,
}

impl<'py> SlowPath<'_, 'py> {
    /// Has Python do it.
    #[inline(never)]
    fn call(&self, session: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        session.call_method(self.name, self.args, self.kwargs)
    }

    /// What the fast path has raised, as if it had left stock's method, which is then in its traceback.
    #[cold]
    #[inline(never)]
    fn with_stock_frame(&self, session: &Bound<'py, PyAny>, error: PyErr) -> PyErr {
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

/// A call of `request`: the whole of the request.
pub fn request<'py, S: Session>(
    slf: &Bound<'py, S>,
    slow: SlowPath<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut given = slow.args.iter_borrowed();
    match (given.next(), given.next(), given.next()) {
        (Some(method), Some(url), None) => send(slf, (&method, &url), slow, false),
        _ => slow.call(slf.as_any()),
    }
}

/// A call of the method for this verb, which stock's goes on to `request` with.
pub fn verb<'py, S: Session>(
    slf: &Bound<'py, S>,
    method: &Bound<'py, PyString>,
    slow: SlowPath<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    match slow.args.iter_borrowed().next() {
        Some(url) if slow.args.len() == 1 => send(slf, (method, &url), slow, true),
        _ => slow.call(slf.as_any()),
    }
}

/// By the fast path, if the request can be prepared here, else by Python's; `verb`: whether a verb was called.
fn send<'py, S: Session>(
    slf: &Bound<'py, S>,
    target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    slow: SlowPath<'_, 'py>,
    verb: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let mut started = None;
    begin(slf, target, slow.kwargs, verb, &mut started)?;
    let Some(started) = started else {
        return slow.call(slf.as_any());
    };
    let came = started.block();
    end(slf, target, &started, came, slow.kwargs)
        .map_err(|error| slow.with_stock_frame(slf.as_any(), error))
}

/// Starts the request natively and fills `into`; leaves it None, without side effects, if Python must prepare it.
#[inline(never)] // what it needs of the stack is gone before the greenlet is parked
fn begin<'py, S: Session>(
    slf: &Bound<'py, S>,
    target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    kwargs: Option<&Bound<'py, PyDict>>,
    verb: bool,
    into: &mut Option<Started<'py>>,
) -> PyResult<()> {
    let session = slf.get();
    let (Some(shared), Some(call_args)) = (session.shared(), CallArgs::read(kwargs)) else {
        return Ok(());
    };
    let attributes = shared.attributes(slf.py(), |own| session.touched(own))?;
    // A verb goes on to `request`, which may be one of somebody's.
    let kind = slf.as_any().get_type();
    let other_request =
        || attributes.touched & REQUEST != 0 || !shared.class.get().request.holds(&kind);
    if verb && other_request() {
        return Ok(());
    }
    if let Some(prepared) = S::prepare(slf, shared, &attributes, target, &call_args)? {
        *into = Some(submit(session, shared, prepared)?);
    }
    Ok(())
}

#[inline(never)]
fn end<'py, S: Session>(
    slf: &Bound<'py, S>,
    target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    started: &Started<'py>,
    came: PyResult<()>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call_args = CallArgs::read(kwargs).unwrap_or_default();
    let shared = opened(slf.get())?;
    S::end(
        slf,
        shared,
        started,
        started.finish(came),
        target,
        &call_args,
    )
}

/// What is known of an opened session.
///
/// # Errors
/// RuntimeError for one whose `__init__` has not run.
pub fn opened<S: Session>(session: &S) -> PyResult<&Shared> {
    session.shared().ok_or_else(not_open)
}

pub fn not_open() -> PyErr {
    PyRuntimeError::new_err("the session's __init__ has not been called")
}

/// For the garbage collector.
pub fn traverse<S: Session>(session: &S, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    match session.shared() {
        Some(shared) => shared.traverse(visit),
        None => Ok(()),
    }
}
