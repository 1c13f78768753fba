//! Type cache: what was found out about a class, for as long as its tag tells that it has not changed; and names with the
//! places at which dictionaries had them.

use std::sync::atomic::{AtomicIsize, AtomicU32, AtomicU64, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyMapping, PyString, PyType};

use crate::seam::cpython;

pub type Attribute = (Py<PyString>, Py<PyAny>);

/// Attributes of a class.
pub struct CachedClassAttrs {
    attributes: Vec<Attribute>,
    /// Version tags of classes in which they were all found, each at the place its number gives it; else 0.
    seen: [AtomicU32; CLASSES],
}

/// How many classes are remembered: a test has one of sessions, and a few of users.
const CLASSES: usize = 8;

fn slot(seen: &[AtomicU32; CLASSES], tag: u32) -> &AtomicU32 {
    &seen[tag as usize % CLASSES]
}

impl CachedClassAttrs {
    pub fn new(attributes: Vec<Attribute>) -> Self {
        Self {
            attributes,
            seen: Default::default(),
        }
    }

    /// One more.
    pub fn add(&mut self, attribute: Attribute) {
        self.attributes.push(attribute);
    }

    /// Whether this class has them all.
    #[inline]
    pub fn holds(&self, kind: &Bound<'_, PyType>) -> bool {
        let tag = cpython::type_version(kind);
        // A metaclass might answer in the place of its classes, and they may be given another.
        tag != 0
            && tag == slot(&self.seen, tag).load(Ordering::Relaxed)
            && kind.as_any().is_exact_instance_of::<PyType>()
            || self.look(kind)
    }

    #[cold]
    #[inline(never)]
    fn look(&self, kind: &Bound<'_, PyType>) -> bool {
        if !self
            .attributes
            .iter()
            .all(|attribute| is(kind.as_any(), attribute))
        {
            return false;
        }
        // Looking has given the class its tag. That vouches for what is in the class and its bases: not for what a
        // descriptor there makes of it.
        let tag = cpython::type_version(kind);
        let stored = self.attributes.iter().all(|(name, value)| {
            matches!(stored(kind, name.bind(kind.py())), Ok(Some(found)) if found.is(value))
        });
        if stored && tag == cpython::type_version(kind) {
            slot(&self.seen, tag).store(tag, Ordering::Relaxed);
        }
        true
    }
}

pub fn is(owner: &Bound<'_, PyAny>, (name, value): &Attribute) -> bool {
    owner
        .getattr(name.bind(owner.py()))
        .is_ok_and(|found| found.is(value))
}

/// What the class or the first of its bases that has it holds by this name, untouched by descriptors.
fn stored<'py>(
    kind: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    for base in kind.mro() {
        let held = base.getattr(intern!(kind.py(), "__dict__"))?;
        let held = held.cast::<PyMapping>()?;
        if held.contains(name)? {
            return held.get_item(name).map(Some);
        }
    }
    Ok(None)
}

/// A name, and at which position a dictionary had it last: there it mostly is again.
pub struct CachedKey {
    name: Py<PyString>,
    /// Below 0 if it was found, but nowhere by this very object.
    position: AtomicIsize,
}

impl CachedKey {
    pub fn new(name: Py<PyString>) -> Self {
        Self {
            name,
            position: AtomicIsize::new(0),
        }
    }

    /// Of the one object that Python has for this text.
    pub fn interned(py: Python<'_>, name: &str) -> Self {
        Self::new(PyString::intern(py, name).unbind())
    }

    /// What a dictionary has by this name.
    #[inline]
    pub fn get<'py>(&self, names: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let position = self.position.load(Ordering::Relaxed);
        match cpython::at(names, position, self.name.bind(names.py())) {
            None => self.look(names, position),
            found => Ok(found),
        }
    }

    #[cold]
    #[inline(never)]
    fn look<'py>(
        &self,
        names: &Bound<'py, PyDict>,
        before: isize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let name = self.name.bind(names.py());
        let found = names.get_item(name)?;
        if found.is_some() && before >= 0 {
            let position = cpython::position(names, name).unwrap_or(-1);
            self.position.store(position, Ordering::Relaxed);
        }
        Ok(found)
    }
}

/// An attribute that objects have of their own, whatever their class.
pub struct CachedInstanceAttr {
    name: CachedKey,
    /// The tag of the class that was looked at last, times two; odd, if its objects' attribute is found in their own
    /// names and nowhere else.
    seen: AtomicU64,
}

impl CachedInstanceAttr {
    pub fn new(py: Python<'_>, name: &str) -> Self {
        Self {
            name: CachedKey::new(PyString::intern(py, name).unbind()),
            seen: AtomicU64::new(0),
        }
    }

    /// The attribute, as `getattr` finds it.
    #[inline]
    pub fn get<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(own) = cpython::instance_dict(object)
            && let Some(found) = self.among(object, &own)?
        {
            return Ok(found);
        }
        object.getattr(self.name.name.bind(object.py()))
    }

    /// The attribute, if the object has it among its own names, and its class has no say in it.
    #[inline]
    pub fn among<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        own: &Bound<'py, PyDict>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.is_on_instances_only(&object.get_type()) {
            self.name.get(own)
        } else {
            Ok(None)
        }
    }

    #[inline]
    fn is_on_instances_only(&self, kind: &Bound<'_, PyType>) -> bool {
        let (tag, seen) = (
            u64::from(cpython::type_version(kind)),
            self.seen.load(Ordering::Relaxed),
        );
        if tag != 0 && seen >> 1 == tag {
            return seen & 1 == 1;
        }
        self.look(kind).unwrap_or(false)
    }

    #[cold]
    #[inline(never)]
    fn look(&self, kind: &Bound<'_, PyType>) -> PyResult<bool> {
        let py = kind.py();
        let reader = intern!(py, "__getattribute__");
        let stock = py.get_type::<PyAny>().getattr(reader)?;
        // Looking gives the class its tag.
        let plain = kind.getattr(reader)?.is(&stock);
        let tag = cpython::type_version(kind);
        if tag == 0 {
            return Ok(false);
        }
        let plain = plain && stored(kind, self.name.name.bind(py))?.is_none();
        if tag != cpython::type_version(kind) {
            return Ok(false);
        }
        self.seen
            .store(u64::from(tag) << 1 | u64::from(plain), Ordering::Relaxed);
        Ok(plain)
    }
}
