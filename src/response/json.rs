//! JSON read by jiter into Python objects; what it will not read is for Python's own reader, words included.

use jiter::{PythonParse, StringCacheMode};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `json.loads` of UTF-8: the same value, or a ValueError where Python's reader has to be asked. That is the case for
/// whatever is no JSON, and for lone surrogates and more than 200 levels, which Python reads.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn loads_json<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let reader = PythonParse {
        allow_inf_nan: true, // as Python's
        cache_mode: StringCacheMode::All,
        ..PythonParse::default()
    };
    reader
        .python_parse(py, text)
        .map_err(|_| PyValueError::new_err("not for the native reader"))
}
