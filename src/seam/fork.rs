//! What a fork of the process asks of the runtime.

use engine::runtime;
use pyo3::prelude::*;

/// To be called before a fork: brings the I/O thread to rest.
#[pyfunction]
pub fn rest_before_fork() {
    runtime::rest_before_fork();
}

/// To be called in the parent after a fork: lets the I/O thread go on.
#[pyfunction]
pub fn resume_after_fork() {
    runtime::resume_after_fork();
}

/// To be called in a forked child: leaves the parent's runtime behind.
#[pyfunction]
pub fn forget_after_fork() {
    runtime::forget_after_fork();
}
