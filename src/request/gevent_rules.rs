//! GeventRules: how sessions with the rules of geventhttpclient send what needs little preparation.

use std::sync::Arc;

use bytes::Bytes;
use engine::http::{Fields, Kind};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::guard::key_set::{KeySet, REQUEST};
use crate::guard::type_cache::CachedKey;
use crate::request::call_args::CallArgs;
use crate::request::client::{Pairs, PyOptions};
use crate::request::encode;
use crate::request::fast_prepared::{FORM, PyFastPreparedRequest, Shape, Shown};
use crate::request::prepared::Prepared;
use crate::request::url_cache::{PyUrlCache, Target, text};

/// Set on the session itself for URLs with credentials.
const AUTH_HEADER: u32 = 1;
/// All else that takes part in a request: Python prepares it.
const OTHERS: u32 = 4;

const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";

/// What the sessions with one set of default header fields have in common.
#[pyclass(frozen, name = "GeventRules", module = "locust_native._core")]
pub struct PyGeventRules {
    url_cache: Py<PyUrlCache>,
    /// The default fields.
    defaults: Vec<(Py<PyString>, Py<PyString>)>,
    /// Whether they describe a body.
    typed: bool,
    /// Those of a request without any of its own, and of one with JSON.
    bare: Head,
    json: Head,
    touched: KeySet,
    options: CachedKey,
    unfollowed: CachedKey,
}

/// Header fields as they go out, and as `response.request` shows them.
struct Head {
    fields: Arc<Fields>,
    pairs: Py<PyList>,
}

impl Head {
    fn shown(&self, py: Python<'_>) -> Shown {
        Shown {
            pairs: self.pairs.clone_ref(py),
            form: None,
        }
    }
}

#[pymethods]
impl PyGeventRules {
    /// `defaults`: names beside values; `touched`: names among a session's own that Python has to look at.
    ///
    /// # Errors
    /// ValueError for fields that the wire cannot carry.
    #[new]
    #[pyo3(signature = (*, defaults, url_cache, touched))]
    fn new(
        py: Python<'_>,
        defaults: Vec<(Py<PyString>, Py<PyString>)>,
        url_cache: Py<PyUrlCache>,
        touched: Vec<String>,
    ) -> PyResult<Self> {
        let mut names: Vec<_> = touched.into_iter().map(|name| (name, OTHERS)).collect();
        names.push(("auth_header".to_owned(), AUTH_HEADER));
        names.push(("request".to_owned(), REQUEST));
        let typed = defaults.iter().any(|(name, value)| {
            let name = name.bind(py).to_str().unwrap_or_default();
            name.eq_ignore_ascii_case("content-type")
                && value.bind(py).is_truthy().unwrap_or_default()
        });
        let head = |json: bool| -> PyResult<Head> {
            let mut head = HeadFields::new(py, &defaults);
            head.put_text("Accept-Encoding", "gzip, deflate, br");
            if json {
                head.put_text("Content-Type", "application/json");
                head.put_text("Accept", "application/json");
            }
            let pairs = head.pairs()?;
            let fields = crate::seam::convert::fields(&pairs.extract::<Pairs<'_>>()?)?;
            Ok(Head {
                fields: Arc::new(fields),
                pairs: pairs.unbind(),
            })
        };
        Ok(Self {
            bare: head(false)?,
            json: head(true)?,
            url_cache,
            defaults,
            typed,
            touched: KeySet::new(py, names)?,
            options: CachedKey::interned(py, "_options"),
            unfollowed: CachedKey::interned(py, "_unfollowed"),
        })
    }
}

/// A body.
enum Body {
    None,
    Json(Bytes),
    Form(Bytes),
    Text(Bytes),
    Octets(Bytes),
}

impl Body {
    fn octets(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Json(octets) | Self::Form(octets) | Self::Text(octets) | Self::Octets(octets) => {
                octets.clone()
            }
        }
    }

    /// The type that geventhttpclient gives it where nothing else does.
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self::None | Self::Json(_) => None,
            Self::Form(_) => Some(FORM),
            Self::Text(_) => Some(TEXT),
            Self::Octets(_) => Some(OCTETS),
        }
    }
}

/// Header fields on the way to the wire, each with its name in lower case.
struct HeadFields<'py> {
    py: Python<'py>,
    fields: Vec<(String, Bound<'py, PyString>, Bound<'py, PyString>)>,
}

impl<'py> HeadFields<'py> {
    fn new(py: Python<'py>, defaults: &[(Py<PyString>, Py<PyString>)]) -> Self {
        let mut head = Self {
            py,
            fields: Vec::with_capacity(defaults.len() + 4),
        };
        for (name, value) in defaults {
            head.put(name.bind(py).clone(), value.bind(py).clone());
        }
        head
    }

