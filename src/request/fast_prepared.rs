//! FastPreparedRequest for Python: a request of a `FastHttpSession` that is ready to go out, and what `response.request`
//! shows of it.

use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::request::client::{Pairs, PyFields, PyOptions, request};
use crate::request::prepared::Prepared;

/// The type that geventhttpclient gives a form.
pub const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Header fields for `response.request`: pairs, and behind them the two of a form of so many bytes.
pub struct Shown {
    pub pairs: Py<PyList>,
    pub form: Option<usize>,
}

/// A body, for `response.request`: geventhttpclient keeps a text where it was told its type, else it makes octets of it.
pub enum Shape {
    Text(Bytes),
    Octets(Bytes),
    Given(Py<PyAny>),
}

/// One request, for `response.request` and for what is told of it.
#[pyclass(frozen, name = "FastPreparedRequest", module = "locust_native._core")]
pub struct PyFastPreparedRequest {
    #[pyo3(get)]
    verb: Py<PyAny>,
    #[pyo3(get)]
    url: Py<PyString>,
    head: Shown,
    body: Shape,
    /// The `FastRequest`, where geventhttpclient has made it.
    #[pyo3(get)]
    made: Option<Py<PyAny>>,
    /// What goes out, where Python has prepared it.
    wire: Option<Box<engine::http::Request>>,
}

impl PyFastPreparedRequest {
    /// What is shown of a request that was prepared natively.
    pub fn native(verb: Py<PyAny>, url: Py<PyString>, head: Shown, body: Shape) -> Self {
        Self {
            verb,
            url,
            head,
            body,
            made: None,
            wire: None,
        }
    }

    /// A request that Python has prepared, counted under the method and name of the call.
    ///
    /// # Errors
    /// RuntimeError for one that was prepared here.
    pub fn prepared<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Prepared<'py>> {
        let sent = slf.get();
        let Some(wire) = &sent.wire else {
            return Err(PyRuntimeError::new_err("the request has gone out already"));
        };
        Ok(Prepared {
            request: engine::http::Request::clone(wire),
            method: method.clone(),
            name: name.clone(),
            explicit_name: Some(name.clone()),
            url: sent.url.bind(slf.py()).clone(),
            sent: slf.clone().into_any(),
        })
    }
}

#[pymethods]
impl PyFastPreparedRequest {
    /// `pairs`, `fields`: the header fields as they are shown, and as they go out before the jar's; `tail`: those behind
    /// it; `made`: the `FastRequest` that geventhttpclient has made.
    ///
    /// # Errors
    /// ValueError for a method, URL or field that is none.
    #[new]
    #[pyo3(signature = (verb, url, *, pairs, fields, tail, body, made, options))]
    #[allow(clippy::too_many_arguments)] // all that there is to a request
    fn new(
        verb: &Bound<'_, PyString>,
        url: &Bound<'_, PyString>,
        pairs: Py<PyList>,
        fields: &PyFields,
        tail: Pairs<'_>,
        body: Option<&[u8]>,
        made: Py<PyAny>,
        options: &PyOptions,
    ) -> PyResult<Self> {
        let wire = request(
            (verb.to_str()?, url.to_str()?),
            (fields, Some(tail)),
            (body, None),
            options,
        )?;
        let py = verb.py();
        Ok(Self {
            verb: verb.clone().into_any().unbind(),
            url: url.clone().unbind(),
            head: Shown { pairs, form: None },
            body: Shape::Given(body.map_or_else(
                || py.None(),
                |body| PyBytes::new(py, body).into_any().unbind(),
            )),
            made: Some(made),
            wire: Some(Box::new(wire)),
        })
    }

    /// The header fields as pairs.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let pairs = self.head.pairs.bind(py);
        let Some(length) = self.head.form else {
            return Ok(pairs.clone());
        };
        let all = PyList::new(py, pairs.iter())?;
        all.append(("content-type", FORM))?;
        all.append(("content-length", length.to_string()))?;
        Ok(all)
    }

    /// The body as `response.request` holds it.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.body {
            Shape::Given(body) => Ok(body.bind(py).clone()),
            Shape::Octets(octets) => Ok(PyBytes::new(py, octets).into_any()),
            Shape::Text(text) => {
                let octets = PyBytes::new(py, text);
                PyString::from_encoded_object(octets.as_any(), None, None).map(Bound::into_any)
            }
        }
    }

    /// `FastRequest` of the exchange's last hop; `exchange` may be None.
    #[pyo3(signature = (exchange, /))]
    fn request<'py>(
        slf: &Bound<'py, Self>,
        exchange: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let prepare = slf.py().import("locust_native.fast_user.prepare")?;
        prepare.call_method1(intern!(slf.py(), "request_of"), (slf, exchange))
    }
}
