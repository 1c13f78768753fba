//! RequestFuture for Python: what a request of an `AsyncSession` is awaited by: a future to the task that awaits it.

use engine::sync::lock;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::asyncio::{CancelledError, InvalidStateError};
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::metrics::tracker::PyRequestTracker;
use crate::response::exchange::PyExchange;
use crate::wait::asyncio::PyAsyncioWaiters;
use engine::runtime::{Outcome, Token};

/// One request under way. It was started as it was made; awaiting it gives the response, any number of times.
///
/// It has the interface of a coroutine (PEP 492), so that it may be made a task; and to the task that awaits it that of
/// `asyncio.Future` (PEP 3156), so that it need not be one.
#[pyclass(frozen, name = "RequestFuture", module = "locust_native._core")]
pub struct PyRequestFuture {
    pub parts: Parts,
    /// Whether whoever iterates is a task that is about to wait: the protocol between futures and tasks.
    blocking: AtomicBool,
    state: Mutex<State>,
}

/// What a request was, for what is made of its answer.
pub struct Parts {
    pub event_loop: Py<PyAny>,
    pub waiters: Py<PyAsyncioWaiters>,
    pub token: Token,
    pub session: Py<PyAny>,
    pub tracker: Py<PyRequestTracker>,
    pub sent: Py<PyAny>,
    pub url: Py<PyString>,
    /// The class of the response to a request that went well.
    pub response: Py<PyAny>,
    /// Whether the caller judges the response.
    pub catch_response: bool,
    /// Whether any certificate would do, of which urllib3 warns.
    pub unverified: bool,
}

enum State {
    /// Whom to tell, each in its context if it gave one.
    Waiting(Vec<(Py<PyAny>, Option<Py<PyAny>>)>),
    Answered(Py<PyAny>),
    /// What became of it could not be made a response.
    Failed(PyErr),
    Cancelled(Option<Py<PyAny>>),
}

impl PyRequestFuture {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            blocking: AtomicBool::new(false),
            state: Mutex::new(State::Waiting(Vec::new())),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The answer is there: it is counted, made a response, and whoever waits goes on.
    pub fn answer(&self, slf: &Bound<'_, Self>, outcome: Outcome) -> PyResult<()> {
        let py = slf.py();
        let made = match outcome {
            Outcome::Finished(finished) => {
                Py::new(py, PyExchange(finished)).and_then(|it| self.made(slf, Some(it)))
            }
            Outcome::Lost => self.made(slf, None),
        };
        let state = match made {
            Ok(response) => State::Answered(response),
            Err(error) => State::Failed(error),
        };
        self.end(slf, state, true)
    }

    /// The response, counted unless the caller is to judge it.
    fn made(&self, slf: &Bound<'_, Self>, exchange: Option<Py<PyExchange>>) -> PyResult<Py<PyAny>> {
        let (py, parts) = (slf.py(), &self.parts);
        let tracker = parts.tracker.get();
        tracker.answered(exchange.as_ref().map(|exchange| exchange.clone_ref(py)));
        if let Some(exchange) = &exchange
            && exchange.get().is_good()
            && !parts.unverified
            && (parts.catch_response || tracker.went_well(py, exchange.get().milliseconds())?)
        {
            let told = (exchange, &parts.session, &parts.sent, &parts.url);
            return parts.response.call1(py, told);
        }
        parts
            .session
            .call_method1(py, intern!(py, "_judge"), (exchange, slf))
    }

    /// It is over. Tasks go on at once if they may, everything else by way of the loop.
    fn end(&self, slf: &Bound<'_, Self>, state: State, at_once: bool) -> PyResult<()> {
        let py = slf.py();
        let before = mem::replace(&mut *self.state(), state);
        let State::Waiting(callbacks) = before else {
            return Ok(());
        };
        let mut first = Ok(());
        for (callback, context) in callbacks {
            let callback = callback.bind(py);
            let told = match &context {
                Some(context) if at_once && wakes_a_task(callback)? => context
                    .bind(py)
                    .call_method1(intern!(py, "run"), (callback, slf))
                    .map(drop),
                _ => self.call_soon(slf, callback, context.as_ref()),
            };
            first = first.and(told);
        }
        first
    }

