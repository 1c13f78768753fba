//! Waker: one descriptor that becomes readable; written once a batch.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, read, write};

/// An eventfd on Linux, a pipe elsewhere.
#[derive(Debug)]
pub struct Waker {
    readable: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    writable: OwnedFd,
}

impl Waker {
    /// A waker that is not readable yet.
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self {
            readable: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// A waker that is not readable yet.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<Self> {
        let (readable, writable) = rustix::pipe::pipe()?;
        for end in [&readable, &writable] {
            rustix::io::ioctl_fionbio(end, true)?;
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        }
        Ok(Self { readable, writable })
    }

    /// Makes the descriptor readable. It is full at worst, and then readable already.
    pub fn wake(&self) {
        #[cfg(target_os = "linux")]
        let end = &self.readable;
        #[cfg(not(target_os = "linux"))]
        let end = &self.writable;
        while write(end, &1u64.to_ne_bytes()) == Err(Errno::INTR) {}
    }

    /// Makes it unreadable.
    pub fn reset(&self) {
        let mut bytes = [0u8; 64];
        loop {
            match read(&self.readable, &mut bytes) {
                Err(Errno::INTR) => {}
                Ok(64) if cfg!(not(target_os = "linux")) => {} // a pipe may hold more
                _ => return,
            }
        }
    }

    /// The descriptor to watch.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}
