//! RequestsRules: how sessions with the rules of requests send what needs little preparation.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyType};

use crate::guard::key_set::{KeySet, REQUEST};
use crate::request::call_args::CallArgs;
use crate::request::client::{PyFields, PyOptions};
use crate::request::encode;
use crate::request::merged_headers::{DefaultHeaders, MergedHeaders};
use crate::request::prepared::{Body, Prepared, PyPreparedRequest};
use crate::request::url_cache::{PyUrlCache, Target, text};

/// What somebody has put into a session of its own, and is taken into account here.
const HEADERS: u32 = 1;
const COOKIES: u32 = 2;
const VERIFY: u32 = 4;
const TIMEOUT: u32 = 8;
/// All else that takes part in a request: Python prepares it.
const OTHERS: u32 = 16;

/// What the sessions of one class have in common.
#[pyclass(frozen, name = "RequestsRules", module = "locust_native._core")]
pub struct PyRequestsRules {
    default_headers: DefaultHeaders,
    url_cache: Py<PyUrlCache>,
    /// How redirects are followed, and how not; the same for those who accept any certificate.
    verified: [Py<PyOptions>; 2],
    unverified: [Py<PyOptions>; 2],
    touched: KeySet,
    /// What goes out with a method that has no body, and with one that has an empty one.
    bare: Py<PyPreparedRequest>,
    empty: Py<PyPreparedRequest>,
    /// The function that looks at a jar somebody may have changed.
    check_cookies: Py<PyAny>,
}

#[pymethods]
impl PyRequestsRules {
    /// `headers`: the default ones as pairs, `fields`: as they go out, `headers_class`: the class of those of a session
    /// that has its own; `verified`, `unverified`: options with and without redirects; `touched`: names among a session's
    /// own that Python has to look at, beside `headers`, `cookies`, `verify` and, if `timeout`, `timeout`;
    /// `check_cookies`: raises for a jar that is not to be sent from here.
    #[new]
    #[pyo3(signature = (*, headers, fields, headers_class, url_cache, verified, unverified, touched, timeout, check_cookies))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        py: Python<'_>,
        headers: Py<PyList>,
        fields: &PyFields,
        headers_class: Py<PyType>,
        url_cache: Py<PyUrlCache>,
        verified: (Py<PyOptions>, Py<PyOptions>),
        unverified: (Py<PyOptions>, Py<PyOptions>),
        touched: Vec<String>,
        timeout: bool,
        check_cookies: Py<PyAny>,
    ) -> PyResult<Self> {
        let mut names: Vec<_> = touched.into_iter().map(|name| (name, OTHERS)).collect();
        for (name, bit) in [
            ("headers", HEADERS),
            ("cookies", COOKIES),
            ("verify", VERIFY),
            ("request", REQUEST),
        ] {
            names.push((name.to_owned(), bit));
        }
        if timeout {
            names.push(("timeout".to_owned(), TIMEOUT));
        }
        let shown = headers.clone_ref(py).into_any();
        let template = |tail: Vec<(&str, &str)>| -> PyResult<_> {
            let tail = PyList::new(py, tail)?.into_any().unbind();
            Py::new(
                py,
                PyPreparedRequest::without_body(py, shown.clone_ref(py), tail),
            )
        };
        Ok(Self {
            bare: template(Vec::new())?,
            empty: template(vec![("Content-Length", "0")])?,
            default_headers: DefaultHeaders {
                pairs: headers,
                fields: Arc::clone(&fields.0),
                kind: headers_class,
            },
            url_cache,
            verified: verified.into(),
            unverified: unverified.into(),
            touched: KeySet::new(py, names)?,
            check_cookies,
        })
    }
}

impl PyRequestsRules {
    /// What of a session's own takes part in its requests, as bits.
    #[inline]
    pub fn touched(&self, own: &Bound<'_, PyDict>) -> PyResult<u32> {
        self.touched.found(own)
    }

