//! The mock shop: an old Saleor storefront as a load test sees it, on a socket and a thread of its own.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! let shop = mock_saleor::MockSaleor::start(mock_saleor::Config::default())?;
//! println!("{} has seen {} requests", shop.url(), shop.seen().requests);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod account;
mod address;
mod body;
mod bounded_map;
mod cart;
mod catalog;
mod checkout;
mod config;
mod context;
mod cookies;
mod csrf;
mod faults;
mod form;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod options;
mod order;
mod pages;
mod plain;
mod reply;
mod request;
mod routes;
mod seen;
mod server;
mod shop;
mod storefront;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use config::{Config, Latency, Stock};
pub use seen::Seen;

use catalog::Catalog;
use pages::Pages;
use server::AppState;
use shop::Store;

/// A running shop; it stops when told to, or when dropped.
pub struct MockSaleor {
    state: Arc<AppState>,
    address: SocketAddr,
    listener: RawFd,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
    process: u32,
}

impl MockSaleor {
    /// Opens a shop. A knob out of range is `InvalidInput`, an address that cannot be had whatever the
    /// system says (`AddrInUse` for a busy port); both with a one-line message.
    pub fn start(config: Config) -> io::Result<MockSaleor> {
        config
            .check()
            .map_err(|text| io::Error::new(io::ErrorKind::InvalidInput, text))?;
        let (stop, stopped) = watch::channel(false);
        let (report, opened) = mpsc::channel();
        // The thread makes its runtime itself: whoever calls this may have one around it already.
        let thread = std::thread::Builder::new()
            .name("mock-saleor".to_owned())
            .spawn(move || match open(config) {
                Ok((runtime, listener, state, address)) => {
                    let _ = report.send(Ok((state.clone(), address, listener.as_raw_fd())));
                    runtime.block_on(server::run(state, listener, stopped));
                }
                Err(error) => drop(report.send(Err(error))),
            })?;
        let lost = |_| {
            Err(io::Error::other(
                "mock Saleor: its thread ended before the shop was open",
            ))
        };
        let (state, address, listener) = opened.recv().unwrap_or_else(lost)?;
        let running = Mutex::new(Some(Running {
            stop,
            thread,
            process: std::process::id(),
        }));
        Ok(MockSaleor {
            state,
            address,
            listener,
            running,
        })
    }

    /// Where the shop listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The descriptor of the listening socket, for a forked child to close its copy of it; it means
    /// nothing any more once the shop has stopped.
    pub fn listener_fd(&self) -> RawFd {
        self.listener
    }

    /// The address to give to a client, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// What the shop saw since it opened or was reset; an answered request is always in it.
    pub fn seen(&self) -> Seen {
        self.state.seen()
    }

    /// Forgets counts, sessions, carts, accounts and orders, and fills up the stock.
    pub fn reset(&self) {
        self.state.reset();
    }

    /// Closes the shop and waits for its thread; answers under way get half a second. In a forked
    /// child it only forgets the parent's shop.
    pub fn stop(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(running) = running else { return };
        if running.process != std::process::id() {
            // The thread is the parent's: neither to be woken nor to be waited for.
            std::mem::forget(running);
            return;
        }
        let _ = running.stop.send(true);
        let _ = running.thread.join();
    }
}

impl Drop for MockSaleor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Takes the address and builds everything the shop needs.
fn open(config: Config) -> io::Result<(Runtime, TcpListener, Arc<AppState>, SocketAddr)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (listener, address) = {
        let _inside = runtime.enter();
        server::bind(&config.host, config.port)?
    };
    let catalog = Catalog::new(config.seed, config.stock);
    let pages = Pages::new(&catalog, &config);
    let state = AppState::new(Store {
        config,
        catalog,
        pages,
        address: reachable(address).to_string(),
    });
    Ok((runtime, listener, Arc::new(state), address))
}

/// An address on all interfaces is reached by the loopback's.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        });
    }
    address
}
