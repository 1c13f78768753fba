//! Intact for Python: whether what a stock client goes through is still its maker's, asked before every request.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// Attributes and the values they had; compared by identity.
#[pyclass(frozen, name = "Intact", module = "locust_native._core")]
pub struct PyIntact {
    of_kind: Vec<(Py<PyString>, Py<PyAny>)>,
    elsewhere: Vec<(Py<PyAny>, Py<PyString>, Py<PyAny>)>,
}

#[pymethods]
impl PyIntact {
    /// `of_kind`: (name, value) of the class that is asked about; `elsewhere`: (owner, name, value).
    #[new]
    #[pyo3(signature = (of_kind, elsewhere, /))]
    fn new(
        of_kind: Vec<(Py<PyString>, Py<PyAny>)>,
        elsewhere: Vec<(Py<PyAny>, Py<PyString>, Py<PyAny>)>,
    ) -> Self {
        Self { of_kind, elsewhere }
    }

    /// Whether all of them are still there, for this class.
    #[pyo3(signature = (kind, /))]
    pub fn holds(&self, kind: &Bound<'_, PyType>) -> bool {
        let py = kind.py();
        let is = |owner: &Bound<'_, PyAny>, name: &Py<PyString>, value: &Py<PyAny>| {
            owner
                .getattr(name.bind(py))
                .is_ok_and(|found| found.is(value))
        };
        self.of_kind
            .iter()
            .all(|(name, value)| is(kind, name, value))
            && self
                .elsewhere
                .iter()
                .all(|(owner, name, value)| is(owner.bind(py), name, value))
    }
}
