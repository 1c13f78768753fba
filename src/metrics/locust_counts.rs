//! `Stats` for Python: counts what it can count exactly, and says so when it cannot.

use engine::sync::lock;
use std::sync::{Arc, Mutex, MutexGuard};

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString};

use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::response::exchange::PyExchange;
use engine::clock;
use engine::locust_counts::{Number, Pending, Sample, Stats, bucket};
use engine::record::Record;

/// Native counts for one `RequestStats`; no Python code runs while the lock is held.
#[pyclass(frozen, name = "Stats", module = "locust_native._core")]
pub struct PyStats {
    stats: Mutex<Stats>,
    record: Arc<Mutex<Record>>,
}

impl PyStats {
    fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }
}

impl PyStats {
    /// Counts a request that went well with its end in the record, as `record` does, and as it was answered just now;
    /// `now` is Locust's clock.
    pub fn count(
        &self,
        py: Python<'_>,
        tracker: &PyRequestTracker,
        exchange: &PyExchange,
        now: f64,
    ) -> bool {
        let (method, name) = tracker.called(py);
        let counted = (|| {
            let time = Number::Float(exchange.milliseconds());
            let length = i64::try_from(exchange.size()).ok()?;
            let sample = Sample::new(Some(time), length, now)?;
            if !tracker.is_in(&self.record) {
                return None;
            }
            // The names of its beginning are those of its end, and mostly found by the place it has had since then.
            // Reading them makes nothing: they were read when it began.
            let counted = tracker.report_as_begun(sample.milliseconds(), |place| {
                let names = || Some((text(method)?, text(name)?));
                self.stats().record_at(place.parts(), names, &sample)
            });
            match counted {
                Some(counted) => Some(counted),
                None => self.enter(Some(tracker), text(method)?, text(name)?, &sample),
            }
        })();
        counted == Some(true)
    }

    fn enter(
        &self,
        tracker: Option<&PyRequestTracker>,
        method: &str,
        name: &str,
        sample: &Sample,
    ) -> Option<bool> {
        if tracker.is_some_and(|tracker| !tracker.is_in(&self.record)) {
            return None;
        }
        let counted = self.stats().record(method, name, sample);
        if counted {
            let (ms, now) = (sample.milliseconds(), clock::second() as f64);
            match tracker {
                Some(tracker) => tracker.report(method, name, ms, now),
                None => lock(&self.record).log(method, name, ms, now),
            }
        }
        Some(counted)
    }
}

#[pymethods]
impl PyStats {
    /// Counts that tell `record` of every request they count.
    #[new]
    fn new(record: &PyRecord) -> Self {
        Self {
            stats: Mutex::default(),
            record: record.shared(),
        }
    }

    /// Counts a request; False if the place is not ready for it, None if Python has to count it. With `tracker`, its end
    /// in the record, too, and all that belongs to its report; None as well if it did not begin in this record.
    #[pyo3(signature = (tracker, method, name, response_time, content_length, now, /))]
    #[allow(clippy::too_many_arguments)] // they are Locust's
    fn record(
        &self,
        tracker: Option<&PyRequestTracker>,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
        response_time: &Bound<'_, PyAny>,
        content_length: &Bound<'_, PyAny>,
        now: &Bound<'_, PyAny>,
    ) -> Option<bool> {
        let (method, name) = (text(method)?, text(name)?);
        let sample = sample(response_time, content_length, now)?;
        self.enter(tracker, method, name, &sample)
    }

    /// The place at which requests of this method and name are counted; 0 is the total's.
    fn place(&self, method: &str, name: &str) -> usize {
        self.stats().place(method, name)
    }

    /// Starts counting at a place from a sum of response times in ms; False if the sum is no plain number.
    fn open(&self, place: usize, total: &Bound<'_, PyAny>) -> bool {
        let Some(total) = number(total) else {
            return false;
        };
        self.stats().open(place, total);
        true
    }

    /// Stops counting at a place until it is opened again.
    fn close(&self, place: usize) {
        self.stats().close(place);
    }

    /// Adds what a place has counted to the fields of its entry, as the entry's `log()` would have done.
    fn settle(
        &self,
        place: usize,
        entry: &Bound<'_, PyAny>,
        fields: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let pending = self.stats().drain(place);
        match pending {
            Some(pending) => settle(entry, fields, pending),
            None => Ok(()),
        }
    }

    /// Forgets every place but the total's, and all that is pending.
    fn clear(&self) {
        self.stats().clear();
    }

