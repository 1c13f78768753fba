//! GreenletWaiters for Python: the greenlets of one gevent hub that wait for requests, parked and switched to again from here.

use engine::sync::lock;
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use foldhash::HashMap;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::metrics::tracker::PyRequestTracker;
use crate::request::queue::PyQueue;
use crate::response::exchange::PyExchange;
use engine::clock::Stamp;
use engine::runtime::{self, Outcome, Token};

thread_local! {
    /// Address of the last greenlet resumed by its hub; consumed by `had_a_turn`. Compared only, never
    /// dereferenced.
    static RESUMED: Cell<usize> = const { Cell::new(0) };
}

/// The requests of one hub that are under way, and the greenlets that wait for them.
#[pyclass(frozen, name = "GreenletWaiters", module = "locust_native._core")]
pub struct PyGreenletWaiters {
    #[pyo3(get)]
    hub: Py<PyAny>,
    /// Its class's `switch`.
    switch: Py<PyAny>,
    /// For how long answers may keep the hub at a stretch.
    stretch: Duration,
    /// Another one in a forked child, where these are left behind.
    generation: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: Option<Py<PyQueue>>,
    watcher: Option<Py<PyAny>>,
    waiters: HashMap<Token, Waiter>,
    /// Answers whose greenlets have not had their turn; at most one for each greenlet that waits.
    ready: VecDeque<(Token, Outcome)>,
    /// The most there ever were.
    longest: usize,
}

struct Waiter {
    greenlet: Py<PyAny>,
    /// What became of its request, once the greenlet has its turn for that.
    outcome: Option<Outcome>,
}

impl PyGreenletWaiters {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Whether requests of this hub's greenlets may wait here; not in a child of the process that it is of.
    pub fn belongs_to(&self, hub: &Bound<'_, PyAny>) -> bool {
        self.hub.is(hub) && self.generation == runtime::generation() && self.state().queue.is_some()
    }

    /// The queue on which a request has to be started to be waited for here.
    ///
    /// # Errors
    /// RuntimeError where they are closed.
    pub fn open_queue(&self, py: Python<'_>) -> PyResult<Py<PyQueue>> {
        let queue = self.state().queue.as_ref().map(|queue| queue.clone_ref(py));
        queue.ok_or_else(|| {
            PyRuntimeError::new_err("the thread whose greenlets wait here has ended")
        })
    }

    /// The watcher counts as a reason for the loop to go on only while somebody waits.
    fn hold_loop(&self, py: Python<'_>, held: bool) -> PyResult<()> {
        let watcher = self.state().watcher.as_ref().map(|w| w.clone_ref(py));
        match watcher {
            Some(watcher) => watcher.bind(py).setattr(intern!(py, "ref"), held),
            None => Ok(()),
        }
    }

    // While a greenlet is parked, a copy of its stack is kept: what needs much of it stands in functions of its own,
    // here and wherever a request passes on its way to `block`.

    /// Has the current greenlet wait for a request, which `block` and then `finish` are to be called for; its
    /// address.
    #[inline(never)]
    pub fn park(&self, me: Bound<'_, PyAny>, token: Token) -> PyResult<usize> {
        let (py, address) = (me.py(), me.as_ptr() as usize);
        let waiter = Waiter {
            greenlet: me.unbind(),
            outcome: None,
        };
        let first = {
            let mut state = self.state();
            state.waiters.insert(token, waiter);
            state.waiters.len() == 1
        };
        if first && let Err(error) = self.hold_loop(py, true) {
            self.cancel(py, token);
            return Err(error);
        }
        Ok(address)
    }

    /// The request is given up and its connection closed.
    fn cancel(&self, py: Python<'_>, token: Token) {
        let (waiter, queue) = {
            let mut state = self.state();
            let queue = state.queue.as_ref().map(|queue| queue.clone_ref(py));
            (state.waiters.remove(&token), queue)
        };
        drop(waiter);
        if let Some(queue) = queue {
            queue.get().inner().cancel(token);
        }
    }