    /// Header fields and options; None where Python has to see to them. `own` is the `__dict__` of the session.
    fn build_head<'py>(
        &self,
        session: &Bound<'py, PyAny>,
        (own, touched): (&Bound<'py, PyDict>, u32),
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<(MergedHeaders<'py>, Bound<'py, PyOptions>)>> {
        let py = session.py();
        if touched & OTHERS != 0 {
            return Ok(None);
        }
        let own = |bit, name| -> PyResult<_> {
            match touched & bit {
                0 => Ok(None),
                _ => own.get_item(name),
            }
        };
        let headers = own(HEADERS, intern!(py, "headers"))?;
        let Some(merged) =
            self.default_headers
                .merge(py, headers.as_ref(), call_args.headers.as_ref())?
        else {
            return Ok(None);
        };
        // What these two raise, they raise again in Python, where it is understood.
        if let Some(cookies) = own(COOKIES, intern!(py, "cookies"))?
            && self.check_cookies.bind(py).call1((cookies,)).is_err()
        {
            return Ok(None);
        }
        let given = |value: &Bound<'py, PyAny>| !value.is_none();
        let verify = match call_args.verify.clone().filter(given) {
            None => own(VERIFY, intern!(py, "verify"))?,
            verify => verify,
        };
        let trusting = match &verify {
            None => Some(false),
            Some(verify) => verify.cast_exact::<PyBool>().ok().map(|it| !it.is_true()),
        };
        let timeout = own(TIMEOUT, intern!(py, "timeout"))?;
        let limited = call_args.timeout.is_some() || timeout.is_some_and(|limit| given(&limit));
        let no_redirects = usize::from(call_args.no_redirects);
        let options = match (trusting, limited) {
            (Some(false), false) => self.verified[no_redirects].bind(py).clone(),
            (Some(true), false) => self.unverified[no_redirects].bind(py).clone(),
            _ => {
                let told = (
                    &call_args.verify,
                    &call_args.timeout,
                    !call_args.no_redirects,
                );
                let found = session.call_method1(intern!(py, "_simple_options"), told);
                match found.map(|found| found.cast_into::<PyOptions>().ok()) {
                    Ok(Some(options)) => options,
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some((merged, options)))
    }

    /// The request of a call of `session`, JSON by `document`; None, without side effects, where Python has to prepare
    /// it. It is called `name`, or, where that is None, after the path. `own` is the `__dict__` of the session, `touched` what
    /// of it takes part in requests.
    pub fn prepare<'py>(
        &self,
        session: &Bound<'py, PyAny>,
        own: (&Bound<'py, PyDict>, u32),
        (target, name): (&Target<'_, 'py>, Option<&Bound<'py, PyAny>>),
        call_args: &CallArgs<'py>,
        document: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Option<Bytes>>,
    ) -> PyResult<Option<Prepared<'py>>> {
        let py = session.py();
        let method = target.method;
        let Some(body) = body_of(call_args, document)? else {
            return Ok(None);
        };
        let Some((merged, options)) = self.build_head(session, own, call_args)? else {
            return Ok(None);
        };
        // requests announces the empty body of all other methods.
        let bodiless = body.is_none() && matches!(text(method), Some("GET" | "HEAD"));
        if merged.of_body && !bodiless {
            return Ok(None); // the body's own fields would have to be placed among those given
        }
        let (octets, content_type) = match &body {
            Some(body) => (body.octets().clone(), Some(body.kind())),
            None => (Bytes::new(), (!bodiless).then_some("")),
        };
        let found = self.url_cache.get().request(
            target,
            (&merged.fields, options.get()),
            (octets, content_type),
        )?;
        let Some((request, url, path)) = found else {
            return Ok(None);
        };
        let sent = match (body, merged.shown) {
            (Some(body), shown) => {
                let head = shown.map_or_else(|| self.bare.get().head(py), Bound::unbind);
                Bound::new(py, PyPreparedRequest::of(py, head, body))?
            }
            (None, shown) => {
                let alike = if bodiless { &self.bare } else { &self.empty };
                match shown {
                    Some(head) => Bound::new(py, alike.get().under(py, head.unbind()))?,
                    None => alike.bind(py).clone(),
                }
            }
        };
        Ok(Some(Prepared {
            request,
            method: method.clone(),
            name: match name {
                Some(name) => name.clone(),
                None => path.into_any(),
            },
            explicit_name: name.cloned(),
            url,
            sent: sent.into_any(),
        }))
    }
}

/// The body of a request, JSON by `document`; None where it takes Python to make it.
pub fn body_of<'py>(
    call_args: &CallArgs<'py>,
    document: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Option<Bytes>>,
) -> PyResult<Option<Option<Body>>> {
    if let Some(data) = &call_args.data
        && data.is_truthy()?
    {
        let Ok(data) = data.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        let form = encode::encode_form(data)?;
        return Ok(form.map(|form| Some(Body::Form(form.into()))));
    }
    let Some(value) = &call_args.json else {
        return Ok(Some(None));
    };
    Ok(document(value)?.map(|document| Some(Body::Json(document))))
}
