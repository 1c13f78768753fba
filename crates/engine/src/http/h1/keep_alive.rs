//! KeepAliveHint: whether a server keeps its connections open between requests, learned from what it did before.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// How long after an answer a server of which nothing is known is given to close the connection.
const FIRST: Duration = Duration::from_millis(10);
/// And one that has closed a connection, and was never seen to keep one.
const CLOSER: Duration = Duration::from_millis(100);
/// More places than this are forgotten and learned anew.
const PLACES: usize = 10_000;

const CLOSES: u8 = 1;
const KEEPS: u8 = 2;

/// What a server does with a connection when it has answered without saying that it closes it. Some close
/// it all the same (development servers, often). A client that uses it again at once meets the close on its
/// way, and a request lost like that must not be sent twice: nobody knows whether it was read. So a request
/// that follows another at once waits a moment, until the server has once been seen to keep a connection.
#[derive(Debug, Default)]
pub struct KeepAliveHint(AtomicU8);

impl KeepAliveHint {
    /// The one of a server, shared by all users of the process: only the first has to wait.
    pub fn of(place: String) -> Arc<Self> {
        static KNOWN: LazyLock<Mutex<HashMap<String, Arc<KeepAliveHint>>>> =
            LazyLock::new(Mutex::default);
        let mut known = lock(&KNOWN);
        if known.len() >= PLACES && !known.contains_key(&place) {
            known.clear();
        }
        Arc::clone(known.entry(place).or_default())
    }

    /// How long after an answer it may still close the connection.
    pub fn grace(&self) -> Duration {
        match self.0.load(Ordering::Relaxed) {
            KEEPS => Duration::ZERO,
            CLOSES => CLOSER,
            _ => FIRST,
        }
    }

    /// It has closed an idle connection. One that was seen to keep another has its reasons.
    pub fn closed(&self) {
        let order = Ordering::Relaxed;
        let _ = self.0.compare_exchange(0, CLOSES, order, order);
    }

    /// It has answered again on a connection.
    pub fn kept(&self) {
        // Every request comes by here: the line of memory stays shared unless there is news.
        if self.0.load(Ordering::Relaxed) != KEEPS {
            self.0.store(KEEPS, Ordering::Relaxed);
        }
    }
}
