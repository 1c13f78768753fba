//! PreparedRequest for Python: a request that is ready to go out, and what `response.request` shows of it.

use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::request::client::{Pairs, PyFields, PyOptions, request};
use crate::request::url_cache::path_of;
use engine::http::Request;

/// A request that is ready to be submitted, with what is told of it to Python.
pub struct Prepared<'py> {
    pub request: Request,
    /// As the call gave it, and as the request is counted by.
    pub method: Bound<'py, PyAny>,
    /// Under which it is counted: the name it was given, else its path.
    pub name: Bound<'py, PyAny>,
    /// The name it was given, if it was given one.
    pub explicit_name: Option<Bound<'py, PyAny>>,
    /// The whole URL.
    pub url: Bound<'py, PyString>,
    /// For `response.request`.
    pub sent: Bound<'py, PyAny>,
}

impl<'py> Prepared<'py> {
    /// A request that Python has prepared. It is called `name`, or, where that is empty, after its path.
    pub fn of_python(
        sent: &Bound<'py, PyPreparedRequest>,
        method: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let py = sent.py();
        let (request, url) = sent.get().wire(py)?;
        let called = match name.is_truthy()? {
            true => name.clone(),
            false => PyString::new(py, path_of(url.to_str()?)).into_any(),
        };
        Ok(Self {
            request,
            method: method.clone(),
            name: called,
            explicit_name: Some(name.clone()),
            url,
            sent: sent.clone().into_any(),
        })
    }
}

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

    /// Its Content-Type in requests.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    /// The body as requests shows it.
    fn shown<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let octets = PyBytes::new(py, self.octets());
        match self {
            Self::Json(_) => Ok(octets.into_any()),
            Self::Form(_) => {
                PyString::from_encoded_object(octets.as_any(), None, None).map(Bound::into_any)
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
    /// What goes out, where Python has prepared it.
    wire: Option<Box<(Request, Py<PyString>)>>,
}

enum Later {
    /// As Python has them: the fields of the body, and the body.
    Given(Py<PyAny>, Py<PyAny>),
    /// They are made when they are asked for.
    Of(Body),
}

impl PyPreparedRequest {
    /// Of a request without a body: the fields before the jar's, and those of an empty body, if it has any.
    pub fn without_body(py: Python<'_>, head: Py<PyAny>, tail: Py<PyAny>) -> Self {
        Self {
            head,
            later: Later::Given(tail, py.None()),
            cookies: py.None(),
            wire: None,
        }
    }

    /// Of a request whose body was encoded here.
    pub fn of(py: Python<'_>, head: Py<PyAny>, body: Body) -> Self {
        Self {
            head,
            later: Later::Of(body),
            cookies: py.None(),
            wire: None,
        }
    }

    /// The same, prepared by Python: ready for the engine, with its whole URL.
    ///
    /// # Errors
    /// RuntimeError for one that was prepared here.
    pub fn wire<'py>(&self, py: Python<'py>) -> PyResult<(Request, Bound<'py, PyString>)> {
        match &self.wire {
            Some(wire) => Ok((wire.0.clone(), wire.1.bind(py).clone())),
            None => Err(PyRuntimeError::new_err("the request has gone out already")),
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
            wire: None,
        }
    }
}

#[pymethods]
impl PyPreparedRequest {
    /// `fields`: those before the jar's `Cookie` field as they go out, `head`: as requests shows them; `tail`: those
    /// after it; `body`: its octets, `shown`: as requests shows it; `cookies`: those of this call only, `given`: as the
    /// call gave them.
    ///
    /// # Errors
    /// ValueError for a method, URL or field that is none.
    #[new]
    #[pyo3(signature = (method, url, *, fields, head, tail, body, shown, cookies, given, options))]
    #[allow(clippy::too_many_arguments)] // all that there is to a request
    fn new(
        method: &str,
        url: &Bound<'_, PyString>,
        fields: &PyFields,
        head: Py<PyAny>,
        tail: &Bound<'_, PyAny>,
        body: Option<&[u8]>,
        shown: Py<PyAny>,
        cookies: Option<Vec<(String, String)>>,
        given: Py<PyAny>,
        options: &PyOptions,
    ) -> PyResult<Self> {
        let pairs: Pairs<'_> = tail.extract()?;
        let wire = request(
            (method, url.to_str()?),
            (fields, Some(pairs)),
            (body, cookies),
            options,
        )?;
        Ok(Self {
            head,
            later: Later::Given(tail.clone().unbind(), shown),
            cookies: given,
            wire: Some(Box::new((wire, url.clone().unbind()))),
        })
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