    fn call_soon(
        &self,
        slf: &Bound<'_, Self>,
        callback: &Bound<'_, PyAny>,
        context: Option<&Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let event_loop = self.parts.event_loop.bind(py);
        let kwargs = PyDict::new(py);
        if let Some(context) = context {
            kwargs.set_item(intern!(py, "context"), context)?;
        }
        event_loop
            .call_method(intern!(py, "call_soon"), (callback, slf), Some(&kwargs))
            .map(drop)
    }

    /// The response, or the error; None while it is under way.
    fn outcome(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        match &*self.state() {
            State::Waiting(_) => None,
            State::Answered(response) => Some(Ok(response.clone_ref(py))),
            State::Failed(error) => Some(Err(error.clone_ref(py))),
            State::Cancelled(message) => Some(Err(match message {
                Some(message) => CancelledError::new_err((message.clone_ref(py),)),
                None => CancelledError::new_err(()),
            })),
        }
    }
}

/// Whether this is what a task waits by: such a call is the next step of the task, which nothing but a turn of the loop
/// would come before.
fn wakes_a_task(callback: &Bound<'_, PyAny>) -> PyResult<bool> {
    static TASK: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = callback.py();
    let Some(owner) = callback.getattr_opt(intern!(py, "__self__"))? else {
        return Ok(false);
    };
    owner.is_instance(TASK.import(py, "asyncio", "Task")?)
}

