//! Intact for Python: whether what a stock client goes through is still its maker's, asked before every request.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyModule, PyString, PyType};

use super::peek;

type Attribute = (Py<PyString>, Py<PyAny>);

/// Attributes and the values they had; compared by identity.
#[pyclass(frozen, name = "Intact", module = "locust_native._core")]
pub struct PyIntact {
    of_kind: Kept,
    classes: Vec<(Py<PyType>, Kept)>,
    modules: Vec<(Py<PyModule>, Py<PyDict>, Attribute)>,
    others: Vec<(Py<PyAny>, Attribute)>,
}

/// Attributes of a class.
#[derive(Default)]
pub(super) struct Kept {
    attributes: Vec<Attribute>,
    /// The tag of the class when they were all found there; 0 if they were not, or it has none.
    seen: AtomicU32,
}

impl Kept {
    pub fn new(attributes: Vec<Attribute>) -> Self {
        Self {
            attributes,
            seen: AtomicU32::new(0),
        }
    }

    /// Whether this class has them all.
    #[inline]
    pub fn holds(&self, kind: &Bound<'_, PyType>) -> bool {
        let tag = peek::tag(kind);
        // A metaclass might answer in the place of its classes, and they may be given another.
        tag != 0
            && tag == self.seen.load(Ordering::Relaxed)
            && kind.as_any().is_exact_instance_of::<PyType>()
            || self.look(kind)
    }

    #[cold]
    #[inline(never)]
    fn look(&self, kind: &Bound<'_, PyType>) -> bool {
        self.seen.store(0, Ordering::Relaxed);
        if !self
            .attributes
            .iter()
            .all(|attribute| is(kind.as_any(), attribute))
        {
            return false;
        }
        // Looking has given the class its tag. That vouches for what is in the class and its bases: not for what a
        // descriptor there makes of it.
        let tag = peek::tag(kind);
        let stored = self
            .attributes
            .iter()
            .all(|attribute| matches!(stored_is(kind, attribute), Ok(true)));
        if stored && tag == peek::tag(kind) {
            self.seen.store(tag, Ordering::Relaxed);
        }
        true
    }
}

fn is(owner: &Bound<'_, PyAny>, (name, value): &Attribute) -> bool {
    owner
        .getattr(name.bind(owner.py()))
        .is_ok_and(|found| found.is(value))
}

/// Whether the class or the first of its bases that has it holds this very value.
fn stored_is(kind: &Bound<'_, PyType>, (name, value): &Attribute) -> PyResult<bool> {
    let py = kind.py();
    for base in kind.mro() {
        let held = base.getattr(intern!(py, "__dict__"))?;
        let held = held.cast::<PyMapping>()?;
        if held.contains(name.bind(py))? {
            return Ok(held.get_item(name.bind(py))?.is(value));
        }
    }
    Ok(false)
}

#[pymethods]
impl PyIntact {
    /// `of_kind`: (name, value) of the class that is asked about; `elsewhere`: (owner, name, value).
    #[new]
    #[pyo3(signature = (of_kind, elsewhere, /))]
    fn new(
        py: Python<'_>,
        of_kind: Vec<Attribute>,
        elsewhere: Vec<(Py<PyAny>, Py<PyString>, Py<PyAny>)>,
    ) -> Self {
        let mut this = Self {
            of_kind: Kept::new(of_kind),
            classes: Vec::new(),
            modules: Vec::new(),
            others: Vec::new(),
        };
        for (owner, name, value) in elsewhere {
            let (owner, attribute) = (owner.into_bound(py), (name, value));
            if let Ok(class) = owner.cast::<PyType>() {
                let known = this.classes.iter_mut().find(|(known, _)| known.is(class));
                match known {
                    Some((_, kept)) => kept.attributes.push(attribute),
                    None => this
                        .classes
                        .push((class.clone().unbind(), Kept::new(vec![attribute]))),
                }
            } else if let Ok(module) = owner.cast::<PyModule>() {
                let names = module.dict().unbind();
                this.modules
                    .push((module.clone().unbind(), names, attribute));
            } else {
                this.others.push((owner.unbind(), attribute));
            }
        }
        this
    }

    /// Whether all of them are still there, for this class.
    #[pyo3(signature = (kind, /))]
    pub fn holds(&self, kind: &Bound<'_, PyType>) -> bool {
        let py = kind.py();
        self.of_kind.holds(kind)
            && self
                .classes
                .iter()
                .all(|(class, kept)| kept.holds(class.bind(py)))
            && self.modules.iter().all(|(module, names, attribute)| {
                module_has(module.bind(py), names.bind(py), attribute)
            })
            && self
                .others
                .iter()
                .all(|(owner, attribute)| is(owner.bind(py), attribute))
    }
}

/// Whether a module has this attribute; its names are always the same dictionary.
fn module_has(
    module: &Bound<'_, PyModule>,
    names: &Bound<'_, PyDict>,
    attribute: &Attribute,
) -> bool {
    let (name, value) = attribute;
    // A module may be given another class, with properties.
    if module.as_any().is_exact_instance_of::<PyModule>()
        && let Ok(Some(found)) = names.get_item(name.bind(names.py()))
    {
        return found.is(value);
    }
    is(module.as_any(), attribute)
}
