//! PatchGuard for Python: whether what a stock client goes through is still its maker's, asked before every request.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule, PyString, PyType};

use crate::guard::namespace_watch::PyNamespaceWatch;
use crate::guard::type_cache::{Attribute, CachedClassAttrs, CachedKey, is};
use crate::seam::cpython;

/// Attributes and the values they had; compared by identity.
#[pyclass(frozen, name = "PatchGuard", module = "locust_native._core")]
pub struct PyPatchGuard {
    of_kind: CachedClassAttrs,
    classes: Vec<(Py<PyType>, CachedClassAttrs)>,
    modules: Vec<ModuleAttr>,
    others: Vec<(Py<PyAny>, Attribute)>,
    watch: Option<Py<PyNamespaceWatch>>,
}

/// An attribute of a module, whose names are always the same dictionary.
struct ModuleAttr {
    module: Py<PyModule>,
    names: Py<PyDict>,
    name: CachedKey,
    attribute: Attribute,
    /// The version of its names when it was there; 0 if it was not, or changes cannot be told.
    seen: AtomicU64,
    watched: bool,
}

#[pymethods]
impl PyPatchGuard {
    /// `of_kind`: (name, value) of the class that is asked about; `elsewhere`: (owner, name, value); `watch`: whole
    /// modules and classes.
    #[new]
    #[pyo3(signature = (of_kind, elsewhere, watch = None, /))]
    fn new(
        py: Python<'_>,
        of_kind: Vec<Attribute>,
        elsewhere: Vec<(Py<PyAny>, Py<PyString>, Py<PyAny>)>,
        watch: Option<Py<PyNamespaceWatch>>,
    ) -> Self {
        let mut this = Self {
            of_kind: CachedClassAttrs::new(of_kind),
            classes: Vec::new(),
            modules: Vec::new(),
            others: Vec::new(),
            watch,
        };
        for (owner, name, value) in elsewhere {
            let (owner, attribute) = (owner.into_bound(py), (name, value));
            if let Ok(class) = owner.cast::<PyType>() {
                let known = this.classes.iter_mut().find(|(known, _)| known.is(class));
                match known {
                    Some((_, kept)) => kept.add(attribute),
                    None => this.classes.push((
                        class.clone().unbind(),
                        CachedClassAttrs::new(vec![attribute]),
                    )),
                }
            } else if let Ok(module) = owner.cast::<PyModule>() {
                this.modules.push(ModuleAttr {
                    module: module.clone().unbind(),
                    names: module.dict().unbind(),
                    seen: AtomicU64::new(0),
                    watched: cpython::watch(&module.dict()),
                    name: CachedKey::new(attribute.0.clone_ref(py)),
                    attribute,
                });
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
            && self.modules.iter().all(|told| told.holds(py))
            && self
                .others
                .iter()
                .all(|(owner, attribute)| is(owner.bind(py), attribute))
            && self
                .watch
                .as_ref()
                .is_none_or(|watch| watch.get().is_clean(py))
    }
}

impl ModuleAttr {
    /// Whether the module still has it.
    fn holds(&self, py: Python<'_>) -> bool {
        let module = self.module.bind(py).as_any();
        // A module may be given another class, with properties.
        if module.is_exact_instance_of::<PyModule>() {
            let version = cpython::dict_version(self.names.bind(py));
            if version != 0 && version == self.seen.load(Ordering::Relaxed) {
                return true;
            }
            if let Ok(Some(found)) = self.name.get(self.names.bind(py)) {
                let there = found.is(&self.attribute.1);
                let seen = if there && self.watched { version } else { 0 };
                self.seen.store(seen, Ordering::Relaxed);
                return there;
            }
        }
        is(module, &self.attribute)
    }
}
