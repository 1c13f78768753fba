//! RequestTracker as a Python class: one request's entry in the record, from its start to the end of its report.

use engine::sync::lock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::metrics::record::{PyRecord, text};
use crate::response::exchange::PyExchange;
use engine::clock::{self, Stamp};
use engine::record::{Phases, Record, SlotId};
use engine::runtime::{self, asking::Asking};

/// A request that was started. Whatever happens to it, the record counts exactly one end: the one it is told, or,
/// when nobody holds it any more, that it was cut off (no answer) or not reported (an answer).
#[pyclass(frozen, name = "RequestTracker", module = "locust_native._core")]
pub struct PyRequestTracker {
    record: Arc<Mutex<Record>>,
    started: Stamp,
    /// Whether the place it begins at is that of its method and name alone.
    own: bool,
    state: Mutex<State>,
    /// As the call gave them.
    #[pyo3(get)]
    method: Py<PyAny>,
    #[pyo3(get)]
    name: Py<PyAny>,
    /// Wall clock, in s since 1970.
    #[pyo3(get)]
    start_time: f64,
}

enum State {
    /// No answer yet; of a user, for as long as its time is counted.
    UnderWay(SlotId, Option<Asking>),
    /// Answered, in which second, and not reported yet.
    Answered(SlotId, Option<(Py<PyExchange>, i64)>),
    /// Being reported, under another name perhaps.
    Reporting(SlotId),
    Over,
}

impl PyRequestTracker {
    /// A request starts under this method and name.
    pub fn new(
        told: &PyRecord,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let record = told.shared();
        let (slot, own) = {
            let (method, name) = (text(method)?, text(name)?);
            let mut record = lock(&record);
            let slot = record.slot(&method, &name);
            record.begin(slot);
            (slot, record.is_own(slot, &method, &name))
        };
        let started = Stamp::now();
        Ok(Self {
            record,
            started,
            own,
            state: Mutex::new(State::UnderWay(slot, told.ask(started))),
            method: method.clone().unbind(),
            name: name.clone().unbind(),
            start_time: clock::unix_time(),
        })
    }

    /// Under which method and name it began.
    pub fn called<'py>(&self, py: Python<'py>) -> (&Bound<'py, PyAny>, &Bound<'py, PyAny>) {
        (self.method.bind(py), self.name.bind(py))
    }

    /// Whether this is the record that counts it.
    pub fn is_in(&self, record: &Arc<Mutex<Record>>) -> bool {
        Arc::ptr_eq(&self.record, record)
    }

    /// Its whole report, where nobody but the statistics is told: response time in ms if it has one, wall clock in s.
    pub fn report(&self, method: &str, name: &str, ms: Option<f64>, now: f64) {
        self.change(|state| {
            let mut record = lock(&self.record);
            let state = state.finish(&mut record, method, name);
            record.log(method, name, ms, now);
            state.reported(&mut record)
        });
    }

    /// Its whole report, where nobody but the statistics is told, it was answered just now, and it is called as it was
    /// when it began: whether `count` has counted it; None, and nothing has happened, if there is more to it.
    pub fn report_as_begun(
        &self,
        ms: Option<f64>,
        count: impl FnOnce(SlotId) -> bool,
    ) -> Option<bool> {
        let mut state = self.state();
        let (slot, phases, second) = match &*state {
            State::Answered(slot, Some((exchange, second))) if self.own => {
                (*slot, phases(exchange), *second)
            }
            _ => return None,
        };
        let mut record = lock(&self.record);
        if !record.is_under_way(slot) {
            return None;
        }
        let counted = count(slot);
        if counted {
            record.end(slot, ms, second, &phases);
            // Whatever goes with it goes when no lock is held.
            let before = std::mem::replace(&mut *state, State::Over);
            drop((state, record));
            drop(before);
        }
        Some(counted)
    }

    /// It was answered just now, and well, and nobody but the record is told: false, and nothing has happened, if it was
    /// not answered, or is over.
    pub fn went_well(&self, py: Python<'_>, ms: f64) -> PyResult<bool> {
        if let Some(counted) = self.report_as_begun(Some(ms), |_| true) {
            return Ok(counted);
        }
        self.ended(py, Some(ms), false)?;
        Ok(true)
    }

    /// Its user does not wait for it any more. What becomes of it is told apart.
    pub fn left(&self) {
        self.change(|state| match state {
            State::UnderWay(slot, _) => State::UnderWay(slot, None),
            state => state,
        });
    }

    /// Whoever waited has given it up: that is its end.
    pub fn cancel(&self) {
        let age = self.age();
        self.change(|state| match state {
            State::UnderWay(slot, _) => {
                lock(&self.record).cut_off(slot, age);
                State::Over
            }
            state => state,
        });
    }

    fn age(&self) -> Duration {
        Stamp::now().since(self.started)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn change(&self, to: impl FnOnce(State) -> State) {
        let mut state = self.state();
        let before = std::mem::replace(&mut *state, State::Over);
        *state = to(before);
    }
}

