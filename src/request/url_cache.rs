//! UrlCache for Python: plain requests to URLs met before, from the call's arguments to the I/O thread in one crossing.

use engine::sync::lock;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use foldhash::{HashMap, HashMapExt};
use http::Method;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::metrics::record::PyRecord;
use crate::metrics::tracker::PyRequestTracker;
use crate::request::client::{PyClient, PyFields, PyOptions};
use crate::request::queue::PyQueue;
use engine::http::{Fields, Kind, Request, Url, is_canonical};
use engine::runtime::Token;

/// The URLs that need no preparation, each taken apart once.
#[pyclass(frozen, name = "UrlCache", module = "locust_native._core")]
pub struct PyUrlCache {
    /// How many to keep: a locustfile that draws its URLs at random must not fill memory.
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    urls: HashMap<Box<str>, CachedUrl>,
    /// Where an address is put together.
    whole: String,
}

/// A URL met before.
struct CachedUrl {
    url: Url,
    text: Py<PyString>,
    /// Path and query, which requests names a request by.
    path: Py<PyString>,
}

impl CachedUrl {
    fn new(py: Python<'_>, text: &str) -> Option<Self> {
        let url = is_canonical(text)
            .then(|| Url::parse(text).ok())
            .flatten()?;
        Some(Self {
            path: PyString::new(py, &url.target()).unbind(),
            text: PyString::new(py, text).unbind(),
            url,
        })
    }
}

pub(crate) type Started<'py> = (Token, PyRequestTracker, Bound<'py, PyString>);

/// One request, as the call gave it.
pub(crate) struct Call<'a, 'py> {
    pub client: &'a PyClient,
    pub queue: &'a PyQueue,
    pub record: &'a PyRecord,
    pub head: &'a Arc<Fields>,
    pub options: &'a PyOptions,
    pub method: &'a Bound<'py, PyAny>,
    pub base: &'a Bound<'py, PyAny>,
    pub url: &'a Bound<'py, PyAny>,
    pub name: &'a Bound<'py, PyAny>,
    pub body: Bytes,
    /// The body goes with its Content-Length where there is one, and with this type where it is not empty.
    pub content_type: Option<&'a str>,
}

impl PyUrlCache {
    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// The URL, its text and its path; None if it needs preparation.
    fn find<'py>(
        &self,
        py: Python<'py>,
        base: &str,
        url: &str,
    ) -> Option<(Url, Bound<'py, PyString>, Bound<'py, PyString>)> {
        let mut known = self.known();
        let Known { urls, whole } = &mut *known;
        whole.clear();
        if !is_absolute(url) {
            whole.push_str(base);
        }
        whole.push_str(url);
        if !urls.contains_key(whole.as_str()) {
            if urls.len() >= self.limit {
                urls.clear();
            }
            urls.insert(whole.as_str().into(), CachedUrl::new(py, whole)?);
        }
        let met = urls.get(whole.as_str())?;
        let (text, path) = (met.text.bind(py).clone(), met.path.bind(py).clone());
        Some((met.url.clone(), text, path))
    }
}

/// As Locust tells an address from a path.
fn is_absolute(url: &str) -> bool {
    let begins = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

fn method_of(verb: &str) -> Option<Method> {
    Some(match verb {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        "PATCH" => Method::PATCH,
        "HEAD" => Method::HEAD,
        "OPTIONS" => Method::OPTIONS,
        _ => return None,
    })
}

#[pymethods]
impl PyUrlCache {
    #[new]
    #[pyo3(signature = (limit, /))]
    fn new(limit: usize) -> Self {
        Self {
            limit,
            known: Mutex::new(Known {
                urls: HashMap::new(),
                whole: String::new(),
            }),
        }
    }

    /// Starts a request on `queue`, if its method and its URL (`base` before it, if it is a path) are plain: its
    /// token, its entry in `record`, and its whole URL. Otherwise None, and nothing has happened.
    ///
    /// It is called `name`, or, where that is empty, after the path. A body goes with its Content-Length, and with its
    /// type, if it is given one that is not empty.
    #[pyo3(signature = (client, queue, record, head, options, method, base, url, name, body=None, content_type=None, /))]
    #[allow(clippy::too_many_arguments)] // one crossing of the seam per request, so all of it at once
    fn start<'py>(
        &self,
        client: &PyClient,
        queue: &PyQueue,
        record: &PyRecord,
        head: &PyFields,
        options: &PyOptions,
        method: &Bound<'py, PyAny>,
        base: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        body: Option<&Bound<'py, PyBytes>>,
        content_type: Option<&str>,
    ) -> PyResult<Option<Started<'py>>> {
        self.send(Call {
            client,
            queue,
            record,
            head: &head.0,
            options,
            method,
            base,
            url,
            name,
            body: body.map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.as_bytes())),
            content_type,
        })
    }
}

impl PyUrlCache {
    /// As `start`.
    pub(crate) fn send<'py>(&self, call: Call<'_, 'py>) -> PyResult<Option<Started<'py>>> {
        let texts = (|| Some((text(call.method)?, text(call.base)?, text(call.url)?)))();
        let Some((verb, base, path)) = texts else {
            return Ok(None);
        };
        let Some(method) = method_of(verb) else {
            return Ok(None);
        };
        let Some((url, whole, path)) = self.find(call.method.py(), base, path) else {
            return Ok(None);
        };
        let request = Request {
            method,
            url,
            head: Arc::clone(call.head),
            tail: tail(&call.body, call.content_type),
            cookies: Vec::new(),
            body: call.body,
            options: Arc::clone(&call.options.0),
        };
        let name = if call.name.is_truthy()? {
            call.name
        } else {
            path.as_any()
        };
        let tracker = PyRequestTracker::new(call.record, call.method, name)?;
        let token = call.client.send(call.queue, request)?;
        Ok(Some((token, tracker, whole)))
    }
}

/// The fields that describe a body, in the order of requests.
fn tail(body: &[u8], content_type: Option<&str>) -> Fields {
    let Some(content_type) = content_type else {
        return Fields::default();
    };
    let mut fields = Fields::with_capacity(64);
    let length = body.len().to_string();
    fields.add(Kind::OfBody, b"Content-Length", length.as_bytes());
    if !content_type.is_empty() {
        fields.add(Kind::OfBody, b"Content-Type", content_type.as_bytes());
    }
    fields
}

/// Exactly a str: a subclass may do as it likes.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast_exact::<PyString>().ok()?.to_str().ok()
}
