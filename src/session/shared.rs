//! What the sessions of gevent's users share: from a call to a request under way, the wait for it, and its end.

use bytes::Bytes;
use engine::http::{Request, Verify};
use engine::runtime::Token;
use pyo3::PyClass;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::guard::patch_guard::PyPatchGuard;
use crate::guard::sole_listener::PySoleListener;
use crate::guard::type_cache::{CachedClassAttrs, CachedKey};
use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::call_args::CallArgs;
use crate::request::client::PyClient;
use crate::request::encode;
use crate::request::prepared::Prepared;
use crate::response::exchange::PyExchange;
use crate::seam::cpython;
use crate::wait::greenlets::{LastWaiters, PyGreenletWaiters};

/// What all sessions of one class have in common.
#[pyclass(frozen, name = "SessionClass", module = "locust_native._core")]
pub struct PySessionClass {
    /// The steps of stock's client that ours takes the place of, and what besides where JSON is sent.
    steps: Py<PyPatchGuard>,
    json: Py<PyPatchGuard>,
    /// Our `request`, by way of which the verbs go.
    request: CachedClassAttrs,
    /// `User.context`, which adds nothing.
    context: CachedClassAttrs,
    /// The classes of what a call returns.
    pub response: Py<PyAny>,
    pub caught: Py<PyAny>,
    /// The function that gives the current hub's waiters, and gevent's `getcurrent`.
    waiters: Py<PyAny>,
    getcurrent: Py<PyAny>,
    /// None on a Locust whose counter is not known: each request is an event then.
    sole_listener: Option<Py<PySoleListener>>,
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
            context: attribute("context", context),
            response,
            caught,
            waiters,
            getcurrent,
            sole_listener,
            native: CachedKey::interned(py, "_native"),
            request_event: CachedKey::interned(py, "request_event"),
            request_name: CachedKey::interned(py, "request_name"),
        }
    }
}

/// What one session has of its own.
pub struct Shared {
    pub class: Py<PySessionClass>,
    /// Its `__dict__`.
    pub own: Py<PyDict>,
    pub client: Py<PyClient>,
    pub record: Py<PyRecord>,
    pub user: Option<Py<PyAny>>,
    /// Whether the timings of each request belong into the context of its event.
    pub timed: bool,
}

impl Shared {
    /// Whether the native client still is the one that sends.
    pub fn is_native(&self, py: Python<'_>) -> PyResult<bool> {
        let native = self.class.get().native.get(self.own.bind(py))?;
        Ok(native.is_some_and(|native| native.is(&self.client)))
    }

    /// Whether no step has been replaced of those that ours take the place of.
    pub fn is_unpatched(&self, session: &Bound<'_, PyAny>) -> PyResult<bool> {
        let steps = self.class.get().steps.get();
        Ok(self.is_native(session.py())? && steps.holds(&session.get_type()))
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
        match self.class.get().request_name.get(self.own.bind(py))? {
            Some(renamed) if renamed.is_truthy()? => Ok(Some(renamed)),
            _ => Ok(None),
        }
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
        let user = user.bind(py);
        let replaced = match cpython::instance_dict(user) {
            Some(own) => own.contains(intern!(py, "context"))?,
            None => true,
        };
        Ok(!replaced && self.class.get().context.holds_for_objects(&user.get_type()))
    }

    /// The context of the event, where it holds nothing; None where Python puts it together.
    pub fn empty_context<'py>(
        &self,
        py: Python<'py>,
        given: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let nothing = match given {
            None => true,
            Some(given) => given.cast_exact::<PyDict>().is_ok_and(|it| it.is_empty()),
        };
        let plain = nothing && !self.timed && self.has_stock_context(py)?;
        Ok(plain.then(|| PyDict::new(py)))
    }

    /// Counts a good answer as Locust's listener would have; false, without side effects, if anything but that listens.
    pub fn count(
        &self,
        tracker: &PyRequestTracker,
        answer: &Bound<'_, PyExchange>,
    ) -> PyResult<bool> {
        let (py, class) = (answer.py(), self.class.get());
        let Some(listener) = &class.sole_listener else {
            return Ok(false);
        };
        match class.request_event.get(self.own.bind(py))? {
            Some(event) => listener.get().count(&event, tracker, answer.get()),
            None => Ok(false),
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.own)?;
        visit.call(&self.user)
    }
}

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

    /// Whether its own `request` has been replaced, by which stock's verbs go.
    fn has_own_request(&self, own: &Bound<'_, PyDict>) -> PyResult<bool>;

    /// The request of a call; None, without side effects, if Python must prepare it.
    fn prepare<'py>(
        slf: &Bound<'py, Self>,
        shared: &Shared,
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
        (Some(method), Some(url), None) => send(slf, (&method, &url), slow),
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
        Some(url) if slow.args.len() == 1 && goes_on(slf)? => send(slf, (method, &url), slow),
        _ => slow.call(slf.as_any()),
    }
}

/// Whether a verb goes on to our `request`, and not to one of somebody's.
fn goes_on<S: Session>(slf: &Bound<'_, S>) -> PyResult<bool> {
    let session = slf.get();
    let Some(shared) = session.shared() else {
        return Ok(false);
    };
    Ok(shared.class.get().request.holds(&slf.as_any().get_type())
        && !session.has_own_request(shared.own.bind(slf.py()))?)
}

/// By the fast path, if the request can be prepared here, else by Python's.
fn send<'py, S: Session>(
    slf: &Bound<'py, S>,
    target: (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    slow: SlowPath<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut started = None;
    begin(slf, target, slow.kwargs, &mut started)?;
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
    into: &mut Option<Started<'py>>,
) -> PyResult<()> {
    if let Some(shared) = slf.get().shared()
        && let Some(call_args) = CallArgs::read(kwargs)
        && let Some(prepared) = S::prepare(slf, shared, target, &call_args)?
    {
        *into = Some(submit(slf.get(), shared, prepared)?);
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
