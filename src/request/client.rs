//! Client, Fields and Options as Python classes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Method;
use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::request::queue::PyQueue;
use crate::seam::convert::{fields, seconds};
use crate::seam::cpython;
use engine::http::cookies::Cookie;
use engine::http::{Client, Dialect, Fields, Options, Proxy, Request, Url, Verify};
use engine::runtime;

/// Sets how many bytes a line of an answer's header may have, and how many lines of fields there may be, for `HttpUser`.
#[pyfunction]
#[pyo3(signature = (longest_line, most_fields, /))]
pub fn limit_heads(longest_line: usize, most_fields: usize) {
    engine::http::limit_heads(longest_line, most_fields);
}

/// The names an object has of its own, whatever its class shows as its `__dict__`.
///
/// # Errors
/// TypeError for an object that has none.
#[pyfunction]
#[pyo3(signature = (object, /))]
pub fn own_names<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    cpython::instance_dict(object)
        .ok_or_else(|| PyTypeError::new_err("the object has no names of its own"))
}

/// Header fields, checked and converted once.
#[pyclass(frozen, name = "Fields", module = "locust_native._core")]
pub struct PyFields(pub Arc<Fields>);

#[pymethods]
impl PyFields {
    #[new]
    fn new(fields: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>) -> PyResult<Self> {
        Ok(Self(Arc::new(self::fields(&fields)?)))
    }
}

/// How requests are to be carried out.
#[pyclass(frozen, name = "Options", module = "locust_native._core")]
pub struct PyOptions(pub Arc<Options>);

#[pymethods]
impl PyOptions {
    /// `redirects`: how many to follow, None hands them back; timeouts in seconds, None is no limit;
    /// `bundle`: path of the PEM file of accepted certificates, None accepts any.
    #[new]
    #[pyo3(signature = (*, fast, redirects, connect_timeout, read_timeout, bundle, proxy))]
    fn new(
        fast: bool,
        redirects: Option<u32>,
        connect_timeout: Option<f64>,
        read_timeout: Option<f64>,
        bundle: Option<String>,
        proxy: Option<String>,
    ) -> Self {
        Self(Arc::new(Options {
            dialect: if fast {
                Dialect::Fast
            } else {
                Dialect::Requests
            },
            redirects,
            connect_timeout: seconds(connect_timeout),
            read_timeout: seconds(read_timeout),
            verify: bundle.map_or(Verify::Nothing, |path| Verify::Bundle(path.into())),
            proxy: proxy.map(|text| Arc::new(Proxy::new(&text))),
        }))
    }
}

/// A cookie as Python passes it: name, value, domain, domain_specified, domain_initial_dot, path,
/// path_specified, secure, expires, discard, rest.
type CookieTuple = (
    String,
    Option<String>,
    String,
    bool,
    bool,
    String,
    bool,
    bool,
    Option<i64>,
    bool,
    Vec<(String, Option<String>)>,
);

pub type Pairs<'py> = Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;
/// A body, and cookies of one request only.
type Rest<'a> = (Option<&'a [u8]>, Option<Vec<(String, String)>>);

/// A request as Python has prepared it: fields before and after the jar's, body, cookies of this request only.
///
/// # Errors
/// ValueError for a method, URL or field that is none.
pub fn request(
    (method, url): (&str, &str),
    (head, tail): (&PyFields, Option<Pairs<'_>>),
    (body, cookies): Rest<'_>,
    options: &PyOptions,
) -> PyResult<Request> {
    Ok(Request {
        method: Method::from_bytes(method.as_bytes())
            .map_err(|_| PyValueError::new_err(format!("{method:?} is no HTTP method")))?,
        url: Url::parse(url).map_err(PyValueError::new_err)?,
        head: Arc::clone(&head.0),
        tail: fields(&tail.unwrap_or_default())?,
        cookies: cookies.unwrap_or_default(),
        body: body.map_or_else(Bytes::new, Bytes::copy_from_slice),
        options: Arc::clone(&options.0),
    })
}

/// One user's HTTP client.
#[pyclass(frozen, name = "Client", module = "locust_native._core")]
pub struct PyClient {
    client: Arc<Client>,
    generation: AtomicU64,
    /// The process that made it.
    process: u32,
}

impl PyClient {
    /// The client, its connections given up if they are a parent process's.
    pub fn here(&self) -> &Arc<Client> {
        let now = runtime::generation();
        if self.generation.swap(now, Ordering::AcqRel) != now {
            self.client.forget();
        }
        &self.client
    }
}

impl PyClient {
    /// Starts a request on `queue` and returns its token.
    pub fn send(&self, queue: &PyQueue, request: Request) -> PyResult<runtime::Token> {
        queue
            .inner()
            .submit(Arc::clone(self.here()), request)
            .map_err(|error| {
                PyOSError::new_err(format!("the native I/O thread cannot be started: {error}"))
            })
    }
}

impl Drop for PyClient {
    fn drop(&mut self) {
        // In a forked child the connections are the parent's, and closing them would take them out of its reactor.
        if self.process != std::process::id() {
            self.here();
        }
    }
}

#[pymethods]
impl PyClient {
    /// `keep`: idle connections kept open; `concurrency`: requests under way at most, None is no limit.
    #[new]
    #[pyo3(signature = (keep, concurrency=None))]
    fn new(keep: usize, concurrency: Option<usize>) -> Self {
        Self {
            client: Client::new(keep, concurrency),
            generation: AtomicU64::new(runtime::generation()),
            process: std::process::id(),
        }
    }

    /// A number that is another one after every change of the cookies.
    fn cookie_version(&self) -> u64 {
        self.client.jar().version()
    }

    /// The cookies, in the jar's order.
    fn cookies(&self) -> Vec<CookieTuple> {
        self.client
            .jar()
            .cookies()
            .iter()
            .cloned()
            .map(|c| {
                (
                    c.name,
                    c.value,
                    c.domain,
                    c.domain_specified,
                    c.domain_initial_dot,
                    c.path,
                    c.path_specified,
                    c.secure,
                    c.expires,
                    c.discard,
                    c.rest,
                )
            })
            .collect()
    }

    /// Puts these cookies in place of all others; returns the new version.
    fn replace_cookies(&self, cookies: Vec<CookieTuple>) -> u64 {
        let mut jar = self.client.jar();
        jar.replace(
            cookies
                .into_iter()
                .map(|c| Cookie {
                    name: c.0,
                    value: c.1,
                    domain: c.2,
                    domain_specified: c.3,
                    domain_initial_dot: c.4,
                    path: c.5,
                    path_specified: c.6,
                    secure: c.7,
                    expires: c.8,
                    discard: c.9,
                    rest: c.10,
                })
                .collect(),
        );
        jar.version()
    }

    /// Closes the idle connections.
    fn close(&self) {
        self.here().close();
    }
}

/// Whether neither requests nor geventhttpclient would change a byte of the URL.
#[pyfunction]
#[pyo3(signature = (url, /))]
pub fn is_canonical_url(url: &Bound<'_, PyString>) -> bool {
    url.to_str().is_ok_and(engine::http::is_canonical)
}
