//! PreparedRequest for Python: what was handed to the native client, for `response.request`.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

/// A body that was encoded here.
#[derive(Clone)]
pub enum Body {
    /// A JSON document.
    Json(Bytes),
    /// A form.
    Form(Bytes),
}

impl Body {
    /// What goes over the wire.
    pub fn octets(&self) -> &Bytes {
        match self {
            Self::Json(octets) | Self::Form(octets) => octets,
        }
    }

    /// The same, for the way there.
    pub fn into_octets(self) -> Bytes {
        match self {
            Self::Json(octets) | Self::Form(octets) => octets,
        }
    }

    /// Its Content-Type in requests.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    /// The body as requests shows it.
    pub fn shown<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Json(octets) => Ok(PyBytes::new(py, octets).into_any()),
            Self::Form(octets) => {
                Ok(
                    PyString::from_encoded_object(PyBytes::new(py, octets).as_any(), None, None)?
                        .into_any(),
                )
            }
        }
    }
}

/// Header fields before and after the jar's `Cookie` field, body, and cookies of this call only, as requests has them.
#[pyclass(frozen, name = "PreparedRequest", module = "locust_native._core")]
pub struct PyPreparedRequest {
    #[pyo3(get)]
    head: Py<PyAny>,
    later: Later,
    #[pyo3(get)]
    cookies: Py<PyAny>,
}

enum Later {
    /// As Python has them: the fields of the body, and the body.
    Given(Py<PyAny>, Py<PyAny>),
    /// They are made when they are asked for.
    Of(Body),
}

impl PyPreparedRequest {
    /// Of a request whose body was encoded here.
    pub fn of(py: Python<'_>, head: Py<PyAny>, body: Body) -> Self {
        Self {
            head,
            later: Later::Of(body),
            cookies: py.None(),
        }
    }

    /// The fields before the jar's.
    pub fn head(&self, py: Python<'_>) -> Py<PyAny> {
        self.head.clone_ref(py)
    }

    /// The same with other fields before the jar's.
    pub fn under(&self, py: Python<'_>, head: Py<PyAny>) -> Self {
        let later = match &self.later {
            Later::Given(tail, body) => Later::Given(tail.clone_ref(py), body.clone_ref(py)),
            Later::Of(body) => Later::Of(body.clone()),
        };
        Self {
            head,
            later,
            cookies: self.cookies.clone_ref(py),
        }
    }
}

#[pymethods]
impl PyPreparedRequest {
    #[new]
    #[pyo3(signature = (head, tail, body, cookies=None, /))]
    fn new(
        py: Python<'_>,
        head: Py<PyAny>,
        tail: Py<PyAny>,
        body: Py<PyAny>,
        cookies: Option<Py<PyAny>>,
    ) -> Self {
        Self {
            head,
            later: Later::Given(tail, body),
            cookies: cookies.unwrap_or_else(|| py.None()),
        }
    }

    /// Names and values of the fields that describe the body.
    #[getter]
    fn tail<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.later {
            Later::Given(tail, _) => Ok(tail.bind(py).clone()),
            Later::Of(body) => {
                let fields = [
                    ("Content-Length", body.octets().len().to_string()),
                    ("Content-Type", body.kind().to_owned()),
                ];
                PyList::new(py, fields).map(Bound::into_any)
            }
        }
    }

    /// The body as it was given.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.later {
            Later::Given(_, body) => Ok(body.bind(py).clone()),
            Later::Of(body) => body.shown(py),
        }
    }
}
