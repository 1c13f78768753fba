//! The options of `mock-saleor`, one parser for the binary and for `locust-native mock-saleor`.

use std::ffi::OsString;
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt};

use super::config::Config;

/// What `--help` prints.
pub const USAGE: &str = "\
Serve a mock Saleor storefront until Ctrl-C.

  --host NAME         address to listen on (default 127.0.0.1)
  --port N            port to listen on, 0 for any (default 8000)
  --seed N            products, prices, latencies and errors follow from it (default 1)
  --latency HOW       none | MS | uniform:FROM:TO | exponential:MEAN | lognormal:MEDIAN[:SIGMA], in ms
  --error-rate SHARE  share of requests answered 500, 0 to 1 (default 0)
  --page-size SCALE   scale of page sizes, 1 is the original's (default 1)
  --stock HOW         endless | sample | N pieces of each variant (default endless)
  --no-keep-alive     close every connection after its answer, unannounced
  --site-domain NAME  domain in the absolute redirects after a payment (default: the request's own Host)
  --keep N            sessions, carts, accounts and orders kept, each (default 200000)
  -h, --help          this text
";

/// What the options ask for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Open the shop.
    Serve(Config),
    /// Show how it is used.
    Help,
}

/// Reads the options (without the program's name); an error is one line that names the option.
pub fn parse<I>(arguments: I) -> Result<Command, String>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let mut config = Config {
        port: 8000,
        ..Config::default()
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("host") => config.host = text(&mut parser)?,
            Arg::Long("port") => {
                config.port = number(&mut parser, "--port", "a whole number from 0 to 65535")?
            }
            Arg::Long("seed") => {
                config.seed = number(
                    &mut parser,
                    "--seed",
                    "a whole number from 0 to 18446744073709551615",
                )?
            }
            Arg::Long("latency") => config.latency = value(&mut parser, "--latency")?,
            Arg::Long("error-rate") => {
                config.error_rate = number(&mut parser, "--error-rate", "a number from 0 to 1")?
            }
            Arg::Long("page-size") => {
                config.page_size = number(&mut parser, "--page-size", "a number from 0 to 100")?
            }
            Arg::Long("stock") => config.stock = value(&mut parser, "--stock")?,
            Arg::Long("no-keep-alive") => config.keep_alive = false,
            Arg::Long("site-domain") => config.site_domain = Some(text(&mut parser)?),
            Arg::Long("keep") => {
                config.keep = number(&mut parser, "--keep", "a whole number, at least 1")?
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(format!("{}; --help lists the options", other.unexpected())),
        }
    }
    config.check()?;
    Ok(Command::Serve(config))
}

fn value<T: FromStr>(parser: &mut Parser, option: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    let text = text(parser)?;
    text.parse()
        .map_err(|error| format!("{option} {text}: {error}"))
}

/// A value whose type has no words of its own for what is wrong with it.
fn number<T: FromStr>(parser: &mut Parser, option: &str, expected: &str) -> Result<T, String> {
    let text = text(parser)?;
    text.parse()
        .map_err(|_| format!("{option} {text}: expected {expected}"))
}

fn text(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().and_then(ValueExt::string);
    value.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Latency, Stock};

    #[test]
    fn options_become_a_config() {
        let line = "--port=0 --seed 7 --latency lognormal:20 --stock sample --no-keep-alive --error-rate 0.5";
        let Command::Serve(config) = parse(line.split(' ')).unwrap() else {
            unreachable!()
        };
        assert_eq!((config.port, config.seed, config.keep_alive), (0, 7, false));
        assert_eq!(
            (config.latency, config.stock),
            (Latency::LogNormal(20.0, 0.5), Stock::Sample)
        );
        assert_eq!(parse(["-h"]), Ok(Command::Help));
    }

    #[test]
    fn a_bad_option_is_named_in_one_line() {
        for (line, named) in [
            (
                "--port 70000",
                "--port 70000: expected a whole number from 0 to 65535",
            ),
            ("--port http", "--port http: expected a whole number"),
            ("--seed -1", "--seed -1: expected a whole number"),
            ("--keep 1e6", "--keep 1e6: expected a whole number"),
            (
                "--error-rate half",
                "--error-rate half: expected a number from 0 to 1",
            ),
            (
                "--page-size x",
                "--page-size x: expected a number from 0 to 100",
            ),
            ("--port", "port"),
            ("--latency soon", "--latency"),
            ("--error-rate 2", "error_rate"),
            ("--colour red", "--colour"),
            ("shop", "shop"),
            ("--no-keep-alive=1", "no-keep-alive"),
        ] {
            let error = parse(line.split(' ')).unwrap_err();
            assert!(
                error.contains(named) && !error.contains('\n'),
                "{line}: {error}"
            );
        }
    }
}
