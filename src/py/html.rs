//! `Page` for Python: a scanned page beside its text, asked in Beautiful Soup's own arguments.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};

use crate::html::{
    DOCUMENT, Element, Only, Page, Query, Rules, Selector, Wanted, only_string, strings,
};

/// No element fits.
const NONE: i64 = -1;
/// The question is one for Beautiful Soup.
const UNKNOWN: i64 = -2;

/// Keywords that mean something else than an attribute to one release or another.
const RESERVED: [&str; 9] = [
    "text",
    "string",
    "limit",
    "recursive",
    "generator",
    "_class",
    "_stacklevel",
    "method",
    "self",
];

/// The elements of a page of HTML, numbered in document order; -1 is the document.
#[pyclass(frozen, name = "Page", module = "locust_native._core")]
pub struct PyPage {
    text: Py<PyString>,
    page: Page,
}

/// Scans a page as `html.parser` and Beautiful Soup would read it; None if that is not certain.
///
/// `mixed_slashes` says that the release at hand reads `<br>` and `<br/>` in one page alike.
#[pyfunction]
#[pyo3(signature = (text, mixed_slashes, /))]
pub fn scan_page(text: &Bound<'_, PyString>, mixed_slashes: bool) -> Option<PyPage> {
    // Lone surrogates have no UTF-8.
    let page = Page::scan(text.to_str().ok()?, Rules { mixed_slashes })?;
    Some(PyPage {
        text: text.clone().unbind(),
        page,
    })
}

#[pymethods]
impl PyPage {
    fn __len__(&self) -> usize {
        self.page.elements().len()
    }

    /// The name of an element in lower case.
    #[pyo3(signature = (at, /))]
    fn name(&self, py: Python<'_>, at: i64) -> PyResult<String> {
        self.element(py, at, |element, text| {
            element.name(text).to_ascii_lowercase()
        })
    }

    /// The number of the first element inside `at` that `Tag.find` would find; -1 for none, -2 for "ask Beautiful Soup".
    #[pyo3(signature = (at, name, attrs, recursive, keywords, /))]
    fn find(
        &self,
        at: i64,
        name: &Bound<'_, PyAny>,
        attrs: &Bound<'_, PyAny>,
        recursive: &Bound<'_, PyAny>,
        keywords: &Bound<'_, PyDict>,
    ) -> PyResult<i64> {
        let Some(query) = query(name, attrs, recursive, keywords)? else {
            return Ok(UNKNOWN);
        };
        if query.attributes.is_empty() && name.is_none() {
            return Ok(UNKNOWN);
        }
        let text = self.text.bind(name.py()).to_str()?;
        let found = query.matches(&self.page, text, number(at)).next();
        Ok(found.map_or(NONE, |found| i64::try_from(found).unwrap_or(UNKNOWN)))
    }

    /// The numbers of all elements that `Tag.find_all` would find; None for "ask Beautiful Soup".
    #[pyo3(signature = (at, name, attrs, recursive, limit, keywords, /))]
    fn find_all(
        &self,
        at: i64,
        name: &Bound<'_, PyAny>,
        attrs: &Bound<'_, PyAny>,
        recursive: &Bound<'_, PyAny>,
        limit: &Bound<'_, PyAny>,
        keywords: &Bound<'_, PyDict>,
    ) -> PyResult<Option<Vec<usize>>> {
        let (Some(query), Some(limit)) = (
            query(name, attrs, recursive, keywords)?,
            at_most(limit, query_is_free(name, attrs, keywords)?)?,
        ) else {
            return Ok(None);
        };
        let text = self.text.bind(name.py()).to_str()?;
        let found = query.matches(&self.page, text, number(at)).take(limit);
        Ok(Some(found.collect()))
    }

    /// The numbers of the elements inside `at` that fit a selector, at most `limit` unless that is 0; None for "ask
    /// soupsieve".
    #[pyo3(signature = (at, selector, limit, /))]
    fn select(
        &self,
        py: Python<'_>,
        at: i64,
        selector: &str,
        limit: usize,
    ) -> PyResult<Option<Vec<usize>>> {
        let text = self.text.bind(py).to_str()?;
        let limit = if limit == 0 { usize::MAX } else { limit };
        Ok(Selector::parse(selector)
            .and_then(|selector| selector.matches(&self.page, text, number(at), limit)))
    }

    /// The value of an attribute: None if there is none, False if it is none that one `str` can tell.
    #[pyo3(signature = (at, key, /))]
    fn attribute<'py>(
        &self,
        py: Python<'py>,
        at: i64,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(key) = exact_text(key) else {
            return Ok(Some(PyBool::new(py, false).to_owned().into_any()));
        };
        self.element(py, at, |element, text| {
            let attribute = element.attribute(text, &key)?;
            Some(
                if element.is_list(text, &key) || element.names_charset(text) {
                    PyBool::new(py, false).to_owned().into_any()
                } else {
                    PyString::new(py, &attribute.value()).into_any()
                },
            )
        })
    }

    /// All attributes in order: name, value, whether it is a list of words. None for "ask Beautiful Soup".
    #[pyo3(signature = (at, /))]
    fn attributes(&self, py: Python<'_>, at: i64) -> PyResult<Option<Vec<(String, String, bool)>>> {
        self.element(py, at, |element, text| {
            if element.names_charset(text) {
                return None;
            }
            let all = element.attributes(text).map(|attribute| {
                let name = attribute.name.to_ascii_lowercase();
                let is_list = element.is_list(text, &name);
                (name, attribute.value().into_owned(), is_list)
            });
            Some(all.collect())
        })
    }

    /// What `Tag.text` would be.
    #[pyo3(signature = (at, /))]
    fn text(&self, py: Python<'_>, at: i64) -> PyResult<String> {
        let mut all = String::new();
        let text = self.text.bind(py).to_str()?;
        strings(&self.page, text, number(at), &mut |string| all += &string);
        Ok(all)
    }

    /// `Tag.string` as number of the element it is directly in, kind of text, string. None if there is none, False for
    /// "ask Beautiful Soup".
    #[pyo3(signature = (at, /))]
    fn only_string<'py>(&self, py: Python<'py>, at: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
        let text = self.text.bind(py).to_str()?;
        Ok(match only_string(&self.page, text, number(at)) {
            Only::None => None,
            Only::String(index, kind, string) => {
                Some((index, kind, string).into_pyobject(py)?.into_any())
            }
            Only::Unknown => Some(PyBool::new(py, false).to_owned().into_any()),
        })
    }

    /// The strings that `Tag.text` joins.
    #[pyo3(signature = (at, /))]
    fn strings(&self, py: Python<'_>, at: i64) -> PyResult<Vec<String>> {
        let mut all = Vec::new();
        let text = self.text.bind(py).to_str()?;
        strings(&self.page, text, number(at), &mut |string| {
            all.push(string.into_owned());
        });
        Ok(all)
    }
}

