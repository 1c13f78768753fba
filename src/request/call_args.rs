//! What a call of a session asks for beyond method and URL, read without a Python frame.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

/// The keyword arguments that the fast path knows; an absent one is None, and so is one that is `None` where that means
/// the same.
#[derive(Default)]
pub struct CallArgs<'py> {
    pub name: Option<Bound<'py, PyAny>>,
    pub context: Option<Bound<'py, PyAny>>,
    pub catch_response: bool,
    /// False if redirects are not to be followed.
    pub no_redirects: bool,
    pub data: Option<Bound<'py, PyAny>>,
    pub json: Option<Bound<'py, PyAny>>,
    pub headers: Option<Bound<'py, PyAny>>,
    pub verify: Option<Bound<'py, PyAny>>,
    pub timeout: Option<Bound<'py, PyAny>>,
}

impl<'py> CallArgs<'py> {
    /// None if it asks for more than we know of.
    pub fn read(kwargs: Option<&Bound<'py, PyDict>>) -> Option<Self> {
        let mut call_args = Self::default();
        for (key, value) in kwargs.into_iter().flatten() {
            let py = key.py();
            // A keyword in a call is the very object that is interned under its name.
            if key.is(intern!(py, "name")) {
                call_args.name = Some(value);
            } else if key.is(intern!(py, "catch_response")) {
                call_args.catch_response = value.cast_exact::<PyBool>().ok()?.is_true();
            } else if key.is(intern!(py, "allow_redirects")) {
                call_args.no_redirects = !value.cast_exact::<PyBool>().ok()?.is_true();
            } else if key.is(intern!(py, "data")) {
                call_args.data = given(value);
            } else if key.is(intern!(py, "json")) {
                call_args.json = given(value);
            } else if key.is(intern!(py, "headers")) {
                call_args.headers = given(value);
            } else if key.is(intern!(py, "verify")) {
                call_args.verify = Some(value);
            } else if key.is(intern!(py, "timeout")) {
                call_args.timeout = Some(value);
            } else if key.is(intern!(py, "context")) {
                call_args.context = Some(value);
            } else {
                return None;
            }
        }
        Some(call_args)
    }

    /// The arguments that Locust passes on to the client, as far as they were given.
    pub fn passed_on(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let kwargs = PyDict::new(py);
        kwargs.set_item(intern!(py, "allow_redirects"), !self.no_redirects)?;
        for (name, value) in [
            (intern!(py, "headers"), &self.headers),
            (intern!(py, "verify"), &self.verify),
            (intern!(py, "timeout"), &self.timeout),
        ] {
            if let Some(value) = value {
                kwargs.set_item(name, value)?;
            }
        }
        Ok(kwargs)
    }
}

fn given(value: Bound<'_, PyAny>) -> Option<Bound<'_, PyAny>> {
    (!value.is_none()).then_some(value)
}
