//! `Record` for Python: the precise figures of a test; no Python code runs while its lock is held.

use engine::sync::lock;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::metrics::figures::{row_dict, rows_list, seconds_list, series_list};
use crate::metrics::tracker::PyRequestTracker;
use engine::clock::{self, Stamp};
use engine::record::{Coarse, Record, Report, RowView, Second, ms};
use engine::runtime::asking::{Asker, Asking};

/// The figures of one test.
#[pyclass(frozen, name = "Record", module = "locust_native._core")]
pub struct PyRecord {
    record: Arc<Mutex<Record>>,
    /// Of the user whose requests are counted by way of this object.
    user: Option<Arc<Asker>>,
}

/// A request of a user that another client than ours carries out, as a context manager.
#[pyclass(frozen, name = "Asking", module = "locust_native._core")]
pub struct PyAsking(Mutex<Option<Asking>>);

#[pymethods]
impl PyAsking {
    fn __enter__(&self) {}

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, PyTuple>) {
        let asking = lock(&self.0).take();
        drop(asking);
    }
}

/// What Locust calls the row of all requests.
const TOTAL: &str = "Aggregated";

impl PyRecord {
    fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    /// A request begins that is of this object's user, if it has one.
    pub fn ask(&self, now: Stamp) -> Option<Asking> {
        self.user.as_ref().map(|user| Asking::new(user, now))
    }

    /// The record itself, for what counts without Python; `lock` opens it.
    pub(crate) fn shared(&self) -> Arc<Mutex<Record>> {
        Arc::clone(&self.record)
    }
}

#[pymethods]
impl PyRecord {
    #[new]
    #[pyo3(signature = (names = 10_000))]
    fn new(names: usize) -> Self {
        Self {
            record: Arc::new(Mutex::new(Record::new(names))),
            user: None,
        }
    }

    /// The same record, by way of which the requests of one user are counted, and its time with them.
    fn of_user(&self) -> Self {
        Self {
            record: self.shared(),
            user: Some(Arc::default()),
        }
    }

    /// The user is done: what others ask in its name is no time of its.
    fn leave(&self) {
        if let Some(user) = &self.user {
            user.leave();
        }
    }

    /// A request of this user begins that another client carries out, and lasts until what this returns is left.
    fn asking(&self) -> PyAsking {
        PyAsking(Mutex::new(self.ask(Stamp::now())))
    }

    /// A request has started under this method and name.
    #[pyo3(signature = (method, name, /))]
    fn begin(
        &self,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
    ) -> PyResult<PyRequestTracker> {
        PyRequestTracker::new(self, method, name)
    }

    /// Counts a finished request.
    #[pyo3(signature = (method, name, response_time, now = None, /))]
    fn log(
        &self,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
        response_time: &Bound<'_, PyAny>,
        now: Option<f64>,
    ) -> PyResult<()> {
        let (method, name) = (text(method)?, text(name)?);
        let time = milliseconds(response_time)?;
        let now = now.unwrap_or_else(|| clock::second() as f64);
        self.record().log(&method, &name, time, now);
        Ok(())
    }

    /// The request logged last for this method and name has failed.
    #[pyo3(signature = (method, name, now = None, /))]
    fn fail(
        &self,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
        now: Option<f64>,
    ) -> PyResult<()> {
        let (method, name) = (text(method)?, text(name)?);
        let now = now.unwrap_or_else(|| clock::second() as f64);
        self.record().fail(&method, &name, now);
        Ok(())
    }

    /// Of the requests that had a time: how many, their sum, least and greatest in ms, and the times in ms within which
    /// these shares of them finished; None if none had, or any of the record's times were rounded elsewhere.
    #[allow(clippy::type_complexity)] // a tuple for Python, taken apart where it is asked for
    #[pyo3(signature = (shares, method = None, name = None))]
    fn times(
        &self,
        shares: Vec<f64>,
        method: Option<&str>,
        name: Option<&str>,
    ) -> PyResult<Option<(u64, f64, f64, f64, Vec<f64>)>> {
        let record = self.record();
        if record.is_coarse() {
            return Ok(None);
        }
        let total;
        let times = match (method, name) {
            (None, None) => {
                total = record.times();
                Some(&total)
            }
            (Some(method), Some(name)) => record.row(method, name).map(|row| &row.times),
            _ => {
                return Err(PyTypeError::new_err(
                    "give method and name, or neither for the total",
                ));
            }
        };
        Ok(times.and_then(|all| {
            let times = all.quantiles(&shares)?.into_iter().map(ms).collect();
            let sum = all.mean()? * all.count() as f64 / 1e6;
            Some((all.count(), sum, ms(all.min()?), ms(all.max()?), times))
        }))
    }

