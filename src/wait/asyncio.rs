//! Desk for Python: the requests of one asyncio event loop that are under way, and where their answers are handed out.

use engine::sync::lock;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use foldhash::HashMap;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::request::queue::PyQueue;
use crate::wait::future::PyRequestFuture;
use engine::clock::Stamp;
use engine::runtime::{self, Outcome, Token};

/// Its loop reads the descriptor and calls `on_ready`.
#[pyclass(
    frozen,
    weakref,
    name = "AsyncioWaiters",
    module = "locust_native._core"
)]
pub struct PyAsyncioWaiters {
    #[pyo3(get)]
    queue: Py<PyQueue>,
    /// For how long answers may keep the loop at a stretch.
    stretch: Duration,
    /// Another one in a forked child, where the waiters is left behind.
    generation: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<Token, Py<PyRequestFuture>>,
    /// Answers that have not been handed out yet.
    ready: VecDeque<(Token, Outcome)>,
}

impl PyAsyncioWaiters {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Whether requests may still be started here: not in a child of the process that it is of.
    pub fn is_of_this_process(&self) -> bool {
        self.generation == runtime::generation()
    }

    /// Where requests are started whose answers are handed out here.
    pub fn queue(&self) -> &PyQueue {
        self.queue.get()
    }

    /// A request that was started on this waiters's queue, to be told of its answer.
    pub fn enter(&self, token: Token, future: Py<PyRequestFuture>) {
        self.state().waiting.insert(token, future);
    }

    /// The request is given up and its connection closed.
    pub fn cancel(&self, token: Token) {
        let future = self.state().waiting.remove(&token);
        drop(future);
        self.queue().inner().cancel(token);
    }

    fn fetch(&self) {
        let came = self.queue().inner().drain();
        self.state().ready.extend(came);
    }

    /// Whose turn it is, and whether there are more behind.
    fn next(&self) -> Option<(Py<PyRequestFuture>, Outcome, bool)> {
        let mut state = self.state();
        while let Some((token, outcome)) = state.ready.pop_front() {
            if let Some(future) = state.waiting.remove(&token) {
                return Some((future, outcome, !state.ready.is_empty()));
            }
        }
        None
    }
}

#[pymethods]
impl PyAsyncioWaiters {
    /// `stretch`: s.
    #[new]
    #[pyo3(signature = (stretch, /))]
    fn new(py: Python<'_>, stretch: f64) -> PyResult<Self> {
        Ok(Self {
            queue: Py::new(py, PyQueue::new()?)?,
            stretch: Duration::try_from_secs_f64(stretch).unwrap_or_default(),
            generation: runtime::generation(),
            state: Mutex::default(),
        })
    }

    /// Hands out all that has been answered.
    fn on_ready(&self, py: Python<'_>) -> PyResult<()> {
        self.fetch();
        let began = Stamp::now();
        while let Some((future, outcome, more)) = self.next() {
            let told = future.bind(py).get().answer(future.bind(py), outcome);
            if more && (told.is_err() || Stamp::now().since(began) > self.stretch) {
                // Timers and whatever else the loop has to do get their turn before the rest.
                self.queue().inner().wake();
                return told;
            }
            told?;
        }
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        state
            .waiting
            .values()
            .try_for_each(|future| visit.call(future))
    }

    fn __clear__(&self) {
        let parts = std::mem::take(&mut *self.state());
        drop(parts);
    }
}
