//! Names to look for among the keys of a dictionary, such as what somebody has put into an object of its own.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::seam::cpython;

/// The bit of a session's own `request`: stock's verbs go by way of that.
pub const REQUEST: u32 = 1 << 31;

/// Bits of the filter.
const BITS: usize = 4096;

/// A set of names, each with a bit that stands for it. Most dictionaries have none of them, which a filter tells: one
/// bit for each hash.
pub struct KeySet {
    names: Vec<(Py<PyString>, u32)>,
    filter: Box<[u64; BITS / 64]>,
}

impl KeySet {
    /// Of names, with the bits that tell them apart.
    pub fn new(py: Python<'_>, names: Vec<(String, u32)>) -> PyResult<Self> {
        let mut filter = Box::new([0; BITS / 64]);
        let mut interned = Vec::with_capacity(names.len());
        for (name, bit) in names {
            let name = PyString::intern(py, &name);
            let at = cpython::hash_of(&name)? % BITS;
            filter[at / 64] |= 1 << (at % 64);
            interned.push((name.unbind(), bit));
        }
        Ok(Self {
            names: interned,
            filter,
        })
    }

    /// The bits of all those that are keys of a dictionary; 0 if none is.
    #[inline]
    pub fn found(&self, keys: &Bound<'_, PyDict>) -> PyResult<u32> {
        let filtered = |hash: usize| {
            let at = hash % BITS;
            self.filter[at / 64] >> (at % 64) & 1 != 0
        };
        match cpython::any_key(keys, filtered) {
            false => Ok(0),
            true => self.look(keys),
        }
    }

    #[cold]
    #[inline(never)]
    fn look(&self, keys: &Bound<'_, PyDict>) -> PyResult<u32> {
        let mut found = 0;
        for (name, bit) in &self.names {
            if keys.contains(name)? {
                found |= bit;
            }
        }
        Ok(found)
    }
}