    /// Total, rows and seconds, all of the same moment.
    #[pyo3(signature = (histogram = false))]
    fn figures<'py>(&self, py: Python<'py>, histogram: bool) -> PyResult<Bound<'py, PyDict>> {
        let record = self.record();
        let total = record.total().view("", TOTAL, histogram);
        let rows = views(&record, histogram);
        let seconds = record.seconds(i64::MIN, i64::MAX);
        drop(record);
        let dict = PyDict::new(py);
        dict.set_item("total", row_dict(py, &total)?)?;
        dict.set_item("rows", rows_list(py, &rows)?)?;
        dict.set_item("seconds", seconds_list(py, &seconds)?)?;
        Ok(dict)
    }

    /// (width in s, points): the requests of each stretch of so many seconds, their times in one histogram.
    #[pyo3(signature = (width = None, since = i64::MIN))]
    fn series<'py>(
        &self,
        py: Python<'py>,
        width: Option<i64>,
        since: i64,
    ) -> PyResult<(i64, Vec<Bound<'py, PyDict>>)> {
        let record = self.record();
        let width = width.unwrap_or_else(|| record.series_width()).max(1);
        let points = record.series(width, since);
        drop(record);
        Ok((width, series_list(py, &points)?))
    }

    /// The times in ms within which these shares of the requests of the last seconds finished, the present one
    /// included.
    fn latest(&self, seconds: i64, shares: Vec<f64>) -> Option<Vec<f64>> {
        let now = clock::second();
        let seconds = self.record().seconds(now - seconds, now + 1);
        let times = Second::together(&seconds).times.quantiles(&shares)?;
        Some(times.into_iter().map(ms).collect())
    }

    /// What went to the row of other names, None if nothing did.
    fn overflowed<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let found = self
            .record()
            .overflowed()
            .map(|(requests, worst)| (requests, worst.clone()));
        let Some((requests, worst)) = found else {
            return Ok(None);
        };
        let dict = PyDict::new(py);
        dict.set_item("requests", requests)?;
        dict.set_item("shape", worst.shape)?;
        dict.set_item("example", worst.example)?;
        dict.set_item("of_that_shape", worst.count)?;
        Ok(Some(dict))
    }

    /// Everything since the last report; counting starts anew.
    fn take_report<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let report = self.record().take_report();
        PyBytes::new(py, &report.encode())
    }

    /// Adds the report of another process, whose clock is so many s ahead.
    #[pyo3(signature = (source, report, ahead = 0, /))]
    fn absorb(&self, source: &str, report: &[u8], ahead: i64) -> PyResult<()> {
        let report = Report::decode(report).map_err(|refused| {
            PyValueError::new_err(format!("figures of worker {source:?} refused: {refused}"))
        })?;
        self.record().absorb(source, &report.shifted(ahead));
        Ok(())
    }

    /// Adds the rounded figures of a worker without a record.
    #[pyo3(signature = (method, name, times, failures, seconds, *, without_time = 0, failed_seconds = HashMap::new(),
                        exact = None))]
    #[allow(clippy::too_many_arguments)] // they are Locust's
    fn absorb_coarse(
        &self,
        method: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
        times: &Bound<'_, PyDict>,
        failures: u64,
        seconds: HashMap<i64, u64>,
        without_time: u64,
        failed_seconds: HashMap<i64, u64>,
        exact: Option<[Bound<'_, PyAny>; 3]>,
    ) -> PyResult<()> {
        let exact = match exact {
            Some([sum, least, greatest]) => [&sum, &least, &greatest]
                .map(milliseconds)
                .into_iter()
                .collect::<PyResult<Option<Vec<f64>>>>()?,
            None => None,
        };
        let (method, name) = (text(method)?, text(name)?);
        let coarse = Coarse {
            times: times
                .iter()
                .map(|(time, count)| {
                    Ok((milliseconds(&time)?.unwrap_or(f64::NAN), count.extract()?))
                })
                .collect::<PyResult<_>>()?,
            exact: exact.and_then(|exact| exact.try_into().ok()),
            without_time,
            failures,
            seconds: seconds.into_iter().collect(),
            failed_seconds: failed_seconds.into_iter().collect(),
        };
        self.record().absorb_coarse(&method, &name, &coarse);
        Ok(())
    }

    /// The processes whose reports were added.
    fn sources(&self) -> Vec<String> {
        self.record().sources()
    }

    /// A process is gone, and with it what was in flight there.
    #[pyo3(signature = (source, /))]
    fn forget(&self, source: &str) {
        self.record().forget(source);
    }

    /// Zeros everywhere, but for what is in flight.
    fn reset(&self) {
        self.record().reset();
    }

    /// Forgets everything.
    fn clear(&self) {
        self.record().clear();
    }
}

fn views(record: &Record, histogram: bool) -> Vec<RowView> {
    record
        .rows()
        .into_iter()
        .map(|(method, name, row)| row.view(method, name, histogram))
        .collect()
}

/// A name as text: Locust takes whatever it is given.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, str>> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text
            .to_str()
            .map_or_else(|_| text.to_string_lossy(), Cow::Borrowed)),
        Err(_) => Ok(Cow::Owned(value.str()?.to_string_lossy().into_owned())),
    }
}

/// Any number; what is too great for a float counts as infinite.
fn milliseconds(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if value.is_none() {
        return Ok(None);
    }
    match value.extract() {
        Ok(ms) => Ok(Some(ms)),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(None),
        Err(error) => Err(error),
    }
}
