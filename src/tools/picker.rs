//! `Picker` and `choose_task` for Python.

use engine::sync::lock;
use std::sync::{Mutex, MutexGuard};

use pyo3::exceptions::{PyIndexError, PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use engine::picker::{Picker, pick_equal};

/// So many weights are shown.
const SHOWN: usize = 20;

/// Draws indices with the probability of their weights; usable alone.
///
///     picker = Picker([3, 47, 25, 25], seed=1)
///     picker.pick()           # 0, 1, 2 or 3
///     picker.pick_many(1000)  # a list of so many
///
/// The same weights and seed give the same draws; without a seed they differ from run to run.
/// Raises ValueError for no weights, weights that are all zero, negative or not finite.
#[pyclass(frozen, name = "Picker", module = "locust_native._core")]
pub struct PyPicker {
    picker: Mutex<Picker>,
    seed: Option<u64>,
}

impl PyPicker {
    fn picker(&self) -> MutexGuard<'_, Picker> {
        lock(&self.picker)
    }
}

#[pymethods]
impl PyPicker {
    #[new]
    #[pyo3(signature = (weights, seed=None))]
    fn new(weights: Vec<f64>, seed: Option<u64>) -> PyResult<Self> {
        let picker = Picker::new(&weights, seed)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            picker: Mutex::new(picker),
            seed,
        })
    }

    /// The next index, from 0 to one below the number of weights.
    fn pick(&self) -> usize {
        self.picker().pick()
    }

    /// The next `count` indices, as so many calls of `pick` would give them.
    fn pick_many(&self, py: Python<'_>, count: usize) -> PyResult<Vec<usize>> {
        let mut picks = Vec::new();
        picks.try_reserve_exact(count).map_err(|_| {
            PyMemoryError::new_err(format!("no memory for {count} indices: draw fewer"))
        })?;
        py.detach(|| {
            let mut picker = self.picker();
            picks.extend((0..count).map(|_| picker.pick()));
        });
        Ok(picks)
    }

    /// The weights, as they were given.
    #[getter]
    fn weights(&self) -> Vec<f64> {
        self.picker().weights().to_vec()
    }

    /// What the draws follow from; None if they follow from nothing.
    #[getter]
    fn seed(&self) -> Option<u64> {
        self.seed
    }

    fn __repr__(&self) -> String {
        let weights = self.weights();
        let mut shown: Vec<String> = weights.iter().take(SHOWN).map(f64::to_string).collect();
        if weights.len() > SHOWN {
            shown.push(format!("… {} more", weights.len() - SHOWN));
        }
        let seed = self
            .seed
            .map_or_else(String::new, |seed| format!(", seed={seed}"));
        format!("Picker([{}]{seed})", shown.join(", "))
    }

    /// For a notebook: weights and shares.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let drawings = slf.py().import("locust_native.results.drawings")?;
        drawings.call_method1("picker", (slf,))
    }
}

/// Chooses from a list as it is now; a task that stands there n times has the weight n.
///
/// `point`: a random number from 0 to below 1; the same one and length give the same index. Raises IndexError for an empty list.
#[pyfunction]
#[pyo3(signature = (tasks, point, /))]
pub fn choose_task<'py>(tasks: &Bound<'py, PyList>, point: f64) -> PyResult<Bound<'py, PyAny>> {
    match pick_equal(tasks.len(), point) {
        Some(index) => tasks.get_item(index),
        None => Err(PyIndexError::new_err(
            "the list of tasks is empty: nothing to choose from",
        )),
    }
}
