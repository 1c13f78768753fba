//! Exchange as a Python class: everything is converted when it is asked for, not before.

use std::time::Duration;

use http::header;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};

use crate::response::utf8;
use crate::seam::convert::latin1;
use engine::http::{Answer, Hop, Phase, Timings};
use engine::runtime::Finished;

/// What became of one request: its hops (redirects followed, then the last), its error, its time.
#[pyclass(frozen, name = "Exchange", module = "locust_native._core")]
pub struct PyExchange(pub Box<Finished>);

impl PyExchange {
    fn hop(&self, hop: isize) -> PyResult<&Hop> {
        let hops = &self.0.exchange.hops;
        let at = if hop < 0 {
            hops.len().checked_add_signed(hop)
        } else {
            usize::try_from(hop).ok()
        };
        at.and_then(|at| hops.get(at))
            .ok_or_else(|| PyIndexError::new_err(format!("hop {hop} of {}", hops.len())))
    }

    /// Whether it was answered to its end, by a status below 400.
    pub fn is_good(&self) -> bool {
        let good = |answer: &Answer| answer.status.as_u16() < 400;
        self.0.exchange.error.is_none() && self.last().is_some_and(good)
    }

    /// Status code of the last hop; 0 where there is no answer.
    pub fn code(&self) -> u16 {
        self.last().map_or(0, |answer| answer.status.as_u16())
    }

    /// The response time in ms.
    pub fn milliseconds(&self) -> f64 {
        self.0.exchange.time.as_secs_f64() * 1e3
    }

    /// Length of the last hop's decoded body, in bytes.
    pub fn size(&self) -> usize {
        self.last().map_or(0, |answer| answer.body().len())
    }

    fn last(&self) -> Option<&Answer> {
        self.0.exchange.hops.last()?.answer.as_ref()
    }

    fn answer(&self, hop: isize) -> PyResult<&Answer> {
        self.hop(hop)?
            .answer
            .as_ref()
            .ok_or_else(|| PyIndexError::new_err(format!("hop {hop} has no answer")))
    }
}

type TimingsTuple = (
    (Ms, Ms, Ms, Ms, Ms, Ms, Ms),
    f64,
    f64,
    Option<bool>,
    Option<&'static str>,
    Option<u64>,
    Option<u64>,
    Option<u8>,
);
type Ms = Option<f64>;

fn tuple(timings: &Timings) -> TimingsTuple {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let of = |phase| timings.of(phase).map(ms);
    let [queued, dns, connect, tls, send, wait, download] = Phase::ALL.map(of);
    let handshake = match (timings.full, timings.resumed) {
        (0, 0) => None,
        (0, _) => Some("resumed"),
        _ => Some("full"),
    };
    (
        (queued, dns, connect, tls, send, wait, download),
        ms(timings.whole()),
        ms(timings.held()),
        timings.reused(),
        handshake,
        timings.bytes_out(),
        timings.bytes_in(),
        timings.version,
    )
}

#[pymethods]
impl PyExchange {
    /// From handing the request to the core until its last body byte, in ms.
    #[getter]
    fn time_ms(&self) -> f64 {
        self.milliseconds()
    }

    /// (phases in ms, in order, each or None; whole and held in ms; reused or None; "full", "resumed" or None;
    /// bytes out and in, each or None; HTTP version as in `version` or None) of one hop, or of all of them.
    #[pyo3(signature = (hop=None))]
    fn timings(&self, hop: Option<isize>) -> PyResult<TimingsTuple> {
        let timings = match hop {
            Some(hop) => self.hop(hop)?.timings,
            None => self.0.exchange.timings(),
        };
        Ok(tuple(&timings))
    }

    /// Whether it was answered to its end, by a status below 400.
    #[getter]
    fn went_well(&self) -> bool {
        self.is_good()
    }

    /// Status code of the last hop; 0 where there is no answer.
    #[getter]
    fn status(&self) -> u16 {
        self.code()
    }

    /// Length of the last hop's decoded body, in bytes.
    #[getter]
    fn length(&self) -> usize {
        self.size()
    }

    /// (kind, message, errno or None, bytes that could not be understood) of the failure, or None.
    #[getter]
    fn error(&self) -> Option<(&'static str, &str, Option<i32>, &[u8])> {
        self.0
            .exchange
            .error
            .as_ref()
            .map(|e| (e.kind.name(), e.message.as_str(), e.os_code, &e.seen[..]))
    }

    /// How many hops there were.
    #[getter]
    fn hops(&self) -> usize {
        self.0.exchange.hops.len()
    }

