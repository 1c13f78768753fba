//! MergedHeaders: the header fields of a request, from those of a session and those of a call.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::seam::cpython;
use engine::http::Fields;

/// The fields of a request.
pub struct MergedHeaders<'py> {
    pub fields: Arc<Fields>,
    /// As `response.request` shows them, names beside values; None if they are the default ones.
    pub shown: Option<Bound<'py, PyAny>>,
    /// Whether any of them describes the body.
    pub of_body: bool,
}

/// The default fields of sessions, and the class that holds those of a session that has others.
pub struct DefaultHeaders {
    /// Names beside values.
    pub pairs: Py<PyList>,
    pub fields: Arc<Fields>,
    pub kind: Py<PyType>,
}

/// One field; without a value it is left out in the end, and keeps its place until then.
struct Field<'py> {
    name: Bound<'py, PyString>,
    value: Option<Bound<'py, PyString>>,
    /// Both, as Python has them.
    pair: Option<Bound<'py, PyTuple>>,
}

impl Field<'_> {
    fn text(&self) -> Option<(&str, Option<&str>)> {
        let value = match &self.value {
            Some(value) => Some(value.to_str().ok()?),
            None => None,
        };
        Some((self.name.to_str().ok()?, value))
    }

    fn is(&self, name: &str) -> bool {
        self.name
            .to_str()
            .is_ok_and(|own| own.eq_ignore_ascii_case(name))
    }
}

impl DefaultHeaders {
    /// The fields that a session and a call of it were given, merged as requests merges them; None where that takes
    /// more than a look.
    pub fn merge<'py>(
        &self,
        py: Python<'py>,
        own: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<MergedHeaders<'py>>> {
        if own.is_none() && headers.is_none() {
            return Ok(Some(MergedHeaders {
                fields: Arc::clone(&self.fields),
                shown: None,
                of_body: false,
            }));
        }
        let tracker = match own {
            None => all(self.pairs.bind(py).iter()),
            Some(own) if own.get_type().is(&self.kind) => {
                let store = match cpython::instance_dict(own) {
                    Some(names) => names.get_item(intern!(py, "_store"))?,
                    None => None,
                };
                let Some(Ok(store)) = store.map(Bound::cast_into::<PyDict>) else {
                    return Ok(None);
                };
                all(store.iter().map(|(_, pair)| pair))
            }
            Some(_) => None,
        };
        let Some(mut fields) = tracker else {
            return Ok(None);
        };
        let known = fields.len();
        let mut replaced = own.is_some();
        if let Some(headers) = headers {
            let Ok(headers) = headers.cast_exact::<PyDict>() else {
                return Ok(None);
            };
            for (name, value) in headers {
                let Some(field) = given(name, value) else {
                    return Ok(None);
                };
                replaced |= put(&mut fields, field);
            }
        }
        // The defaults are in their wire format already.
        let (kept, base) = if replaced {
            (0, Fields::with_capacity(256))
        } else {
            (known, Fields::clone(&self.fields))
        };
        let Some((wire, of_body)) = written(base, &fields, kept) else {
            return Ok(None);
        };
        let shown = PyList::empty(py);
        for field in fields {
            match (field.pair, field.value) {
                (Some(pair), _) => shown.append(pair)?,
                (None, Some(value)) => shown.append((field.name, value))?,
                (None, None) => {}
            }
        }
        Ok(Some(MergedHeaders {
            fields: Arc::new(wire),
            shown: Some(shown.into_any()),
            of_body,
        }))
    }
}

/// Pairs of texts.
fn all<'py>(pairs: impl Iterator<Item = Bound<'py, PyAny>>) -> Option<Vec<Field<'py>>> {
    let mut fields = Vec::with_capacity(8);
    for pair in pairs {
        let pair = pair.cast_into_exact::<PyTuple>().ok()?;
        let (name, value) = pair
            .extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
            .ok()?;
        let mut field = given(name, value)?;
        field.value.as_ref()?;
        field.pair = Some(pair);
        fields.push(field);
    }
    Some(fields)
}

fn given<'py>(name: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> Option<Field<'py>> {
    Some(Field {
        name: name.cast_into_exact().ok()?,
        value: match value.is_none() {
            true => None,
            false => Some(value.cast_into_exact().ok()?),
        },
        pair: None,
    })
}

/// Puts a field in the place of the one of its name, or last; true if there was one.
fn put<'py>(fields: &mut Vec<Field<'py>>, field: Field<'py>) -> bool {
    let name = field.name.to_str().unwrap_or_default();
    match fields.iter().position(|known| known.is(name)) {
        Some(at) => {
            fields[at] = field;
            true
        }
        None => {
            fields.push(field);
            false
        }
    }
}

/// The fields from number `kept` on written behind those before, and whether any of these describes the body; None for
/// fields that requests or urllib3 would refuse, add to, or understand.
fn written(mut wire: Fields, fields: &[Field<'_>], kept: usize) -> Option<(Fields, bool)> {
    let (mut of_body, mut coded, mut agent) = (false, kept > 0, kept > 0);
    for field in &fields[kept..] {
        let (name, value) = field.text()?;
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if !name.is_ascii() || is("host") || is("transfer-encoding") {
            return None;
        }
        let Some(value) = value else {
            continue;
        };
        if !value.is_ascii() || value.starts_with([' ', '\t']) {
            return None;
        }
        wire.push(name.as_bytes(), value.as_bytes()).ok()?;
        of_body |= is("content-type") || is("content-length");
        coded |= is("accept-encoding");
        agent |= is("user-agent");
    }
    (coded && agent).then_some((wire, of_body))
}