impl PyPage {
    fn element<T>(
        &self,
        py: Python<'_>,
        at: i64,
        read: impl FnOnce(&Element, &str) -> T,
    ) -> PyResult<T> {
        let text = self.text.bind(py).to_str()?;
        match self.page.get(number(at)) {
            Some(element) => Ok(read(element, text)),
            None => Err(pyo3::exceptions::PyIndexError::new_err(format!(
                "the page has {} elements, none of them has the number {at}",
                self.page.elements().len()
            ))),
        }
    }
}

fn number(at: i64) -> u32 {
    u32::try_from(at).unwrap_or(DOCUMENT)
}

/// The arguments as a query; None for what is to be asked of Beautiful Soup.
fn query(
    name: &Bound<'_, PyAny>,
    attrs: &Bound<'_, PyAny>,
    recursive: &Bound<'_, PyAny>,
    keywords: &Bound<'_, PyDict>,
) -> PyResult<Option<Query>> {
    let mut query = Query::default();
    if !name.is_none() {
        match wanted(name)? {
            Some(Wanted::AnyOf(names)) => query.names = Some(names),
            Some(Wanted::Present) => {}
            None => return Ok(None),
        }
    }
    let Some(recursive) = exact_bool(recursive) else {
        return Ok(None);
    };
    query.children = !recursive;
    if let Ok(attrs) = attrs.cast_exact::<PyDict>() {
        for (name, value) in attrs {
            let (Some(name), Some(wanted)) = (exact_text(&name), wanted(&value)?) else {
                return Ok(None);
            };
            query.attributes.push((name, wanted));
        }
    } else if !attrs.is_none() {
        match exact_text(attrs) {
            Some(class) if !class.is_empty() => query
                .attributes
                .push(("class".to_owned(), Wanted::AnyOf(vec![class]))),
            _ => return Ok(None),
        }
    }
    for (name, value) in keywords {
        let (Some(name), Some(wanted)) = (exact_text(&name), wanted(&value)?) else {
            return Ok(None);
        };
        let name = if name == "class_" {
            "class".to_owned()
        } else {
            name
        };
        if RESERVED.contains(&name.as_str())
            || query.attributes.iter().any(|(known, _)| *known == name)
        {
            return Ok(None);
        }
        query.attributes.push((name, wanted));
    }
    Ok(Some(query))
}

/// Whether nothing at all is asked of the elements.
fn query_is_free(
    name: &Bound<'_, PyAny>,
    attrs: &Bound<'_, PyAny>,
    keywords: &Bound<'_, PyDict>,
) -> PyResult<bool> {
    Ok(name.is_none() && keywords.is_empty() && !attrs.is_truthy()?)
}

/// The greatest number of elements asked for; None where releases differ.
fn at_most(limit: &Bound<'_, PyAny>, free: bool) -> PyResult<Option<usize>> {
    if limit.is_none() {
        return Ok(Some(usize::MAX));
    }
    if free || limit.cast_exact::<PyInt>().is_err() {
        return Ok(None);
    }
    Ok(limit.extract::<usize>().ok().filter(|&limit| limit > 0))
}

/// A `str`, True, or a collection of `str`; None for anything else, and for what is empty.
fn wanted(value: &Bound<'_, PyAny>) -> PyResult<Option<Wanted>> {
    if let Some(text) = exact_text(value) {
        return Ok((!text.is_empty()).then(|| Wanted::AnyOf(vec![text])));
    }
    if let Some(present) = exact_bool(value) {
        return Ok(present.then_some(Wanted::Present));
    }
    let collection = value.cast_exact::<PyList>().is_ok()
        || value.cast_exact::<PyTuple>().is_ok()
        || value.cast_exact::<PySet>().is_ok()
        || value.cast_exact::<PyFrozenSet>().is_ok();
    if !collection {
        return Ok(None);
    }
    let mut any = Vec::new();
    for item in value.try_iter()? {
        match exact_text(&item?) {
            Some(text) if !text.is_empty() => any.push(text),
            _ => return Ok(None),
        }
    }
    Ok((!any.is_empty()).then_some(Wanted::AnyOf(any)))
}

fn exact_bool(value: &Bound<'_, PyAny>) -> Option<bool> {
    value
        .cast_exact::<PyBool>()
        .ok()
        .map(|value| value.is_true())
}

/// The text of a plain `str` without lone surrogates.
fn exact_text(value: &Bound<'_, PyAny>) -> Option<String> {
    let text = value.cast_exact::<PyString>().ok()?;
    text.to_str().ok().map(str::to_owned)
}
