//! Locks that go on after a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whether or not a thread has panicked while it held the lock.
///
/// Everything that is locked in these crates is whole between any two statements (maps that are inserted into, lists that
/// are pushed to, numbers that are added to), so a poisoned lock tells nothing; and a panic must not stop a test.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