    /// In the place of the field of its name, or last, as a `Headers` of geventhttpclient does it.
    fn put(&mut self, name: Bound<'py, PyString>, value: Bound<'py, PyString>) {
        let lower = name.to_str().unwrap_or_default().to_ascii_lowercase();
        let known = self.fields.iter_mut().find(|(known, ..)| *known == lower);
        match known {
            Some(known) => (known.1, known.2) = (name, value),
            None => self.fields.push((lower, name, value)),
        }
    }

    fn put_text(&mut self, name: &str, value: &str) {
        let (name, value) = (
            PyString::intern(self.py, name),
            PyString::new(self.py, value),
        );
        self.put(name, value);
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, ..)| known == name)
    }

    fn pairs(&self) -> PyResult<Bound<'py, PyList>> {
        PyList::new(
            self.py,
            self.fields.iter().map(|(_, name, value)| (name, value)),
        )
    }

    /// As they go out; None for what is not plain ASCII, or no field.
    fn wire(&self) -> Option<Fields> {
        let mut wire = Fields::with_capacity(256);
        for (_, name, value) in &self.fields {
            let (name, value) = (name.to_str().ok()?, value.to_str().ok()?);
            if !name.is_ascii() || !value.is_ascii() {
                return None;
            }
            wire.push(name.as_bytes(), value.as_bytes()).ok()?;
        }
        Some(wire)
    }
}

impl PyGeventRules {
    /// What of a session's own takes part in its requests, as bits.
    pub fn touched(&self, own: &Bound<'_, PyDict>) -> PyResult<u32> {
        self.touched.found(own)
    }

    /// The request of a call, JSON by `document`; None, without side effects, where Python has to prepare it. It is
    /// called `name`, or, where that is empty, after the URL it was given. `own` is the `__dict__` of the session, `touched`
    /// what of it takes part in requests.
    pub fn prepare<'py>(
        &self,
        (own, touched): (&Bound<'py, PyDict>, u32),
        (target, name): (&Target<'_, 'py>, Option<Bound<'py, PyAny>>),
        call_args: &CallArgs<'py>,
        document: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Option<Bytes>>,
    ) -> PyResult<Option<Prepared<'py>>> {
        let Target { method, url, .. } = *target;
        let py = method.py();
        // Even where they are None, these are parameters to geventhttpclient; and it loses empty parameters of URLs.
        let parameters = call_args.verify.is_some() || call_args.timeout.is_some();
        let whole = text(url).is_some_and(|url| !url.is_empty() && !url.contains(';'));
        let takes_body = match text(method) {
            Some("GET" | "OPTIONS" | "HEAD" | "DELETE") => false,
            Some("POST" | "PUT" | "PATCH") => true,
            _ => return Ok(None),
        };
        if parameters || !whole || touched & OTHERS != 0 {
            return Ok(None);
        }
        let options = match call_args.no_redirects {
            true => &self.unfollowed,
            false => &self.options,
        };
        let (Some(Ok(options)), Some(body)) = (
            options
                .get(own)?
                .map(|options| options.cast_into::<PyOptions>()),
            body_of(call_args, document)?,
        ) else {
            return Ok(None);
        };
        let auth = match touched & AUTH_HEADER {
            0 => None,
            _ => own.get_item(intern!(py, "auth_header"))?,
        };
        let auth = auth.filter(|auth| !auth.is_none());
        let simple = auth.is_none() && call_args.headers.is_none();
        let head = match (&body, simple) {
            (Body::None, true) => Some((Arc::clone(&self.bare.fields), self.bare.shown(py), true)),
            (Body::Json(_), true) => {
                Some((Arc::clone(&self.json.fields), self.json.shown(py), true))
            }
            (Body::Form(form), true) if !self.typed => {
                let mut fields = Fields::clone(&self.bare.fields);
                let length = form.len().to_string();
                fields.add(Kind::OfBody, b"content-type", FORM.as_bytes());
                fields.add(Kind::OfBody, b"content-length", length.as_bytes());
                let mut shown = self.bare.shown(py);
                shown.form = Some(form.len());
                Some((Arc::new(fields), shown, false))
            }
            _ => self.merged(py, call_args, auth.as_ref(), &body)?,
        };
        let Some((fields, shown, announced)) = head else {
            return Ok(None);
        };
        // What `_build_request` of geventhttpclient adds behind the others.
        let bodiless = matches!(body, Body::None);
        let content_type = (announced && (!bodiless || takes_body)).then_some("");
        let found = self.url_cache.get().request(
            target,
            (&fields, options.get()),
            (body.octets(), content_type),
        )?;
        let Some((request, whole, _)) = found else {
            return Ok(None);
        };
        let shape = match body {
            Body::None => Shape::Given(py.None()),
            Body::Json(text) => Shape::Text(text),
            Body::Text(text) if announced => Shape::Text(text),
            Body::Text(octets) | Body::Form(octets) | Body::Octets(octets) => Shape::Octets(octets),
        };
        let sent = PyFastPreparedRequest::native(
            method.clone().unbind(),
            whole.clone().unbind(),
            shown,
            shape,
        );
        Ok(Some(Prepared {
            request,
            method: method.clone(),
            name: name.clone().unwrap_or_else(|| url.clone()),
            explicit_name: name,
            url: whole,
            sent: Bound::new(py, sent)?.into_any(),
        }))
    }

