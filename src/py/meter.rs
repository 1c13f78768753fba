//! Meter as a Python class: how late the generator itself was.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::figures::spread_dict;
use crate::engine;
use crate::engine::meter::Seen;

/// Lateness seen by this process since the last `take`, and by those whose reports were absorbed.
#[pyclass(frozen, name = "Meter", module = "locust_native._core")]
#[derive(Default)]
pub struct PyMeter {
    seen: Mutex<Seen>,
}

impl PyMeter {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic while it was held leaves it whole: it is only added to.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this process has seen goes into it first.
    fn up_to_date(&self) -> MutexGuard<'_, Seen> {
        let mut seen = self.seen();
        seen.merge(&engine::meter().take());
        seen
    }
}

#[pymethods]
impl PyMeter {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// The figures: `lag`, `hub`, `io`, each a spread in ms.
    fn figures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let seen = self.up_to_date().clone();
        let figures = PyDict::new(py);
        for (name, histogram) in [("lag", &seen.lag), ("hub", &seen.hub), ("io", &seen.io)] {
            figures.set_item(name, spread_dict(py, &histogram.spread())?)?;
        }
        Ok(figures)
    }

    /// By unix second, from `since` on: greatest lateness in ms, and whether the generator was the limit.
    #[pyo3(signature = (since=0))]
    fn seconds(&self, since: i64) -> Vec<(i64, f64, bool)> {
        let seen = self.up_to_date();
        let seconds = seen.seconds.range(since..);
        seconds
            .map(|(second, at)| (*second, at.max as f64 / 1e6, at.limited()))
            .collect()
    }

    /// The stretches in which the generator was the limit: first and last unix second of each.
    fn limited(&self) -> Vec<(i64, i64)> {
        self.up_to_date().limited()
    }

    /// All of it as bytes for another process; what was told is not told again.
    fn take_report<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let seen = std::mem::take(&mut *self.up_to_date());
        PyBytes::new(py, &seen.encode())
    }

    /// Adds what another process has told.
    #[pyo3(signature = (report, /))]
    fn absorb(&self, report: &[u8]) -> PyResult<()> {
        let seen = Seen::decode(report)
            .ok_or_else(|| PyValueError::new_err("not a report of how late a generator was"))?;
        self.seen().merge(&seen);
        Ok(())
    }

    /// Forgets all of it.
    fn reset(&self) {
        *self.up_to_date() = Seen::default();
    }
}

/// A user's turn has come so many seconds late.
#[pyfunction]
#[pyo3(signature = (seconds, /))]
pub fn turn_late(seconds: f64) {
    if let Ok(late) = Duration::try_from_secs_f64(seconds) {
        engine::meter().add_turn(late);
    }
}

/// How late all answers of this process were together, in s.
#[pyfunction]
pub fn answers_late() -> f64 {
    engine::meter().answers().as_secs_f64()
}
