//! What the sessions of gevent's users share: from a call to a request under way, the wait for it, and its end.

use std::mem;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use engine::http::{Request, Verify};
use engine::runtime::Token;
use engine::sync::lock;
use pyo3::PyClass;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple};

use crate::guard::key_set::REQUEST;
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
    context: Py<PyAny>,
    /// The classes of what a call returns.
    pub response: Py<PyAny>,
    pub caught: Py<PyAny>,
    /// The function that gives the current hub's waiters, and gevent's `getcurrent`.
    waiters: Py<PyAny>,
    getcurrent: Py<PyAny>,
    /// None on a Locust whose counter is not known: each request is an event then.
    sole_listener: Option<Py<PySoleListener>>,
    base_url: CachedKey,
    explicit_name: CachedKey,
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
            context,
            response,
            caught,
            waiters,
            getcurrent,
            sole_listener,
            base_url: CachedKey::interned(py, "base_url"),
            explicit_name: CachedKey::interned(py, "explicit_name"),
            native: CachedKey::interned(py, "_native"),
            request_event: CachedKey::interned(py, "request_event"),
            request_name: CachedKey::interned(py, "request_name"),
        }
    }
}

/// What a session's own attributes say.
#[derive(Default)]
pub struct Attributes {
    pub base_url: Option<Py<PyAny>>,
    request_event: Option<Py<PyAny>>,
    /// None if it is empty.
    request_name: Option<Py<PyAny>>,
    /// Whether the native client still is the one that sends.
    native: bool,
    /// Whether the environment (proxies, `.netrc`) is not asked.
    pub ignores_env: bool,
    /// Those that take part in its requests, as bits of its rules.
    pub touched: u32,
}

impl Attributes {
    fn read(shared: &Shared, own: &Bound<'_, PyDict>, touched: u32) -> PyResult<Self> {
        let (py, class) = (own.py(), shared.class.get());
        let get = |key: &CachedKey| Ok::<_, PyErr>(key.get(own)?.map(Bound::unbind));
        let native = class.native.get(own)?;
        let trusting = own.get_item(intern!(py, "trust_env"))?;
        let renamed = class.request_name.get(own)?;
        let renamed = match renamed {
            Some(name) if name.is_truthy()? => Some(name.unbind()),
            _ => None,
        };
        Ok(Self {
            base_url: get(&class.base_url)?,
            request_event: get(&class.request_event)?,
            request_name: renamed,
            native: native.is_some_and(|native| native.is(&shared.client)),
            ignores_env: trusting.is_some_and(|trust| trust.is(PyBool::new(py, false))),
            touched,
        })
    }

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.base_url)?;
        visit.call(&self.request_event)?;
        visit.call(&self.request_name)
    }
}

/// The attributes as they were read last, and at which version of the session's `__dict__`: they are read anew after any
/// change, and every time where changes cannot be told (version 0).
#[derive(Default)]
pub struct CachedAttributes(Mutex<(u64, Arc<Attributes>)>);

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
    /// Whether changes of `own` can be told.
    pub watched: bool,
    pub attributes: CachedAttributes,
}

impl Shared {
    /// What the session's attributes say now.
    pub fn attributes<S: Session>(&self, session: &S, py: Python<'_>) -> PyResult<Arc<Attributes>> {
        let own = self.own.bind(py);
        let version = self.version(own);
        {
            let known = lock(&self.attributes.0);
            if version != 0 && known.0 == version {
                return Ok(Arc::clone(&known.1));
            }
        }
        let read = Arc::new(Attributes::read(self, own, session.touched(own)?)?);
        let before = mem::replace(&mut *lock(&self.attributes.0), (version, Arc::clone(&read)));
        drop(before);
        Ok(read)
    }

    /// Whether no step has been replaced of those that ours take the place of, and the native client sends.
    pub fn is_unpatched(&self, session: &Bound<'_, PyAny>, attributes: &Attributes) -> bool {
        let steps = self.class.get().steps.get();
        attributes.native && steps.holds(&session.get_type())
    }

    /// Whether the native client still is the one that sends.
    pub fn is_native(&self, attributes: &Attributes) -> bool {
        attributes.native
    }

    /// Notes under which name a request was asked for, as stock's client does.
    pub fn set_explicit_name(&self, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let own = self.own.bind(name.py());
        let known = self.class.get().explicit_name.get(own)?;
        if known.as_ref().is_some_and(|known| known.is(name)) {
            return Ok(());
        }
        // No attribute that is cached: they need not be read again. What `known` holds is freed after that.
        let before = self.version(own);
        own.set_item(intern!(name.py(), "explicit_name"), name)?;
        let mut cached = lock(&self.attributes.0);
        if before != 0 && cached.0 == before {
            cached.0 = self.version(own);
        }
        Ok(())
    }

    /// The version of the attributes; 0 where changes cannot be told.
    fn version(&self, own: &Bound<'_, PyDict>) -> u64 {
        match self.watched {
            true => cpython::instance_version(own),
            false => 0,
        }
    }

    /// The name that the call, else `rename_request`, has for the request, if it is not empty.
    pub fn name<'py>(
        attributes: &Attributes,
        py: Python<'py>,
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(name) = &call_args.name
            && name.is_truthy()?
        {
            return Ok(Some(name.clone()));
        }
        Ok(attributes
            .request_name
            .as_ref()
            .map(|name| name.bind(py).clone()))
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
        // Not by the user's `__dict__`: to ask for that makes one, and Python's own look-ups slower from then on.
        let context = user.bind(py).getattr(intern!(py, "context"))?;
        let function = context.getattr_opt(intern!(py, "__func__"))?;
        Ok(function.is_some_and(|function| function.is(&self.class.get().context)))
    }

    /// Whether the context of the event holds nothing; if not, Python puts it together.
    pub fn has_empty_context(
        &self,
        py: Python<'_>,
        given: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let nothing = match given {
            None => true,
            Some(given) => given.cast_exact::<PyDict>().is_ok_and(|it| it.is_empty()),
        };
        Ok(nothing && !self.timed && self.has_stock_context(py)?)
    }

    /// Counts a good answer as Locust's listener would have; false, without side effects, if anything but that listens.
    pub fn count(
        &self,
        attributes: &Attributes,
        tracker: &PyRequestTracker,
        answer: &Bound<'_, PyExchange>,
    ) -> PyResult<bool> {
        match (&self.class.get().sole_listener, &attributes.request_event) {
            (Some(listener), Some(event)) => {
                let event = event.bind(answer.py());
                listener.get().count(event, tracker, answer.get())
            }
            _ => Ok(false),
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.own)?;
        visit.call(&self.user)?;
        match self.attributes.0.try_lock() {
            Ok(known) => known.1.visit(visit),
            Err(_) => Ok(()),
        }
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
    let attributes = shared.attributes(session, slf.py())?;
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
