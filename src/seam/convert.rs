//! Python values to owned Rust values and back.

use std::borrow::Cow;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use engine::http::Fields;

/// The bytes of a `str` (as latin-1, which is what http.client sends) or of `bytes`.
fn field_bytes<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    let text = value.cast::<PyString>()?.to_str()?;
    if text.is_ascii() {
        return Ok(text.as_bytes().into());
    }
    text.chars()
        .map(|c| {
            u8::try_from(u32::from(c))
                .map_err(|_| PyValueError::new_err(format!("{text:?} is not latin-1")))
        })
        .collect::<PyResult<Vec<u8>>>()
        .map(Cow::from)
}

/// Header fields; a `ValueError` for what the wire cannot carry.
pub fn fields(pairs: &[(Bound<'_, PyAny>, Bound<'_, PyAny>)]) -> PyResult<Fields> {
    let mut fields = Fields::with_capacity(64 * pairs.len());
    for (name, value) in pairs {
        fields
            .push(&field_bytes(name)?, &field_bytes(value)?)
            .map_err(PyValueError::new_err)?;
    }
    Ok(fields)
}

/// Seconds as a duration; `None`, or anything no clock can count to, is no limit.
pub fn seconds(value: Option<f64>) -> Option<Duration> {
    value.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Bytes off the wire as `str`, latin-1 as in http.client.
pub fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}
