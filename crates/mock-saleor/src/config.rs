//! The shop's knobs, and how they are written as text.

use std::str::FromStr;

/// How a shop is to behave; `Config::default()` is the embedded one of `locust -f funnel.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Address to listen on; a name is looked up and its first address taken.
    pub host: String,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// False closes every connection after its answer, unannounced, as the original's bare server did.
    pub keep_alive: bool,
    /// How long an answer is held back. The request itself is dealt with when it arrives.
    pub latency: Latency,
    /// Share of requests answered 500 without being dealt with, 0 to 1. Assets and `/health/` never are.
    pub error_rate: f64,
    /// Scale of page sizes; 1 is the original's. Pages never get smaller than their landmarks.
    pub page_size: f64,
    /// Products, prices, stock, latencies and errors follow from it.
    pub seed: u64,
    /// How many of each variant there are.
    pub stock: Stock,
    /// Domain in the absolute redirects that leave the dummy payment; none is the one the request named.
    pub site_domain: Option<String>,
    /// Accounts, carts, orders, and sessions kept, each; beyond it the oldest is forgotten.
    pub keep: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host: "127.0.0.1".to_owned(),
            port: 0,
            keep_alive: true,
            latency: Latency::None,
            error_rate: 0.0,
            page_size: 1.0,
            seed: 1,
            stock: Stock::Endless,
            site_domain: None,
            keep: 200_000,
        }
    }
}

impl Config {
    /// Says which knob is out of its range, if one is.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.error_rate) {
            return Err(format!(
                "error_rate: {} is not between 0 and 1",
                self.error_rate
            ));
        }
        if !(0.0..=100.0).contains(&self.page_size) {
            return Err(format!(
                "page_size: {} is not between 0 and 100",
                self.page_size
            ));
        }
        if self.keep == 0 {
            return Err("keep: 0 is too few, at least 1 is needed".to_owned());
        }
        self.latency.check()
    }
}

/// The time an answer is held back, all in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Latency {
    #[default]
    /// Pages go out at once.
    None,
    /// Every page takes so many ms.
    Fixed(f64),
    /// Every time between the two is as likely.
    Uniform(f64, f64),
    /// By its mean.
    Exponential(f64),
    /// By its median and the spread of its logarithm (0.5 is usual).
    LogNormal(f64, f64),
}

/// No answer is held back longer than this, whatever is drawn (ms).
const LONGEST_MS: f64 = 600_000.0;

impl Latency {
    fn check(self) -> Result<(), String> {
        let fine = |ms: f64| (0.0..=LONGEST_MS).contains(&ms);
        let good = match self {
            Latency::None => true,
            Latency::Fixed(ms) | Latency::Exponential(ms) => fine(ms),
            Latency::Uniform(from, to) => fine(from) && fine(to) && from <= to,
            Latency::LogNormal(median, sigma) => fine(median) && (0.0..=10.0).contains(&sigma),
        };
        if good {
            Ok(())
        } else {
            Err(format!("latency: {self:?} is out of range, 0 to 600000 ms"))
        }
    }

    /// One draw, from two numbers between 0 and 1.
    pub(super) fn draw(self, one: f64, two: f64) -> f64 {
        let ms = match self {
            Latency::None => 0.0,
            Latency::Fixed(ms) => ms,
            Latency::Uniform(from, to) => from + (to - from) * one,
            Latency::Exponential(mean) => -mean * (1.0 - one).ln(),
            Latency::LogNormal(median, sigma) => {
                let normal = (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * two).cos();
                median * (sigma * normal).exp()
            }
        };
        ms.clamp(0.0, LONGEST_MS)
    }
}

impl FromStr for Latency {
    type Err = String;

    /// `none`, `25`, `uniform:10:50`, `exponential:25`, `lognormal:25` or `lognormal:25:0.5`.
    fn from_str(text: &str) -> Result<Latency, String> {
        let wrong = || {
            format!(
                "latency: '{text}' is none of none, MS, uniform:FROM:TO, exponential:MEAN, \
                 lognormal:MEDIAN[:SIGMA], in ms"
            )
        };
        let mut words = text.split(':');
        let kind = words.next().unwrap_or_default();
        let numbers = words
            .map(f64::from_str)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| wrong())?;
        let latency = match (kind, numbers.as_slice()) {
            ("none", []) => Latency::None,
            ("uniform", [from, to]) => Latency::Uniform(*from, *to),
            ("exponential", [mean]) => Latency::Exponential(*mean),
            ("lognormal", [median]) => Latency::LogNormal(*median, 0.5),
            ("lognormal", [median, sigma]) => Latency::LogNormal(*median, *sigma),
            (ms, []) => Latency::Fixed(ms.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        };
        latency.check()?;
        Ok(latency)
    }
}

/// How many of each variant the shop has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stock {
    /// Never runs out.
    #[default]
    Endless,
    /// As the original's sample data: 1 to 50 of each variant, by the seed.
    Sample,
    /// The same number of every variant.
    Each(u32),
}

impl FromStr for Stock {
    type Err = String;

    /// `endless`, `sample` or a number of pieces.
    fn from_str(text: &str) -> Result<Stock, String> {
        match text {
            "endless" => Ok(Stock::Endless),
            "sample" => Ok(Stock::Sample),
            number => number.parse().map(Stock::Each).map_err(|_| {
                format!("stock: '{text}' is none of endless, sample, or a number of pieces of each variant")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn knobs_are_read_from_text() {
        assert_eq!("none".parse(), Ok(Latency::None));
        assert_eq!("25".parse(), Ok(Latency::Fixed(25.0)));
        assert_eq!(
            "lognormal:20:0.3".parse(),
            Ok(Latency::LogNormal(20.0, 0.3))
        );
        assert_eq!("uniform:1:2".parse(), Ok(Latency::Uniform(1.0, 2.0)));
        for bad in [
            "",
            "soon",
            "-1",
            "nan",
            "uniform:2:1",
            "exponential",
            "fixed:3",
            "1e99",
        ] {
            assert!(bad.parse::<Latency>().is_err(), "{bad}");
        }
        assert_eq!("7".parse(), Ok(Stock::Each(7)));
        assert_eq!("sample".parse(), Ok(Stock::Sample));
        assert!("some".parse::<Stock>().is_err());
        assert!(
            Config {
                error_rate: f64::NAN,
                ..Config::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Config {
                page_size: -1.0,
                ..Config::default()
            }
            .check()
            .is_err()
        );
        assert!(Config::default().check().is_ok());
    }

    #[test]
    fn draws_centre_where_they_should() {
        assert_eq!(Latency::Fixed(5.0).draw(0.3, 0.9), 5.0);
        assert!((Latency::LogNormal(20.0, 0.5).draw(0.5, 0.25) - 20.0).abs() < 1e-9);
        let mean = (0..1000)
            .map(|n| Latency::Exponential(10.0).draw(f64::from(n) / 1000.0, 0.0))
            .sum::<f64>();
        assert!((mean / 1000.0 - 10.0).abs() < 0.1);
    }
}