    /// The fields of a request that has some of its own, and whether its length goes behind them; None where Python has
    /// to see to them.
    fn merged<'py>(
        &self,
        py: Python<'py>,
        call_args: &CallArgs<'py>,
        auth: Option<&Bound<'py, PyAny>>,
        body: &Body,
    ) -> PyResult<Option<(Arc<Fields>, Shown, bool)>> {
        let mut head = HeadFields::new(py, &self.defaults);
        let given = match &call_args.headers {
            None => PyDict::new(py),
            Some(headers) => match headers.cast_exact::<PyDict>() {
                Ok(headers) => headers.clone(),
                Err(_) => return Ok(None),
            },
        };
        for (name, value) in &given {
            let (Ok(name), Ok(value)) = (
                name.cast_into_exact::<PyString>(),
                value.cast_into_exact::<PyString>(),
            ) else {
                return Ok(None);
            };
            // It counts as none, but holds its place.
            let untyped = name
                .to_str()
                .is_ok_and(|name| name.eq_ignore_ascii_case("content-type"))
                && !value.is_truthy()?;
            if untyped {
                return Ok(None);
            }
            head.put(name, value);
        }
        let has = |name: &str, lower: &str| -> PyResult<bool> {
            Ok(given.contains(name)? || given.contains(lower)?)
        };
        if let Some(auth) = auth {
            let Ok(auth) = auth.cast_exact::<PyString>() else {
                return Ok(None);
            };
            head.put(PyString::intern(py, "Authorization"), auth.clone());
        }
        if !has("Accept-Encoding", "accept-encoding")? {
            head.put_text("Accept-Encoding", "gzip, deflate, br");
        }
        if matches!(body, Body::Json(_)) {
            if !has("Content-Type", "content-type")? {
                head.put_text("Content-Type", "application/json");
            }
            if !has("Accept", "accept")? {
                head.put_text("Accept", "application/json");
            }
        }
        if ["content-length", "transfer-encoding", "expect"]
            .iter()
            .any(|name| head.has(name))
        {
            return Ok(None);
        }
        let typed = head.fields.iter().any(|(name, _, value)| {
            name == "content-type" && value.is_truthy().unwrap_or_default()
        });
        if !typed && let Some(kind) = body.kind() {
            head.put_text("content-type", kind);
        }
        // Of a form, and of a text that is given its type, the length goes before; of all else it goes behind.
        let before = matches!(body, Body::Form(_)) || matches!(body, Body::Text(_)) && !typed;
        if before {
            head.put_text("content-length", &body.octets().len().to_string());
        }
        let Some(wire) = head.wire() else {
            return Ok(None);
        };
        let shown = Shown {
            pairs: head.pairs()?.unbind(),
            form: None,
        };
        Ok(Some((Arc::new(wire), shown, !before)))
    }
}

/// The body of a request; None where it takes Python to make it.
fn body_of<'py>(
    call_args: &CallArgs<'py>,
    document: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Option<Bytes>>,
) -> PyResult<Option<Body>> {
    if let Some(data) = &call_args.data {
        if !data.is_truthy()? {
            return Ok(None);
        }
        if let Ok(form) = data.cast_exact::<PyDict>() {
            return Ok(encode::encode_form(form)?.map(|form| Body::Form(form.into())));
        }
        if let Ok(text) = data.cast_exact::<PyString>() {
            let text = text.to_str().ok();
            return Ok(text.map(|text| Body::Text(Bytes::copy_from_slice(text.as_bytes()))));
        }
        let octets = data.cast_exact::<PyBytes>().ok();
        return Ok(octets.map(|octets| Body::Octets(Bytes::copy_from_slice(octets.as_bytes()))));
    }
    match &call_args.json {
        None => Ok(Some(Body::None)),
        Some(value) => Ok(document(value)?.map(Body::Json)),
    }
}
