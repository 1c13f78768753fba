//! `Histogram` for Python: times in ms, to three significant digits, without a test around them.

use engine::sync::lock;
use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple, PyType};

use engine::histogram::{Histogram, Packed};
use engine::record::ms;

/// How often which time was seen: three significant digits from 1 µs to 1 h, in ms.
///
///     times = Histogram([12.5, 13.1, 250])
///     times.record(14)
///     times.percentiles([50, 99])
///
/// Times outside that range count, and stand in min, mean and max; only their buckets are missing.
#[pyclass(frozen, name = "Histogram", module = "locust_native._core")]
pub struct PyHistogram {
    times: Mutex<Histogram>,
}

impl PyHistogram {
    fn times(&self) -> MutexGuard<'_, Histogram> {
        lock(&self.times)
    }

    fn quantiles(&self, percents: &[f64]) -> PyResult<Vec<f64>> {
        let shares = percents.iter().map(|percent| share(*percent));
        let shares = shares.collect::<PyResult<Vec<_>>>()?;
        let times = self.times().quantiles(&shares).ok_or_else(|| {
            PyValueError::new_err("the histogram is empty: it has no percentiles")
        })?;
        Ok(times.into_iter().map(ms).collect())
    }
}

impl From<Histogram> for PyHistogram {
    fn from(times: Histogram) -> Self {
        Self {
            times: Mutex::new(times),
        }
    }
}

#[pymethods]
impl PyHistogram {
    #[new]
    #[pyo3(signature = (times = None))]
    fn new(times: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        // Nobody else has it yet, so nothing is locked while the iterator runs.
        let mut counted = Histogram::default();
        if let Some(times) = times {
            for time in times.try_iter()? {
                counted.record_ns(nanoseconds(time?.extract()?)?, 1);
            }
        }
        Ok(counted.into())
    }

    /// Counts a time in ms, `count` times.
    #[pyo3(signature = (ms, count = 1))]
    fn record(&self, ms: f64, count: i64) -> PyResult<()> {
        let times = u64::try_from(count)
            .map_err(|_| PyValueError::new_err(format!("count: {count} is below zero")))?;
        let ns = nanoseconds(ms)?;
        self.times().record_ns(ns, times);
        Ok(())
    }

    /// The time in ms within which `percent` (0 to 100) of all were seen.
    fn percentile(&self, percent: f64) -> PyResult<f64> {
        self.quantiles(&[percent])
            .map(|times| times.first().copied().unwrap_or(f64::NAN))
    }

    /// The same for several.
    fn percentiles(&self, percents: Vec<f64>) -> PyResult<Vec<f64>> {
        self.quantiles(&percents)
    }

    /// Adds all that another has counted.
    fn merge(&self, other: &Self) {
        let more = other.times().clone(); // a histogram may be merged with itself
        self.times().merge(&more);
    }

    #[getter]
    fn count(&self) -> u64 {
        self.times().count()
    }

    #[getter]
    fn min(&self) -> Option<f64> {
        self.times().min().map(ms)
    }

    #[getter]
    fn max(&self) -> Option<f64> {
        self.times().max().map(ms)
    }

    #[getter]
    fn mean(&self) -> Option<f64> {
        self.times().mean().map(|ns| ns / 1e6)
    }

    #[getter]
    fn out_of_range(&self) -> u64 {
        self.times().out_of_range()
    }

    /// (from, to, count) of each bucket that has any, in order.
    fn buckets(&self) -> Vec<(f64, f64, u64)> {
        let spans = self.times().spans();
        let spans = spans.into_iter();
        spans
            .map(|(from, to, count)| (from as f64 / 1e6, to as f64 / 1e6, count))
            .collect()
    }

    /// The buckets as base64 of HdrHistogram's compressed V2 format, unit 1 ns.
    fn encode(&self) -> String {
        STANDARD.encode(self.times().to_hdr())
    }

    /// What `encode` has written, or `--native-json`.
    #[classmethod]
    #[pyo3(signature = (text, *, min = None, mean = None, max = None))]
    fn decode(
        _class: &Bound<'_, PyType>,
        text: &str,
        min: Option<f64>,
        mean: Option<f64>,
        max: Option<f64>,
    ) -> PyResult<Self> {
        let refused = |why: &dyn std::fmt::Display| {
            PyValueError::new_err(format!("this text is no histogram: {why}"))
        };
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| refused(&"it is no base64"))?;
        let mut times = Histogram::from_hdr(&bytes).map_err(|why| refused(&why))?;
        if let (Some(min), Some(mean), Some(max)) = (min, mean, max) {
            let sum = mean * times.count() as f64 * 1e6;
            times.refine(sum.round() as i128, nanoseconds(min)?, nanoseconds(max)?);
        }
        Ok(times.into())
    }

    fn __eq__(&self, other: &Self) -> bool {
        let theirs = other.times().clone();
        *self.times() == theirs
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let packed = rmp_serde::to_vec_named(&slf.get().times().pack())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let state = PyBytes::new(py, &packed);
        (slf.get_type(), PyTuple::empty(py), state).into_pyobject(py)
    }

    #[pyo3(signature = (state, /))]
    fn __setstate__(&self, state: &[u8]) -> PyResult<()> {
        let times = rmp_serde::from_slice::<Packed>(state).ok();
        let times = times.and_then(|packed| packed.unpack());
        *self.times() = times
            .ok_or_else(|| PyValueError::new_err("this pickle is no histogram: it is damaged"))?;
        Ok(())
    }

    fn __repr__(&self) -> String {
        let times = self.times().clone();
        let Some(values) = times.quantiles(&[0.5, 0.95, 0.99, 1.0]) else {
            return "<Histogram: empty>".to_owned();
        };
        let mut text = format!("<Histogram: {} times", thousands(times.count()));
        for (name, ns) in ["p50", "p95", "p99", "max"].iter().zip(values) {
            text += &format!(", {name} {}", shown(ns));
        }
        text + " ms>"
    }

    /// For a notebook: percentiles, and how the times are spread.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let drawings = slf.py().import("locust_native.results.drawings")?;
        drawings.call_method1("histogram", (slf,))
    }
}

/// A percent as a share: 99.9 is 0.999, not the nearest that a division would find.
fn share(percent: f64) -> PyResult<f64> {
    if (0.0..=100.0).contains(&percent) {
        Ok((percent * 1e10).round() / 1e12)
    } else {
        Err(PyValueError::new_err(format!(
            "percent: {percent} is not between 0 and 100"
        )))
    }
}

/// Beyond 292 years it stays there: still counted, and out of range.
fn nanoseconds(ms: f64) -> PyResult<i64> {
    if ms.is_finite() {
        Ok((ms * 1e6).round() as i64)
    } else {
        Err(PyValueError::new_err(format!(
            "a time is a finite number of ms, not {ms}"
        )))
    }
}

/// A time in ms, to three significant digits.
fn shown(ns: i64) -> String {
    let ms = ms(ns);
    match ms.abs() {
        size if size >= 100.0 => thousands_of(ms),
        size if size >= 10.0 => format!("{ms:.1}"),
        size if size >= 1.0 => format!("{ms:.2}"),
        _ => format!("{ms:.3}"),
    }
}

fn thousands_of(ms: f64) -> String {
    let sign = if ms < 0.0 { "-" } else { "" };
    format!("{sign}{}", thousands(ms.abs().round() as u64))
}

/// A whole number with commas.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