    /// Runs other greenlets until this request has been answered. No lock and no borrow lives across the switch: what
    /// is on the stack then, greenlet puts aside.
    #[inline(never)]
    pub fn block(&self, py: Python<'_>, token: Token) -> PyResult<()> {
        loop {
            self.switch.bind(py).call1((&self.hub,))?;
            // Whoever else switches to this greenlet has nothing for us: only our own answer counts.
            if self.is_over(token) {
                return Ok(());
            }
        }
    }

    #[inline(never)]
    fn is_over(&self, token: Token) -> bool {
        let state = self.state();
        let waiter = state.waiters.get(&token);
        waiter.is_none_or(|waiter| waiter.outcome.is_some())
    }

    /// What became of the request, once `block` has said how it came back; `tracker` is told that it was answered.
    #[inline(never)]
    pub fn finish(
        &self,
        (address, token): (usize, Token),
        came: PyResult<()>,
        tracker: &Bound<'_, PyRequestTracker>,
    ) -> PyResult<Option<Py<PyExchange>>> {
        let py = tracker.py();
        let (waiter, last) = {
            let mut state = self.state();
            let waiter = state.waiters.remove(&token);
            (waiter, state.waiters.is_empty())
        };
        let outcome = waiter.and_then(|waiter| waiter.outcome);
        if last {
            self.hold_loop(py, false)?;
        }
        if let Err(error) = came {
            self.cancel(py, token); // a kill, or a gevent.Timeout
            tracker.get().left();
            return Err(error);
        }
        RESUMED.set(address);
        let exchange = match outcome {
            Some(Outcome::Finished(finished)) => Some(Py::new(py, PyExchange(finished))?),
            Some(Outcome::Lost) | None => None,
        };
        let told = exchange.as_ref().map(|exchange| exchange.clone_ref(py));
        tracker.get().answered(told);
        Ok(exchange)
    }

    /// Takes what has come out of the queue; whether there is anything.
    fn fetch(&self, queue: &PyQueue) -> bool {
        let came = queue.inner().drain();
        let mut state = self.state();
        let State {
            waiters,
            ready,
            longest,
            ..
        } = &mut *state;
        ready.extend(came);
        if ready.len() > waiters.len() {
            // Some have given up on theirs since, and may have asked anew: the queue is never longer than they are many.
            ready.retain(|(token, _)| waiters.contains_key(token));
        }
        *longest = (*longest).max(ready.len());
        !ready.is_empty()
    }

    /// Whose turn it is, and whether there are more behind.
    fn next(&self, py: Python<'_>) -> Option<(Py<PyAny>, bool)> {
        let mut state = self.state();
        let State { waiters, ready, .. } = &mut *state;
        while let Some((token, outcome)) = ready.pop_front() {
            if let Some(waiter) = waiters.get_mut(&token) {
                waiter.outcome = Some(outcome);
                return Some((waiter.greenlet.clone_ref(py), !ready.is_empty()));
            }
        }
        None
    }
}

#[pymethods]
impl PyGreenletWaiters {
    /// `hub`: gevent's; `stretch`: s.
    #[new]
    #[pyo3(signature = (hub, stretch, /))]
    fn new(hub: &Bound<'_, PyAny>, stretch: f64) -> PyResult<Self> {
        let state = State {
            queue: Some(Py::new(hub.py(), PyQueue::new()?)?),
            ..State::default()
        };
        Ok(Self {
            switch: hub
                .get_type()
                .getattr(intern!(hub.py(), "switch"))?
                .unbind(),
            hub: hub.clone().unbind(),
            stretch: Duration::try_from_secs_f64(stretch).unwrap_or_default(),
            generation: runtime::generation(),
            state: Mutex::new(state),
        })
    }

    /// Where requests are started that are waited for here; None once it is closed.
    #[getter]
    fn queue(&self, py: Python<'_>) -> Option<Py<PyQueue>> {
        self.state().queue.as_ref().map(|queue| queue.clone_ref(py))
    }

    /// How many answers wait for their greenlets' turn.
    #[getter]
    fn ready(&self) -> usize {
        self.state().ready.len()
    }

    /// The most that ever did.
    #[getter]
    fn longest(&self) -> usize {
        self.state().longest
    }