    /// Whether hop number `hop` (negative from the end) was answered.
    #[pyo3(signature = (hop=-1))]
    fn answered(&self, hop: isize) -> PyResult<bool> {
        Ok(self.hop(hop)?.answer.is_some())
    }

    /// Status code of a hop.
    #[pyo3(signature = (hop=-1))]
    fn status_of(&self, hop: isize) -> PyResult<u16> {
        Ok(self.answer(hop)?.status.as_u16())
    }

    /// Reason phrase of a hop.
    #[pyo3(signature = (hop=-1))]
    fn reason(&self, hop: isize) -> PyResult<String> {
        Ok(latin1(&self.answer(hop)?.reason))
    }

    /// HTTP version of a hop's answer as urllib3 counts it: 10, 11; for geventhttpclient also 9, 20.
    #[pyo3(signature = (hop=-1))]
    fn version(&self, hop: isize) -> PyResult<u8> {
        Ok(self.answer(hop)?.version)
    }

    /// Header fields of a hop's answer.
    #[pyo3(signature = (hop=-1))]
    fn headers(&self, hop: isize) -> PyResult<Vec<(String, String)>> {
        let headers = &self.answer(hop)?.headers;
        Ok(headers
            .iter()
            .map(|(name, value)| (latin1(name), latin1(value)))
            .collect())
    }

    /// Decoded body of a hop's answer.
    #[pyo3(signature = (hop=-1))]
    fn body<'py>(&self, py: Python<'py>, hop: isize) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.answer(hop)?.body()))
    }

    /// That body as text, or None if it is no UTF-8; `keep` says that it may soon be parsed.
    #[pyo3(signature = (hop, keep, /))]
    fn text<'py>(
        &self,
        py: Python<'py>,
        hop: isize,
        keep: bool,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(utf8::decode(py, self.answer(hop)?.shared_body(), keep))
    }

    /// Whether the body of a hop's answer could be decoded.
    #[pyo3(signature = (hop=-1))]
    fn decoded(&self, hop: isize) -> PyResult<bool> {
        Ok(self.answer(hop)?.decoded)
    }

    /// From handing the hop to the transport until its header was there, in seconds.
    #[pyo3(signature = (hop=-1))]
    fn head_time(&self, hop: isize) -> PyResult<f64> {
        Ok(self.answer(hop)?.head_time.as_secs_f64())
    }

    /// Method sent with a hop.
    #[pyo3(signature = (hop=-1))]
    fn method(&self, hop: isize) -> PyResult<&str> {
        Ok(self.hop(hop)?.method.as_str())
    }

    /// URL of a hop.
    #[pyo3(signature = (hop=-1))]
    fn url(&self, hop: isize) -> PyResult<&str> {
        Ok(self.hop(hop)?.url.as_str())
    }

    /// Whether the body was left out of a hop (after a redirect).
    #[pyo3(signature = (hop=-1))]
    fn bodiless(&self, hop: isize) -> PyResult<bool> {
        Ok(self.hop(hop)?.bodiless)
    }

    /// Value of the jar's `Cookie` field sent with a hop, or None.
    #[pyo3(signature = (hop=-1))]
    fn cookie(&self, hop: isize) -> PyResult<Option<String>> {
        Ok(self
            .hop(hop)?
            .cookie
            .as_ref()
            .map(|cookie| latin1(cookie.as_bytes())))
    }

    /// Whether `Authorization` was left out of a hop.
    #[pyo3(signature = (hop=-1))]
    fn unauthorized(&self, hop: isize) -> PyResult<bool> {
        Ok(self.hop(hop)?.unauthorized)
    }

    /// Value of one header field of the last answer, or None.
    fn header(&self, name: &str) -> Option<String> {
        let value = self.last()?.headers.get(name)?;
        Some(latin1(value))
    }

    /// The Content-Type of a hop's answer; None if there is none, False if there are several.
    #[pyo3(signature = (hop=-1))]
    fn content_type<'py>(
        &self,
        py: Python<'py>,
        hop: isize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let headers = &self.answer(hop)?.headers;
        let name = header::CONTENT_TYPE.as_str();
        let mut values = headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value);
        Ok(match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => Some(PyString::new(py, &latin1(value)).into_any()),
            _ => Some(PyBool::new(py, false).to_owned().into_any()),
        })
    }

    /// Whether the last answer sets a cookie.
    #[getter]
    fn sets_cookie(&self) -> bool {
        self.last()
            .is_some_and(|answer| answer.headers.contains(header::SET_COOKIE))
    }
}
