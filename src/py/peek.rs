//! Peek: the version tag of a Python class, the only thing that is read past pyo3's safe interface.
#![allow(unsafe_code)] // this is its home

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// Whether this is a build with the GIL: an object is then nothing but its count and its class. Without the GIL another
/// thread may write a tag while we read it.
const LOCKED: bool = size_of::<ffi::PyObject>() == 2 * size_of::<usize>();

/// What CPython numbers the present state of a class by, once an attribute of it was looked up: as long as a class has
/// the same tag, no attribute of it or of its bases has changed, and no other class ever gets it. 0 if it has none.
///
/// An assignment to a class or to one of its bases takes the tag away (`PyType_Modified`); the next look-up gives it
/// another, for good: tags are counted up, and when they run out there are none.
pub fn tag(kind: &Bound<'_, PyType>) -> u32 {
    if !LOCKED {
        return 0;
    }
    // SAFETY: a `PyType` is a live `PyTypeObject`, to which `kind` holds a reference. The field is a plain integer that
    // is only written under the GIL, and a `Bound` is the proof that we hold that.
    unsafe { (*kind.as_type_ptr()).tp_version_tag }
}
