//! RequestsRules: how sessions with the rules of requests send what needs little preparation.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyType};

use crate::request::call_args::CallArgs;
use crate::request::client::{PyFields, PyOptions};
use crate::request::encode as body;
use crate::request::merged_headers::{DefaultHeaders, MergedHeaders};
use crate::request::prepared::{Body, PyPreparedRequest};
use crate::request::url_cache::text;
use engine::http::Fields;

/// What such sessions have in common, as long as nobody has touched more of them than headers, cookies and `verify`.
#[pyclass(frozen, name = "RequestsRules", module = "locust_native._core")]
pub struct PyRequestsRules {
    default_headers: DefaultHeaders,
    /// How redirects are followed, and how not; the same for those who accept any certificate.
    verified: [Py<PyOptions>; 2],
    unverified: [Py<PyOptions>; 2],
    /// How many attributes of its own a session has that nobody has touched.
    attributes: usize,
    /// Whether a `timeout` of the session's own counts.
    timeout: bool,
    /// What goes out with a method that has no body, and with one that has an empty one.
    bare: Py<PyPreparedRequest>,
    empty: Py<PyPreparedRequest>,
    /// The function that looks at a jar somebody may have changed.
    check_cookies: Py<PyAny>,
}

/// A request as it is to go out.
pub struct WireRequest<'py> {
    pub fields: Arc<Fields>,
    pub options: Bound<'py, PyOptions>,
    pub body: Bytes,
    /// The body goes with its Content-Length where there is one, and with this type where it is not empty.
    pub content_type: Option<&'static str>,
    pub sent: Bound<'py, PyPreparedRequest>,
}

#[pymethods]
impl PyRequestsRules {
    #[new]
    #[pyo3(signature = (pairs, fields, headers, verified, unverified, attributes, timeout, bare, empty, check_cookies, /))]
    #[allow(clippy::too_many_arguments)] // made once, of all there is to know
    fn new(
        pairs: Py<PyList>,
        fields: &PyFields,
        headers: Py<PyType>,
        verified: (Py<PyOptions>, Py<PyOptions>),
        unverified: (Py<PyOptions>, Py<PyOptions>),
        attributes: usize,
        timeout: bool,
        bare: Py<PyPreparedRequest>,
        empty: Py<PyPreparedRequest>,
        check_cookies: Py<PyAny>,
    ) -> Self {
        Self {
            default_headers: DefaultHeaders {
                pairs,
                fields: Arc::clone(&fields.0),
                kind: headers,
            },
            verified: verified.into(),
            unverified: unverified.into(),
            attributes,
            timeout,
            bare,
            empty,
            check_cookies,
        }
    }
}

impl PyRequestsRules {
    /// Header fields and options; None where that takes the slow path. `own` is the `__dict__` of the session.
    fn build_head<'py>(
        &self,
        session: &Bound<'py, PyAny>,
        own: &Bound<'py, PyDict>,
        call_args: &CallArgs<'py>,
    ) -> PyResult<Option<(MergedHeaders<'py>, Bound<'py, PyOptions>)>> {
        let py = session.py();
        let touched = |name| -> PyResult<_> {
            match own.len() == self.attributes {
                true => Ok(None),
                false => own.get_item(name),
            }
        };
        let headers = touched(intern!(py, "headers"))?;
        let cookies = touched(intern!(py, "cookies"))?;
        let verify = touched(intern!(py, "verify"))?;
        let timeout = match self.timeout {
            true => touched(intern!(py, "timeout"))?,
            false => None,
        };
        let known = [&headers, &cookies, &verify, &timeout];
        let known = known.iter().filter(|own| own.is_some()).count();
        if own.len() != self.attributes + known {
            return Ok(None);
        }
        let Some(merged) =
            self.default_headers
                .merge(py, headers.as_ref(), call_args.headers.as_ref())?
        else {
            return Ok(None);
        };
        // What these two raise, they raise again on the slow path, where it is understood.
        if let Some(cookies) = cookies
            && self.check_cookies.bind(py).call1((cookies,)).is_err()
        {
            return Ok(None);
        }
        let given = |value: &Bound<'py, PyAny>| !value.is_none();
        let verify = call_args.verify.clone().filter(given).or(verify);
        let trusting = match &verify {
            None => Some(false),
            Some(verify) => verify.cast_exact::<PyBool>().ok().map(|it| !it.is_true()),
        };
        let limited = call_args.timeout.is_some() || timeout.is_some_and(|limit| given(&limit));
        let options = match (trusting, limited) {
            (Some(false), false) => self.verified[usize::from(call_args.no_redirects)]
                .bind(py)
                .clone(),
            (Some(true), false) => self.unverified[usize::from(call_args.no_redirects)]
                .bind(py)
                .clone(),
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

    /// How a request goes out; None where that takes the slow path.
    pub fn wire_request<'py>(
        &self,
        session: &Bound<'py, PyAny>,
        own: &Bound<'py, PyDict>,
        method: &Bound<'py, PyAny>,
        (call_args, body): (&CallArgs<'py>, Option<Body>),
    ) -> PyResult<Option<WireRequest<'py>>> {
        let py = session.py();
        let Some((merged, options)) = self.build_head(session, own, call_args)? else {
            return Ok(None);
        };
        // requests announces the empty body of all other methods.
        let bodiless = body.is_none() && matches!(text(method), Some("GET" | "HEAD"));
        if merged.of_body && !bodiless {
            return Ok(None); // the body's own fields would have to be placed among those given
        }
        let sent = match (&body, merged.shown) {
            (Some(body), shown) => {
                let head = shown.map_or_else(|| self.bare.get().head(py), Bound::unbind);
                Bound::new(py, PyPreparedRequest::of(py, head, body.clone()))?
            }
            (None, shown) => {
                let alike = if bodiless { &self.bare } else { &self.empty };
                match shown {
                    Some(head) => Bound::new(py, alike.get().under(py, head.unbind()))?,
                    None => alike.bind(py).clone(),
                }
            }
        };
        let content_type = match &body {
            Some(body) => Some(body.kind()),
            None => (!bodiless).then_some(""),
        };
        Ok(Some(WireRequest {
            fields: merged.fields,
            options,
            body: body.map_or_else(Bytes::new, Body::into_octets),
            content_type,
            sent,
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
        let form = body::encode_form(data)?;
        return Ok(form.map(|form| Some(Body::Form(form.into()))));
    }
    let Some(value) = &call_args.json else {
        return Ok(Some(None));
    };
    Ok(document(value)?.map(|document| Some(Body::Json(document))))
}
