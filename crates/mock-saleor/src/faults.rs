//! Faults asked for: by one request's `X-Mock-*` headers, or by the shop's own latency and error rate.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::SmallRng;

use super::config::Config;

/// What one request asks to happen to it.
///
/// `X-Mock-Delay-Ms: 250` holds the answer back, on top of the shop's latency;
/// `X-Mock-Status: 503` answers that at once, dealing with nothing;
/// `X-Mock-Truncate: 100` sends so many bytes of the body and breaks the connection;
/// `X-Mock-Drop: 1` closes the connection without an answer, dealing with nothing.
#[derive(Default, Clone, Copy)]
pub(super) struct Faults {
    pub(super) delay_ms: f64,
    pub(super) status: Option<u16>,
    pub(super) truncate: Option<usize>,
    pub(super) drop: bool,
}

impl Faults {
    /// Takes one header, `name` without its `x-mock-`; what cannot be read is no fault.
    pub(super) fn ask(&mut self, name: &str, value: &str) {
        match name {
            "delay-ms" => self.delay_ms = value.parse().unwrap_or(0.0),
            "status" => {
                self.status = value
                    .parse()
                    .ok()
                    .filter(|status| (200..600).contains(status))
            }
            "truncate" => self.truncate = value.parse().ok(),
            "drop" => self.drop = value != "0",
            _ => {}
        }
    }

    /// How long this answer waits, if it does.
    pub(super) fn delay(&self, config: &Config, rng: &mut SmallRng) -> Option<Duration> {
        let ms =
            config.latency.draw(rng.random(), rng.random()) + self.delay_ms.clamp(0.0, 600_000.0);
        (ms > 0.0).then(|| Duration::from_secs_f64(ms / 1000.0))
    }
}

/// Whether the error rate strikes this request.
pub(super) fn strikes(config: &Config, rng: &mut SmallRng) -> bool {
    config.error_rate > 0.0 && rng.random_bool(config.error_rate)
}
