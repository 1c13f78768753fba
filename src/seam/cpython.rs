//! CPython: what CPython tells of classes, functions and objects, but pyo3's safe interface only by costly detours.
#![allow(unsafe_code)] // this is its home

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction, PyString, PyTuple, PyType};

/// Whether this is a build with the GIL: an object is then nothing but its count and its class. Without the GIL another
/// thread may write a tag while we read it.
const LOCKED: bool = size_of::<ffi::PyObject>() == 2 * size_of::<usize>();

/// What CPython numbers the present state of a class by, once an attribute of it was looked up: as long as a class has
/// the same tag, no attribute of it or of its bases has changed, and no other class ever gets it. 0 if it has none.
///
/// An assignment to a class or to one of its bases takes the tag away (`PyType_Modified`); the next look-up gives it
/// another, for good: tags are counted up, and when they run out there are none.
#[inline]
pub fn type_version(kind: &Bound<'_, PyType>) -> u32 {
    if !LOCKED {
        return 0;
    }
    // SAFETY: a `PyType` is a live `PyTypeObject`, to which `kind` holds a reference. The field is a plain integer that
    // is only written under the GIL, and a `Bound` is the proof that we hold that.
    unsafe { (*kind.as_type_ptr()).tp_version_tag }
}

/// What CPython numbers the present state of a dictionary by: it changes with every change of it, and no other
/// dictionary ever has the same. 0 if that cannot be known.
#[inline]
#[cfg(not(Py_3_12))]
pub fn dict_version(names: &Bound<'_, PyDict>) -> u64 {
    if !LOCKED {
        return 0;
    }
    // SAFETY: a `PyDict` is a live `PyDictObject`, to which `names` holds a reference. The field is a plain integer that
    // is only written under the GIL, and a `Bound` is the proof that we hold that.
    unsafe { (*names.as_ptr().cast::<ffi::PyDictObject>()).ma_version_tag }
}

/// The same where dictionaries have no versions any more: the number of changes of all that were ever asked about.
#[inline]
#[cfg(Py_3_12)]
pub fn dict_version(names: &Bound<'_, PyDict>) -> u64 {
    let _ = names;
    watcher::NAMESPACES.changes()
}

#[cfg(Py_3_12)]
mod watcher {
    use std::ffi::c_int;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Bound, PyDict, ffi};

    type Callback =
        extern "C" fn(c_int, *mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

    // Of CPython's public interface since 3.12; pyo3 leaves them out.
    unsafe extern "C" {
        fn PyDict_AddWatcher(callback: Callback) -> c_int;
        fn PyDict_Watch(watcher: c_int, dict: *mut ffi::PyObject) -> c_int;
    }

    /// One watcher, and the number of changes it has been told of, and one more.
    pub struct Watcher {
        callback: Callback,
        number: OnceLock<c_int>,
        changes: AtomicU64,
    }

    impl Watcher {
        const fn new(callback: Callback) -> Self {
            Self {
                callback,
                number: OnceLock::new(),
                changes: AtomicU64::new(1),
            }
        }

        /// Has this dictionary watched from now on, which is for good.
        pub fn watch(&self, names: &Bound<'_, PyDict>) -> bool {
            // SAFETY: called with the GIL held, which a `Bound` is the proof of; the callback neither raises nor runs
            // Python. The second call takes a live dictionary and a number that the first has given.
            unsafe {
                let number = *self.number.get_or_init(|| PyDict_AddWatcher(self.callback));
                let watched = number >= 0 && PyDict_Watch(number, names.as_ptr()) == 0;
                if !watched {
                    ffi::PyErr_Clear();
                }
                watched
            }
        }

        pub fn changes(&self) -> u64 {
            self.changes.load(Ordering::Relaxed)
        }
    }

    extern "C" fn namespace_changed(
        _: c_int,
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
    ) -> c_int {
        NAMESPACES.changes.fetch_add(1, Ordering::Relaxed);
        0
    }

    extern "C" fn instance_changed(
        _: c_int,
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
    ) -> c_int {
        INSTANCES.changes.fetch_add(1, Ordering::Relaxed);
        0
    }

    /// Of the names of modules.
    pub static NAMESPACES: Watcher = Watcher::new(namespace_changed);
    /// Of the attributes of objects: apart, since these change all the time.
    pub static INSTANCES: Watcher = Watcher::new(instance_changed);
}

/// As `dict_version`, of the attributes of an object that `watch_instance` was called for.
#[inline]
pub fn instance_version(names: &Bound<'_, PyDict>) -> u64 {
    #[cfg(Py_3_12)]
    {
        let _ = names;
        watcher::INSTANCES.changes()
    }
    #[cfg(not(Py_3_12))]
    {
        dict_version(names)
    }
}