#[pymethods]
impl PyRequestFuture {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let own = slf.get();
        match own.outcome(slf.py()) {
            None => {
                own.blocking.store(true, Ordering::Relaxed);
                Ok(slf.clone().into_any().unbind())
            }
            Some(Ok(response)) => Err(PyStopIteration::new_err((response,))),
            Some(Err(error)) => Err(error),
        }
    }

    /// As of a coroutine.
    #[pyo3(signature = (_value, /))]
    fn send(slf: &Bound<'_, Self>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::__next__(slf)
    }

    /// As of a coroutine: the request is given up, if it is under way.
    #[pyo3(signature = (kind, value = None, _trace = None, /))]
    fn throw(
        slf: &Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        _trace: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        Self::cancel(slf, None)?;
        let raised = match value {
            Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => {
                value.clone()
            }
            Some(value) => kind.call1((value,))?,
            None if kind.is_instance_of::<PyType>() => kind.call0()?,
            None => kind.clone(),
        };
        Err(PyErr::from_value(raised))
    }

    /// As of a coroutine: the request is given up, if it is under way.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::cancel(slf, None).map(drop)
    }

    /// Whether it is over.
    fn done(&self) -> bool {
        !matches!(&*self.state(), State::Waiting(_))
    }

    /// Whether it was given up.
    fn cancelled(&self) -> bool {
        matches!(&*self.state(), State::Cancelled(_))
    }

    /// Gives the request up and closes its connection; False if it is over.
    #[pyo3(signature = (msg = None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let own = slf.get();
        if own.done() {
            return Ok(false);
        }
        own.parts.waiters.get().cancel(own.parts.token);
        own.parts.tracker.get().cancel();
        own.end(slf, State::Cancelled(msg), false)?;
        Ok(true)
    }

    /// The response. Raises InvalidStateError while it is under way, CancelledError if it was given up.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.outcome(py)
            .unwrap_or_else(|| Err(InvalidStateError::new_err("Result is not set.")))
    }

    /// None if there is a response. Raises as `result`.
    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let failed = match &*self.state() {
            State::Failed(error) => Some(error.clone_ref(py)),
            _ => None,
        };
        match failed {
            Some(error) => Ok(Some(error.into_value(py).into_any())),
            None => self.result(py).map(|_| None),
        }
    }

    /// Calls `callback` with this, once it is over.
    #[pyo3(signature = (callback, /, *, context = None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let own = slf.get();
        if let State::Waiting(callbacks) = &mut *own.state() {
            callbacks.push((callback, context));
            return Ok(());
        }
        own.call_soon(slf, callback.bind(slf.py()), context.as_ref())
    }

    /// Calls it no more; how often it would have been.
    #[pyo3(signature = (callback, /))]
    fn remove_done_callback(&self, callback: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = callback.py();
        let all = match &mut *self.state() {
            State::Waiting(callbacks) => mem::take(callbacks),
            _ => return Ok(0),
        };
        let count = all.len();
        let mut kept = Vec::with_capacity(count);
        for (each, context) in all {
            if !each.bind(py).eq(callback)? {
                kept.push((each, context));
            }
        }
        let removed = count - kept.len();
        if let State::Waiting(callbacks) = &mut *self.state() {
            kept.append(callbacks);
            *callbacks = kept;
        }
        Ok(removed)
    }

    /// The event loop that the request was started in.
    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.parts.event_loop.clone_ref(py)
    }

    #[getter]
    fn _loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.get_loop(py)
    }

    /// None but for the moment in which a task begins to wait: to all others this is a coroutine, and no future, so that
    /// they make a task of it. `asyncio.wait` takes nothing that is both.
    #[getter(_asyncio_future_blocking)]
    fn is_blocking(&self) -> Option<bool> {
        self.blocking.load(Ordering::Relaxed).then_some(true)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    /// The entry in the record.
    #[getter]
    fn tracker(&self, py: Python<'_>) -> Py<PyRequestTracker> {
        self.parts.tracker.clone_ref(py)
    }

    /// What went out.
    #[getter]
    fn sent(&self, py: Python<'_>) -> Py<PyAny> {
        self.parts.sent.clone_ref(py)
    }

    /// The whole URL.
    #[getter]
    fn url(&self, py: Python<'_>) -> Py<PyString> {
        self.parts.url.clone_ref(py)
    }

    /// Whether the caller judges the response.
    #[getter]
    fn catch_response(&self) -> bool {
        self.parts.catch_response
    }

    /// Whether any certificate would do.
    #[getter]
    fn unverified(&self) -> bool {
        self.parts.unverified
    }

    fn __aenter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// The block is over, by an exception perhaps: what the caller says of the response is counted.
    #[pyo3(signature = (_kind, error, _trace, /))]
    fn __aexit__(
        slf: &Bound<'_, Self>,
        _kind: &Bound<'_, PyAny>,
        error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) -> PyResult<ReadyAwaitable> {
        let (py, parts) = (slf.py(), &slf.get().parts);
        if parts.catch_response {
            let session = parts.session.bind(py);
            session.call_method1(intern!(py, "_judged"), (slf, error))?;
        }
        Ok(ReadyAwaitable)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let state = match &*self.state() {
            State::Waiting(_) => "under way",
            State::Answered(_) => "answered",
            State::Failed(_) => "failed",
            State::Cancelled(_) => "cancelled",
        };
        let method = self.parts.tracker.get().called(py).0.str()?;
        Ok(format!(
            "<RequestFuture {method} {}, {state}>",
            self.parts.url
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.parts.event_loop)?;
        visit.call(&self.parts.waiters)?;
        visit.call(&self.parts.session)?;
        visit.call(&self.parts.sent)?;
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        match &*state {
            State::Waiting(callbacks) => callbacks.iter().try_for_each(|(callback, context)| {
                visit.call(callback)?;
                visit.call(context)
            }),
            State::Answered(response) => visit.call(response),
            State::Failed(_) | State::Cancelled(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let before = mem::replace(&mut *self.state(), State::Cancelled(None));
        drop(before);
    }
}

/// Something to be awaited that is over.
#[pyclass(frozen, name = "ReadyAwaitable", module = "locust_native._core")]
pub struct ReadyAwaitable;

#[pymethods]
impl ReadyAwaitable {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<Py<PyAny>> {
        None
    }
}

/// The error of a session whose requests need a running event loop.
pub fn no_loop() -> PyErr {
    PyRuntimeError::new_err(
        "no running event loop: an AsyncSession is used inside one, as in asyncio.run(main())",
    )
}
