//! Begun as a Python class: one request's entry in the record, from its start to the end of its report.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use super::record::{lock, text};
use super::response::PyExchange;
use crate::clock::Stamp;
use crate::http::{Phase, Timings};
use crate::record::{Phases, Place, Record};

/// A request that was started. Whatever happens to it, the record counts exactly one end: the one it is told, or,
/// when nobody holds it any more, that it was cut off (no answer) or not reported (an answer).
#[pyclass(frozen, name = "Begun", module = "locust_native._core")]
pub struct PyBegun {
    record: Arc<Mutex<Record>>,
    begun: Stamp,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    /// No answer yet.
    UnderWay(Place),
    /// Answered, not reported yet.
    Answered(Place, Option<Timings>),
    /// Being reported, under another name perhaps.
    Reporting(Place),
    Over,
}

impl PyBegun {
    /// A request starts under this method and name.
    pub fn new(record: Arc<Mutex<Record>>, method: &str, name: &str) -> Self {
        let place = {
            let mut record = lock(&record);
            let place = record.place(method, name);
            record.begin(place);
            place
        };
        Self {
            record,
            begun: Stamp::now(),
            state: Mutex::new(State::UnderWay(place)),
        }
    }

    fn change(&self, to: impl FnOnce(State) -> State) -> State {
        // A panic while it was held leaves it whole: it is replaced as one.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *state;
        *state = to(before);
        before
    }
}

#[pymethods]
impl PyBegun {
    /// The core has answered, with an error perhaps.
    #[pyo3(signature = (exchange, /))]
    fn answered(&self, exchange: Option<&PyExchange>) {
        let timings = exchange.map(|exchange| exchange.0.exchange.timings());
        self.change(|state| match state {
            State::UnderWay(place) => State::Answered(place, timings),
            state => state,
        });
    }

    /// Its report begins, under this method and name.
    #[pyo3(signature = (method, name, /))]
    fn finish(&self, method: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let (method, name) = (text(method)?, text(name)?);
        let mut record = lock(&self.record);
        self.change(|state| {
            let (begun, timings) = match state {
                State::UnderWay(begun) => (begun, None),
                State::Answered(begun, timings) => (begun, timings),
                state => return state,
            };
            let ended = record.place_again(begun, &method, &name);
            record.finish(begun, ended);
            if let Some(timings) = timings {
                record.trip(ended, &phases(&timings));
            }
            State::Reporting(ended)
        });
        Ok(())
    }

    /// Its report is over.
    fn reported(&self) {
        if let State::Reporting(ended) = self.change(|_| State::Over) {
            lock(&self.record).reported(ended);
        }
    }
}

impl Drop for PyBegun {
    fn drop(&mut self) {
        match self.change(|_| State::Over) {
            State::UnderWay(place) => {
                let age = Stamp::now().since(self.begun);
                lock(&self.record).cut_off(place, age);
            }
            State::Answered(place, timings) => {
                let mut record = lock(&self.record);
                record.unreported(place);
                if let Some(timings) = timings {
                    record.trip(place, &phases(&timings));
                }
            }
            State::Reporting(ended) => lock(&self.record).reported(ended),
            State::Over => {}
        }
    }
}

fn phases(timings: &Timings) -> Phases {
    Phases {
        times: Phase::ALL.map(|phase| timings.of(phase)),
        opened: timings.opened,
        reused: timings.reused,
        full: timings.full,
        resumed: timings.resumed,
        bytes_out: timings.bytes_out().unwrap_or(0),
        bytes_in: timings.bytes_in().unwrap_or(0),
        version: timings.version,
    }
}