    #[setter]
    fn set_longest(&self, longest: usize) {
        self.state().longest = longest;
    }

    /// Has `watcher`, of the hub's loop, watch the queue's descriptor from now on.
    #[pyo3(signature = (watcher, /))]
    fn watch(slf: &Bound<'_, Self>, watcher: &Bound<'_, PyAny>) -> PyResult<()> {
        watcher.setattr(intern!(slf.py(), "ref"), false)?;
        let on_ready = slf.getattr(intern!(slf.py(), "on_ready"))?;
        watcher.call_method1(intern!(slf.py(), "start"), (on_ready,))?;
        let before = slf.get().state().watcher.replace(watcher.clone().unbind());
        drop(before);
        Ok(())
    }

    /// Gives the greenlets of all that has been answered their turns.
    fn on_ready(&self, py: Python<'_>) -> PyResult<()> {
        let Some(queue) = self.queue(py) else {
            return Ok(());
        };
        if !self.fetch(queue.get()) {
            return Ok(()); // asked for a sign of life only
        }
        let began = Stamp::now();
        while let Some((greenlet, more)) = self.next(py) {
            if let Err(error) = greenlet.call_method0(py, intern!(py, "switch")) {
                // What a raw greenlet lets out goes where gevent puts it.
                let told = (
                    greenlet,
                    error.get_type(py),
                    error.value(py).clone(),
                    error.traceback(py),
                );
                self.hub
                    .call_method1(py, intern!(py, "handle_error"), told)?;
            }
            if more && Stamp::now().since(began) > self.stretch {
                // Timers, kills, the web page and heartbeats get their turn before the rest. By way of the
                // descriptor: of callbacks, gevent runs fifty before it looks at the clock.
                queue.get().inner().wake();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes the descriptor out of the loop, before it is closed or left to a parent process.
    fn unwatch(&self, py: Python<'_>) {
        let watcher = self.state().watcher.take();
        if let Some(watcher) = watcher {
            // The loop may be gone, and then so is the watch.
            let _ = watcher.call_method0(py, intern!(py, "stop"));
            let _ = watcher.call_method0(py, intern!(py, "close"));
        }
    }

    /// Gives up what is under way, and the descriptor.
    fn close(&self, py: Python<'_>) {
        self.unwatch(py);
        let queue = self.state().queue.take();
        drop(queue);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.hub)?;
        visit.call(&self.switch)?;
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        visit.call(&state.watcher)?;
        state
            .waiters
            .values()
            .try_for_each(|waiter| visit.call(&waiter.greenlet))
    }

    fn __clear__(&self) {
        let parts = std::mem::take(&mut *self.state());
        drop(parts);
    }
}

/// The `GreenletWaiters` of the last request of a session: users hardly ever change their hub.
#[derive(Default)]
pub struct LastWaiters(Mutex<Option<Py<PyGreenletWaiters>>>);

impl LastWaiters {
    /// The waiters of the hub of `me`, the current greenlet; `here` is the Python function that finds them.
    pub fn get(&self, here: &Py<PyAny>, me: &Bound<'_, PyAny>) -> PyResult<Py<PyGreenletWaiters>> {
        let py = me.py();
        let last = || lock(&self.0);
        let hub = me.getattr(intern!(py, "parent"))?;
        let known = last().as_ref().map(|waiters| waiters.clone_ref(py));
        if let Some(known) = known.filter(|known| known.get().belongs_to(&hub)) {
            return Ok(known);
        }
        let found = here
            .bind(py)
            .call0()?
            .cast_into::<PyGreenletWaiters>()?
            .unbind();
        let before = last().replace(found.clone_ref(py));
        drop(before);
        Ok(found)
    }
}

/// Whether this greenlet, the current one, has come through its hub since it last asked: then it need not give others
/// a turn again. True once for each time.
#[pyfunction]
#[pyo3(signature = (greenlet, /))]
pub fn had_a_turn(greenlet: &Bound<'_, PyAny>) -> bool {
    RESUMED.replace(0) == greenlet.as_ptr() as usize
}