    /// Locust's bucket for a response time in ms; None for what is left to Python.
    #[staticmethod]
    fn bucket(response_time: &Bound<'_, PyAny>) -> Option<i64> {
        number(response_time)
            .filter(|number| number.is_exact())
            .map(bucket)
    }
}

/// One second's counts into Locust's fields; runs Python code, so no lock may be held here.
fn settle(entry: &Bound<'_, PyAny>, fields: &Bound<'_, PyDict>, pending: Pending) -> PyResult<()> {
    let py = entry.py();
    let last = field(fields, intern!(py, "last_request_timestamp"))?;
    if last.is_truthy()?
        && field(fields, intern!(py, "use_response_times_cache"))?.is_truthy()?
        && pending.second > whole_seconds(&last)?
    {
        // The second has changed: Locust keeps the response times as they were before this request.
        entry.call_method1(intern!(py, "_cache_response_times"), (pending.second - 1,))?;
    }
    increase(fields, intern!(py, "num_requests"), pending.requests)?;
    increase(
        field(fields, intern!(py, "num_reqs_per_sec"))?.cast()?,
        pending.second,
        pending.requests,
    )?;
    fields.set_item(intern!(py, "last_request_timestamp"), pending.last)?;
    increase(
        fields,
        intern!(py, "total_content_length"),
        pending.content_length,
    )?;
    if pending.without_time > 0 {
        increase(
            fields,
            intern!(py, "num_none_requests"),
            pending.without_time,
        )?;
    }
    let (Some(min), Some(max)) = (pending.min, pending.max) else {
        return Ok(());
    };
    fields.set_item(
        intern!(py, "total_response_time"),
        python_number(py, pending.total)?,
    )?;
    let (min, max) = (python_number(py, min)?, python_number(py, max)?);
    let known = field(fields, intern!(py, "min_response_time"))?;
    if known.is_none() || min.lt(known)? {
        fields.set_item(intern!(py, "min_response_time"), min)?;
    }
    if max.gt(field(fields, intern!(py, "max_response_time"))?)? {
        fields.set_item(intern!(py, "max_response_time"), max)?;
    }
    let response_times = field(fields, intern!(py, "response_times"))?;
    let response_times = response_times.cast()?;
    for (bucket, count) in pending.buckets.into_counts() {
        increase(response_times, bucket, count)?;
    }
    Ok(())
}

fn field<'py>(
    fields: &Bound<'py, PyDict>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    fields
        .get_item(name)?
        .ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))
}

/// `counts[key] += by` on Locust's fields and default dictionaries, where what is missing is zero.
fn increase<'py>(
    counts: &Bound<'py, PyDict>,
    key: impl IntoPyObject<'py> + Clone,
    by: impl IntoPyObject<'py>,
) -> PyResult<()> {
    match counts.get_item(key.clone())? {
        Some(before) => counts.set_item(key, before.add(by)?),
        None => counts.set_item(key, by),
    }
}

/// Python's `int(last)`.
fn whole_seconds(last: &Bound<'_, PyAny>) -> PyResult<i64> {
    match last.cast_exact::<PyFloat>() {
        Ok(float) if float.value().is_finite() => Ok(float.value() as i64),
        _ => last.py().get_type::<PyInt>().call1((last,))?.extract(),
    }
}

fn sample(
    response_time: &Bound<'_, PyAny>,
    content_length: &Bound<'_, PyAny>,
    now: &Bound<'_, PyAny>,
) -> Option<Sample> {
    let response_time = if response_time.is_none() {
        None
    } else {
        Some(number(response_time)?)
    };
    let Number::Int(content_length) = number(content_length)? else {
        return None;
    };
    let Number::Float(now) = number(now)? else {
        return None;
    };
    Sample::new(response_time, content_length, now)
}

/// Exactly a str: a subclass may compare and hash as it likes.
fn text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast_exact::<PyString>().ok()?.to_str().ok()
}

/// Exactly a float or an int (not a bool, not numpy's), because the sums take their type from it.
fn number(value: &Bound<'_, PyAny>) -> Option<Number> {
    if let Ok(float) = value.cast_exact::<PyFloat>() {
        return Some(Number::Float(float.value()));
    }
    let whole = value.cast_exact::<PyInt>().ok()?;
    whole.extract().ok().map(Number::Int)
}

fn python_number(py: Python<'_>, number: Number) -> PyResult<Bound<'_, PyAny>> {
    Ok(match number {
        Number::Int(value) => value.into_pyobject(py)?.into_any(),
        Number::Float(value) => value.into_pyobject(py)?.into_any(),
    })
}
