//! Queue as a Python class: where an event loop takes finished requests.

use std::os::fd::{AsRawFd, RawFd};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::response::exchange::PyExchange;
use engine::runtime::{Outcome, Queue, Token};

/// One event loop's completion queue.
#[pyclass(frozen, name = "Queue", module = "locust_native._core")]
pub struct PyQueue(Queue);

impl PyQueue {
    pub fn inner(&self) -> &Queue {
        &self.0
    }
}

#[pymethods]
impl PyQueue {
    #[new]
    pub fn new() -> PyResult<Self> {
        Queue::new().map(Self).map_err(|error| {
            PyOSError::new_err(format!("no descriptor for the native queue: {error}"))
        })
    }

    /// The descriptor that becomes readable when there is something to drain.
    fn fileno(&self) -> RawFd {
        self.0.descriptor().as_raw_fd()
    }

    /// All finished requests: (token, Exchange), or (token, None) for one whose task vanished.
    fn drain(&self) -> Vec<(Token, Option<PyExchange>)> {
        self.0
            .drain()
            .into_iter()
            .map(|(token, outcome)| match outcome {
                Outcome::Finished(finished) => (token, Some(PyExchange(finished))),
                Outcome::Lost => (token, None),
            })
            .collect()
    }

    /// Gives a request up; its outcome will not be delivered.
    fn cancel(&self, token: Token) {
        self.0.cancel(token);
    }

    /// How many requests are under way.
    #[getter]
    fn in_flight(&self) -> usize {
        self.0.in_flight()
    }
}
