//! The mock shop as a Python class: knobs in, address and counts out.

use std::io;
use std::os::fd::RawFd;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use mock_saleor::options::{self, Command};
use mock_saleor::{Config, MockSaleor};

#[pyclass(frozen, name = "MockSaleor", module = "locust_native._core")]
pub(crate) struct PyMockSaleor {
    shop: MockSaleor,
}

impl PyMockSaleor {
    fn start(py: Python<'_>, config: Config) -> PyResult<Self> {
        let shop = py
            .detach(|| MockSaleor::start(config))
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidInput => PyValueError::new_err(error.to_string()),
                _ => PyOSError::new_err(error.to_string()),
            })?;
        Ok(PyMockSaleor { shop })
    }
}

#[pymethods]
impl PyMockSaleor {
    /// Opens a shop; the knobs are those of `locust_native.mock_saleor.MockSaleor`.
    #[new]
    #[pyo3(signature = (*, host, port, keep_alive, latency, error_rate, page_size, seed, stock, site_domain, keep))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        host: String,
        port: u16,
        keep_alive: bool,
        latency: &str,
        error_rate: f64,
        page_size: f64,
        seed: u64,
        stock: &str,
        site_domain: Option<String>,
        keep: usize,
    ) -> PyResult<Self> {
        let config = Config {
            host,
            port,
            keep_alive,
            latency: latency.parse().map_err(PyValueError::new_err)?,
            error_rate,
            page_size,
            seed,
            stock: stock.parse().map_err(PyValueError::new_err)?,
            site_domain,
            keep,
        };
        Self::start(py, config)
    }

    /// Opens a shop as the command line asks; `None` when it asks for help only.
    #[staticmethod]
    fn from_args(py: Python<'_>, args: Vec<String>) -> PyResult<Option<Self>> {
        match options::parse(args).map_err(PyValueError::new_err)? {
            Command::Serve(config) => Self::start(py, config).map(Some),
            Command::Help => Ok(None),
        }
    }

    /// The options of the command line, as text.
    #[staticmethod]
    fn usage() -> &'static str {
        options::USAGE
    }

    #[getter]
    fn url(&self) -> String {
        self.shop.url()
    }

    #[getter]
    fn host(&self) -> String {
        self.shop.addr().ip().to_string()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.shop.addr().port()
    }

    /// The listening socket's descriptor, for a forked child to close its copy.
    fn fileno(&self) -> RawFd {
        self.shop.listener_fd()
    }

    fn seen<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let seen = py.detach(|| self.shop.seen());
        let counts = PyDict::new(py);
        for (name, count) in [
            ("requests", seen.requests),
            ("connections", seen.connections),
            ("adds", seen.adds),
            ("orders", seen.orders),
            ("registrations", seen.registrations),
            ("logins", seen.logins),
            ("payments", seen.payments),
        ] {
            counts.set_item(name, count)?;
        }
        counts.set_item("routes", seen.routes)?;
        Ok(counts)
    }

    /// The counts in one line.
    fn summary(&self, py: Python<'_>) -> String {
        py.detach(|| self.shop.seen()).to_string()
    }

    fn reset(&self, py: Python<'_>) {
        py.detach(|| self.shop.reset());
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.shop.stop());
    }
}
