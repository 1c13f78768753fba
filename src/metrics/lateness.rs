//! Lateness as a Python class: how late the generator itself was.

use engine::sync::lock;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::metrics::figures::spread_dict;
use engine::clock::{self, Stamp};
use engine::runtime;
use engine::runtime::lateness::{Lateness, Second};

/// Lateness seen by this process since the last `take`, and by those whose reports were absorbed.
#[pyclass(frozen, name = "Lateness", module = "locust_native._core")]
#[derive(Default)]
pub struct PyLateness {
    seen: Mutex<Lateness>,
}

impl PyLateness {
    fn seen(&self) -> MutexGuard<'_, Lateness> {
        lock(&self.seen)
    }

    /// What this process has seen goes into it first.
    fn up_to_date(&self) -> MutexGuard<'_, Lateness> {
        let mut seen = self.seen();
        seen.add(&runtime::lateness().take());
        seen
    }
}

#[pymethods]
impl PyLateness {
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

    /// By unix second, from `since` on: greatest lateness of an answer, greatest hiccup of a loop or an I/O thread, in ms
    /// or None, and whether the generator was the limit.
    #[pyo3(signature = (since=0))]
    fn seconds(&self, since: i64) -> Vec<(i64, Option<f64>, Option<f64>, bool)> {
        let seen = self.up_to_date();
        let told = |(second, at): (&i64, &Second)| {
            let lag = (at.answers > 0).then_some(at.lag as f64 / 1e6);
            let hiccup = (at.hiccup > 0).then_some(at.hiccup as f64 / 1e6);
            (*second, lag, hiccup, at.limited())
        };
        seen.seconds.range(since..).map(told).collect()
    }

    /// The stretches in which the generator was the limit, from `since` on: first and last unix second of each.
    #[pyo3(signature = (since=0))]
    fn limited(&self, since: i64) -> Vec<(i64, i64)> {
        self.up_to_date().limited(since)
    }

    /// In the seconds from `since` on, or in those in which the generator was the limit: the CPU time of a process on the
    /// average, that of its I/O thread, and the time for which its Python thread could run and had no processor, each as
    /// a share of a core; None where nobody knows.
    #[pyo3(signature = (since=0, limited=false))]
    fn cpu(&self, since: i64, limited: bool) -> Option<(f64, f64, f64)> {
        let mut sum = Second::default();
        for (_, at) in self.up_to_date().seconds.range(since..) {
            if at.limited() || !limited {
                sum.merge(at);
            }
        }
        let share = |part: u64| part as f64 / sum.watched as f64;
        (sum.watched > 0).then(|| (share(sum.cpu), share(sum.io_cpu), share(sum.starved)))
    }

    /// All of it as bytes for another process, but for the second that is not over; what was told is not told again.
    fn take_report<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut seen = std::mem::take(&mut *self.up_to_date());
        // The most users of a second are told once.
        let kept = seen.seconds.split_off(&clock::second());
        self.seen().seconds = kept;
        PyBytes::new(py, &seen.encode())
    }

    /// Adds what another process has told, whose clock is so many s ahead.
    #[pyo3(signature = (report, ahead = 0, /))]
    fn absorb(&self, report: &[u8], ahead: i64) -> PyResult<()> {
        let mut seen = Lateness::decode(report)
            .ok_or_else(|| PyValueError::new_err("not a report of how late a generator was"))?;
        seen.shift(ahead);
        self.seen().merge(&seen);
        Ok(())
    }

    /// Forgets all of it.
    fn reset(&self) {
        *self.up_to_date() = Lateness::default();
    }
}

/// A user's turn has come, so many seconds late.
#[pyfunction]
#[pyo3(signature = (seconds, /))]
pub fn turn_came(seconds: f64) {
    if let Ok(late) = Duration::try_from_secs_f64(seconds) {
        runtime::lateness().add_turn(late, Stamp::now());
    }
}

/// For how long all users of this process together have had requests under way, and for how long they have waited for
/// answers that were complete, in s.
#[pyfunction]
pub fn asked() -> (f64, f64) {
    let (asked, lag) = runtime::asking::asked();
    (asked.as_secs_f64(), lag.as_secs_f64())
}

/// So many users more, or less, live in this process.
#[pyfunction]
#[pyo3(signature = (more, /))]
pub fn users_changed(more: i64) {
    runtime::lateness().add_users(more);
}

/// For so many of the last seconds, up to now, this process's Python thread could run and had no processor.
#[pyfunction]
#[pyo3(signature = (seconds, of, /))]
pub fn starved(seconds: f64, of: f64) {
    let duration = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    runtime::lateness().add_starved(duration(seconds), duration(of));
}

/// Seconds since 1970 by the clock of all figures over time: see `clock::second`.
#[pyfunction]
pub fn unix_time() -> f64 {
    clock::since_1970(Stamp::now()).as_secs_f64()
}
