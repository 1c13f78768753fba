//! Python values to owned Rust values and back.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The bytes of a `str` (as latin-1, which is what http.client sends) or of `bytes`.
pub fn field_bytes(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = value.cast::<PyString>()?.to_str()?;
    if text.is_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    text.chars()
        .map(|c| {
            u8::try_from(u32::from(c))
                .map_err(|_| PyValueError::new_err(format!("{text:?} is not latin-1")))
        })
        .collect()
}

/// A header field.
pub fn field(
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<(HeaderName, HeaderValue)> {
    let bytes = field_bytes(name)?;
    let parsed = HeaderName::from_bytes(&bytes).map_err(|_| {
        PyValueError::new_err(format!(
            "{:?} is no header name",
            String::from_utf8_lossy(&bytes)
        ))
    })?;
    let value = HeaderValue::try_from(field_bytes(value)?).map_err(|_| {
        PyValueError::new_err(format!(
            "the value of header {parsed} holds a control character"
        ))
    })?;
    Ok((parsed, value))
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

/// A header name as servers usually write it: hyper keeps names in lower case only.
pub fn title_case(name: &HeaderName) -> String {
    let mut upper = true;
    name.as_str()
        .chars()
        .map(|c| {
            let shown = if upper { c.to_ascii_uppercase() } else { c };
            upper = c == '-';
            shown
        })
        .collect()
}
