//! UrlCache for Python: plain requests to URLs met before, from the call's arguments to the I/O thread in one crossing.

use engine::sync::lock;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use foldhash::{HashMap, HashMapExt};
use http::Method;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::request::client::PyOptions;
use engine::http::{Fields, Kind, Request, Url, is_canonical};

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

/// Where a request goes, as the call gave it.
pub struct Target<'a, 'py> {
    pub method: &'a Bound<'py, PyAny>,
    /// Goes before URLs that are paths.
    pub base: &'a Bound<'py, PyAny>,
    pub url: &'a Bound<'py, PyAny>,
}

/// A request, its whole URL, and the path of that.
pub type Found<'py> = (Request, Bound<'py, PyString>, Bound<'py, PyString>);

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

/// Path and query of a prepared URL, as `PreparedRequest.path_url` of requests gives them.
pub fn path_of(url: &str) -> &str {
    let path = url
        .get(8..)
        .and_then(|rest| rest.find('/'))
        .map_or("/", |at| &url[8 + at..]);
    path.split('#').next().unwrap_or(path)
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
}

impl PyUrlCache {
    /// The request to a target; None if its method or its URL needs preparation. The body goes with its Content-Length
    /// where it is given a type, and with that type where that is not empty.
    pub fn request<'py>(
        &self,
        target: &Target<'_, 'py>,
        (head, options): (&Arc<Fields>, &PyOptions),
        (body, content_type): (Bytes, Option<&str>),
    ) -> PyResult<Option<Found<'py>>> {
        let texts = (|| Some((text(target.method)?, text(target.base)?, text(target.url)?)))();
        let Some((verb, base, path)) = texts else {
            return Ok(None);
        };
        let Some(method) = method_of(verb) else {
            return Ok(None);
        };
        let Some((url, whole, path)) = self.find(target.method.py(), base, path) else {
            return Ok(None);
        };
        let request = Request {
            method,
            url,
            head: Arc::clone(head),
            tail: tail(&body, content_type),
            cookies: Vec::new(),
            body,
            options: Arc::clone(&options.0),
        };
        Ok(Some((request, whole, path)))
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