/// Makes `instance_version` tell of changes of this dictionary; false if it cannot.
pub fn watch_instance(names: &Bound<'_, PyDict>) -> bool {
    #[cfg(Py_3_12)]
    {
        LOCKED && watcher::INSTANCES.watch(names)
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = names; // it has a version anyway
        LOCKED
    }
}

/// Makes `dict_version` tell of changes of this dictionary; false if it cannot.
pub fn watch(names: &Bound<'_, PyDict>) -> bool {
    #[cfg(Py_3_12)]
    {
        watcher::NAMESPACES.watch(names)
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = names; // it has a version anyway
        true
    }
}

/// The names an object has of its own, whatever its class shows as its `__dict__`.
pub fn instance_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the call takes any live object, and returns a new reference, or null and has raised, as
    // `from_owned_ptr_or_err` wants it.
    let own = unsafe {
        let own = ffi::PyObject_GenericGetDict(object.as_ptr(), ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), own)
    };
    own.ok()?.cast_into().ok()
}

/// The text of these characters, each of them one unit: none may be a half of a pair.
pub fn text_of<'py>(py: Python<'py>, units: &[u16]) -> PyResult<Bound<'py, PyString>> {
    let length = ffi::Py_ssize_t::try_from(units.len())?;
    // SAFETY: the call reads so many units of two bytes, which is what the slice holds, and copies them. It returns a
    // new reference to a `str`, or null and has raised.
    unsafe {
        let kind = ffi::PyUnicode_2BYTE_KIND as std::ffi::c_int;
        let text = ffi::PyUnicode_FromKindAndData(kind, units.as_ptr().cast(), length);
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}

/// What the first variable holds that a function closes over; None if it is not a function that runs this code.
pub fn enclosed<'py>(function: &Bound<'py, PyAny>, code: &Py<PyAny>) -> Option<Bound<'py, PyAny>> {
    let (py, function) = (function.py(), function.cast_exact::<PyFunction>().ok()?);
    // SAFETY: both calls take a function, which it is, and return borrowed references; the first is only compared. The
    // closure of a function never changes, and `function` keeps it alive until it has a reference of its own.
    let closure = unsafe {
        if ffi::PyFunction_GetCode(function.as_ptr()) != code.as_ptr() {
            return None;
        }
        Bound::from_borrowed_ptr_or_opt(py, ffi::PyFunction_GetClosure(function.as_ptr()))?
    };
    let cell = closure.cast::<PyTuple>().ok()?.get_borrowed_item(0).ok()?;
    // SAFETY: a closure is made of cells; the call returns a new reference, or null for one that is empty.
    unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyCell_Get(cell.as_ptr())) }
}

/// The value at a position of a dictionary (`position`), if it is the one of this very name; None as well if the
/// dictionary has changed since then so that it is elsewhere.
pub fn at<'py>(
    names: &Bound<'py, PyDict>,
    position: isize,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    let (_, key, value) = next(names, position)?;
    // SAFETY: `next` has read it from the dictionary, which nobody has changed since, and so holds it.
    (key == name.as_ptr()).then(|| unsafe { Bound::from_borrowed_ptr(names.py(), value) })
}

/// The position at which a dictionary has this very name.
pub fn position(names: &Bound<'_, PyDict>, name: &Bound<'_, PyString>) -> Option<isize> {
    let mut position = 0;
    while let Some((after, key, _)) = next(names, position) {
        if key == name.as_ptr() {
            return Some(position);
        }
        position = after;
    }
    None
}

/// The first entry from a position on, and the position after it.
fn next(
    names: &Bound<'_, PyDict>,
    mut position: isize,
) -> Option<(isize, *mut ffi::PyObject, *mut ffi::PyObject)> {
    let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `names` is a dictionary, which under the GIL nobody changes meanwhile. The call holds any position against
    // the length the dictionary has now, and lends what is there.
    let found = LOCKED
        && unsafe {
            ffi::PyDict_Next(
                names.as_ptr(),
                &raw mut position,
                &raw mut key,
                &raw mut value,
            ) != 0
        };
    found.then_some((position, key, value))
}

/// Whether a dictionary has a key that is no `str`, or one of which `wanted` takes the hash.
pub fn any_key(names: &Bound<'_, PyDict>, wanted: impl Fn(usize) -> bool) -> bool {
    if !LOCKED {
        return true;
    }
    let mut position = 0;
    while let Some((after, key, _)) = next(names, position) {
        // SAFETY: the dictionary, which nobody changes under the GIL, holds the key. What is exactly a `str` begins with a
        // `PyASCIIObject`, whose hash has been computed when the key was stored.
        let odd = unsafe {
            ffi::PyUnicode_CheckExact(key) == 0
                || wanted((*key.cast::<ffi::PyASCIIObject>()).hash as usize)
        };
        if odd {
            return true;
        }
        position = after;
    }
    false
}

/// The hash of a text, as dictionaries use it.
pub fn hash_of(text: &Bound<'_, PyString>) -> PyResult<usize> {
    Ok(text.hash()? as usize)
}
