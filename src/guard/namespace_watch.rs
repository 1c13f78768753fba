//! Watch for Python: whether anything in these modules and classes has been changed, asked before every request.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule, PyType};

use crate::seam::cpython;

/// Modules and classes, with the versions they had when they were looked at last; 0 where there is none to trust.
#[pyclass(frozen, name = "NamespaceWatch", module = "locust_native._core")]
pub struct PyNamespaceWatch {
    modules: Box<[(Py<PyDict>, AtomicU64)]>,
    classes: Box<[(Py<PyType>, AtomicU32)]>,
    /// Answers with what was changed, in words; None if nothing was.
    look: Py<PyAny>,
    /// Whether it answered None, and every change since then can be told.
    clean: AtomicBool,
    /// Whether changes of all modules can be told.
    told: bool,
}

#[pymethods]
impl PyNamespaceWatch {
    #[new]
    #[pyo3(signature = (modules, classes, look, /))]
    fn new(modules: Vec<Bound<'_, PyModule>>, classes: Vec<Py<PyType>>, look: Py<PyAny>) -> Self {
        Self {
            told: modules.iter().all(|module| cpython::watch(&module.dict())),
            modules: modules
                .iter()
                .map(|module| (module.dict().unbind(), AtomicU64::new(0)))
                .collect(),
            classes: classes
                .into_iter()
                .map(|class| (class, AtomicU32::new(0)))
                .collect(),
            look,
            clean: AtomicBool::new(false),
        }
    }

    /// Whether all is as it was.
    pub fn is_clean(&self, py: Python<'_>) -> bool {
        let modules = differences(&self.modules, |(names, seen)| {
            cpython::dict_version(names.bind(py)) ^ seen.load(Ordering::Relaxed)
        });
        let classes = differences(&self.classes, |(class, seen)| {
            u64::from(cpython::type_version(class.bind(py)) ^ seen.load(Ordering::Relaxed))
        });
        let same = modules == 0 && classes == 0 && self.clean.load(Ordering::Relaxed);
        same || self.look(py)
    }
}

impl PyNamespaceWatch {
    /// Looks at all of it, which takes a millisecond: where something stays replaced, sessions soon are no longer native.
    #[cold]
    #[inline(never)]
    fn look(&self, py: Python<'_>) -> bool {
        let mut known = self.told;
        // Versions are read first: what is changed while we look is seen the next time.
        for (names, seen) in &self.modules {
            let version = cpython::dict_version(names.bind(py));
            seen.store(version, Ordering::Relaxed);
            known &= version != 0;
        }
        for (class, seen) in &self.classes {
            let class = class.bind(py);
            // A look-up gives a class the tag that it has lost with a change.
            let _ = class.getattr(intern!(py, "__init__"));
            let tag = cpython::type_version(class);
            seen.store(tag, Ordering::Relaxed);
            known &= tag != 0;
        }
        let changed = self.look.bind(py).call0();
        let clean = changed.is_ok_and(|changed| changed.is_none());
        self.clean.store(clean && known, Ordering::Relaxed);
        clean
    }
}

/// All differences in one: nearly always there is none, so there is no branch for each, and one for four of them.
#[inline]
fn differences<T>(all: &[T], one: impl Fn(&T) -> u64) -> u64 {
    let mut fours = all.chunks_exact(4);
    let mut found = 0;
    for four in &mut fours {
        if let [a, b, c, d] = four {
            found |= one(a) | one(b) | one(c) | one(d);
        }
    }
    fours
        .remainder()
        .iter()
        .fold(found, |found, each| found | one(each))
}
