//! `Picker` and `choose_task` for Python.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::picker::{Picker, pick_equal};

/// Draws indices with the probability of their weights; usable alone.
///
///     picker = Picker([3, 47, 25, 25], seed=1)
///     picker.pick()   # 0, 1, 2 or 3
///
/// The same weights and seed give the same draws; without a seed they differ from run to run.
/// Raises ValueError for no weights, weights that are all zero, negative or not finite.
#[pyclass(frozen, name = "Picker", module = "locust_native._core")]
pub struct PyPicker {
    picker: Mutex<Picker>,
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
        })
    }

    /// The next index, from 0 to one below the number of weights.
    fn pick(&self) -> usize {
        self.picker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pick()
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