#[pymethods]
impl PyRequestTracker {
    /// The core has answered, with an error perhaps, and whoever waited for that goes on now.
    #[pyo3(signature = (exchange, /))]
    pub fn answered(&self, exchange: Option<Py<PyExchange>>) {
        let now = Stamp::now();
        let (done, exchange) = match exchange {
            Some(exchange) => {
                let finished = &exchange.get().0;
                let (done, second) = (finished.done, runtime::resumed(finished, now));
                (done, Some((exchange, second)))
            }
            None => (now, None),
        };
        self.change(|state| match state {
            State::UnderWay(slot, asking) => {
                if let Some(asking) = asking {
                    asking.end(done, now);
                }
                State::Answered(slot, exchange)
            }
            state => state,
        });
    }

    /// Its whole report, where nobody but the record is told: response time in ms if it has one, whether it failed.
    #[pyo3(signature = (response_time, failed, /))]
    fn ended(&self, py: Python<'_>, response_time: Option<f64>, failed: bool) -> PyResult<()> {
        let (method, name) = self.called(py);
        let (method, name) = (text(method)?, text(name)?);
        let now = clock::unix_time();
        self.change(|state| {
            let mut record = lock(&self.record);
            if matches!(state, State::Over) {
                return state;
            }
            let state = state.finish(&mut record, &method, &name);
            record.log(&method, &name, response_time, now);
            if failed {
                record.fail(&method, &name, now);
            }
            state.reported(&mut record)
        });
        Ok(())
    }

    /// How long ago it began, in ms.
    fn age_ms(&self) -> f64 {
        self.age().as_secs_f64() * 1e3
    }

    /// Its report begins, under this method and name.
    #[pyo3(signature = (method, name, /))]
    fn finish(&self, method: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let (method, name) = (text(method)?, text(name)?);
        self.change(|state| state.finish(&mut lock(&self.record), &method, &name));
        Ok(())
    }

    /// Its report is over.
    fn reported(&self) {
        self.change(|state| state.reported(&mut lock(&self.record)));
    }
}

impl State {
    fn finish(self, record: &mut Record, method: &str, name: &str) -> Self {
        let (tracker, exchange) = match self {
            Self::UnderWay(tracker, _) => (tracker, None),
            Self::Answered(tracker, exchange) => (tracker, exchange),
            state => return state,
        };
        let ended = record.slot_again(tracker, method, name);
        record.finish(tracker, ended);
        if let Some((exchange, _)) = exchange {
            record.trip(ended, &phases(&exchange));
        }
        Self::Reporting(ended)
    }

    fn reported(self, record: &mut Record) -> Self {
        if let Self::Reporting(ended) = self {
            record.reported(ended);
        }
        Self::Over
    }
}

impl Drop for PyRequestTracker {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(state, State::Over) {
            State::UnderWay(slot, _) => {
                let age = self.age();
                lock(&self.record).cut_off(slot, age);
            }
            State::Answered(slot, exchange) => {
                let phases = exchange.map(|(exchange, _)| phases(&exchange));
                lock(&self.record).unreported(slot, phases.as_ref());
            }
            State::Reporting(ended) => lock(&self.record).reported(ended),
            State::Over => {}
        }
    }
}

fn phases(exchange: &Py<PyExchange>) -> Phases {
    let timings = exchange.get().0.exchange.timings();
    Phases {
        times: timings.nanos(),
        held: u64::try_from(timings.held().as_nanos()).unwrap_or(u64::MAX),
        opened: timings.opened,
        reused: timings.reused,
        full: timings.full,
        resumed: timings.resumed,
        bytes_out: timings.bytes_out().unwrap_or(0),
        bytes_in: timings.bytes_in().unwrap_or(0),
        version: timings.version,
    }
}
