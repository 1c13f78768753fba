//! `Page` for Python: a scanned page beside its text, asked in Beautiful Soup's own arguments.

use engine::sync::lock;
use std::sync::{Mutex, MutexGuard};

use bytestring::ByteString;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};

use crate::response::utf8;
use engine::html::{
    DOCUMENT, Element, Only, Page, Query, Rules, Selector, Unsupported, Wanted, only_string,
    strings,
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

/// The elements of a page of HTML, numbered in document order; -1 is the document. The page is read as far as it was
/// asked for.
#[pyclass(frozen, name = "Page", module = "locust_native._core")]
pub struct PyPage {
    text: Text,
    page: Mutex<Page>,
}

/// The text of a page.
enum Text {
    /// As it came over the wire.
    Octets(ByteString),
    /// As Python has it.
    Python(Py<PyString>),
}

/// A page to be read as `html.parser` and Beautiful Soup would read it; None if it is certain that they are needed.
///
/// `mixed_slashes` says that the release at hand reads `<br>` and `<br/>` in one page alike.
#[pyfunction]
#[pyo3(signature = (text, mixed_slashes, /))]
pub fn scan_page(text: &Bound<'_, PyString>, mixed_slashes: bool) -> Option<PyPage> {
    let py = text.py();
    let text = match utf8::octets(text) {
        Some(octets) => Text::Octets(octets),
        None => Text::Python(text.clone().unbind()),
    };
    let rules = Rules { mixed_slashes };
    let page = Page::begin(text.get(py)?, rules)?;
    Some(PyPage {
        text,
        page: Mutex::new(page),
    })
}

impl Text {
    /// None if there are lone surrogates in it, which have no UTF-8.
    fn get<'a>(&'a self, py: Python<'a>) -> Option<&'a str> {
        match self {
            Self::Octets(octets) => Some(octets),
            Self::Python(text) => text.bind(py).to_str().ok(),
        }
    }
}

#[pymethods]
impl PyPage {
    /// How many elements there are; None if the page is to be left to Beautiful Soup.
    fn count(&self, py: Python<'_>) -> Option<usize> {
        self.whole(py).map(|(page, _)| page.elements().len())
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
        let py = name.py();
        let found = if number(at) == DOCUMENT {
            match query.first(&mut self.page(), self.text(py)) {
                Ok(found) => found,
                Err(Unsupported) => return Ok(UNKNOWN),
            }
        } else {
            match self.whole(py) {
                Some((page, text)) => query.matches(&page, text, number(at)).next(),
                None => return Ok(UNKNOWN),
            }
        };
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
        let Some((page, text)) = self.whole(name.py()) else {
            return Ok(None);
        };
        let found = query.matches(&page, text, number(at)).take(limit);
        Ok(Some(found.collect()))
    }

    /// The numbers of the elements inside `at` that fit a selector, at most `limit` unless that is 0; None for "ask
    /// soupsieve".
    #[pyo3(signature = (at, selector, limit, /))]
    fn select(&self, py: Python<'_>, at: i64, selector: &str, limit: usize) -> Option<Vec<usize>> {
        let (page, text) = self.whole(py)?;
        let limit = if limit == 0 { usize::MAX } else { limit };
        Selector::parse(selector)?.matches(&page, text, number(at), limit)
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

    /// What `Tag.text` would be; None for "ask Beautiful Soup".
    #[pyo3(name = "text", signature = (at, /))]
    fn text_of(&self, py: Python<'_>, at: i64) -> Option<String> {
        let mut all = String::new();
        let (page, text) = self.whole(py)?;
        strings(&page, text, number(at), &mut |string| all += &string);
        Some(all)
    }

    /// `Tag.string` as number of the element it is directly in, kind of text, string. None if there is none, False for
    /// "ask Beautiful Soup".
    #[pyo3(signature = (at, /))]
    fn only_string<'py>(&self, py: Python<'py>, at: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.whole(py).map_or(Only::Unknown, |(page, text)| {
            only_string(&page, text, number(at))
        });
        Ok(match found {
            Only::None => None,
            Only::String(index, kind, string) => {
                Some((index, kind, string).into_pyobject(py)?.into_any())
            }
            Only::Unknown => Some(PyBool::new(py, false).to_owned().into_any()),
        })
    }

    /// The strings that `Tag.text` joins; None for "ask Beautiful Soup".
    #[pyo3(signature = (at, /))]
    fn strings(&self, py: Python<'_>, at: i64) -> Option<Vec<String>> {
        let mut all = Vec::new();
        let (page, text) = self.whole(py)?;
        strings(&page, text, number(at), &mut |string| {
            all.push(string.into_owned());
        });
        Some(all)
    }
}

impl PyPage {
    fn element<T>(
        &self,
        py: Python<'_>,
        at: i64,
        read: impl FnOnce(&Element, &str) -> T,
    ) -> PyResult<T> {
        let page = self.page();
        match page.get(number(at)) {
            Some(element) => Ok(read(element, self.text(py))),
            None => Err(pyo3::exceptions::PyIndexError::new_err(format!(
                "the page has {} elements, none of them has the number {at}",
                page.elements().len()
            ))),
        }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        lock(&self.page)
    }

    fn text<'a>(&'a self, py: Python<'a>) -> &'a str {
        self.text.get(py).unwrap_or_default() // it had its UTF-8 when the page was made
    }

    /// The page, read to its end; None if it is to be left to Beautiful Soup.
    fn whole<'a>(&'a self, py: Python<'a>) -> Option<(MutexGuard<'a, Page>, &'a str)> {
        let (mut page, text) = (self.page(), self.text(py));
        page.finish(text).then_some((page, text))
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
