//! What the shop saw: requests by route, method and status class, and what came of them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// Status classes as `seen` names them; a dropped request got no answer at all.
pub(super) const CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "dropped"];
const METHODS: [&str; 8] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "other",
];

/// Counts since the start or the last reset; everything under `/__mock__/` is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By `"GET /products/<slug>-<id>/"`, then by `"2xx"` … `"5xx"` or `"dropped"`; zeros are left out.
    pub routes: BTreeMap<String, BTreeMap<String, u64>>,
    /// All requests, the sum of `routes`.
    pub requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Add-to-cart requests that succeeded.
    pub adds: u64,
    /// Orders placed.
    pub orders: u64,
    /// Accounts made, by sign-up or by a password after an order.
    pub registrations: u64,
    /// Log-ins by the log-in form.
    pub logins: u64,
    /// Dummy payments that were confirmed or pre-authorised.
    pub payments: u64,
}

impl fmt::Display for Seen {
    /// The counts in one line, for the end of a run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests on {} connections: {} added to a cart, {} orders, {} payments, {} registrations, {} log-ins",
            self.requests,
            self.connections,
            self.adds,
            self.orders,
            self.payments,
            self.registrations,
            self.logins
        )
    }
}

impl Seen {
    /// The same as JSON, as `GET /__mock__/seen` sends it.
    pub fn to_json(&self) -> Value {
        json!({
            "requests": self.requests,
            "connections": self.connections,
            "adds": self.adds,
            "orders": self.orders,
            "registrations": self.registrations,
            "logins": self.logins,
            "payments": self.payments,
            "routes": self.routes,
        })
    }

    /// Requests of one route, as `"POST /checkout/summary/"`, whatever their status.
    pub fn route(&self, route: &str) -> u64 {
        self.routes
            .get(route)
            .map_or(0, |classes| classes.values().sum())
    }
}

/// The counters behind `Seen`: a flat table, because counting is on every request's path.
#[derive(Default)]
pub(super) struct Counters {
    table: Vec<[[u64; CLASSES.len()]; METHODS.len()]>,
    pub(super) connections: u64,
    pub(super) adds: u64,
    pub(super) orders: u64,
    pub(super) registrations: u64,
    pub(super) logins: u64,
    pub(super) payments: u64,
}

impl Counters {
    pub(super) fn new(routes: usize) -> Counters {
        Counters {
            table: vec![Default::default(); routes],
            ..Counters::default()
        }
    }

    /// Counts one request; `status` none means it was dropped.
    pub(super) fn count(&mut self, route: usize, method: &str, status: Option<u16>) {
        let method = METHODS
            .iter()
            .position(|name| *name == method)
            .unwrap_or(METHODS.len() - 1);
        let class = match status {
            Some(status) => usize::from(status / 100).clamp(2, 5) - 2,
            None => CLASSES.len() - 1,
        };
        if let Some(row) = self.table.get_mut(route) {
            row[method][class] += 1;
        }
    }

    pub(super) fn seen(&self, patterns: &[&str]) -> Seen {
        let mut seen = Seen {
            connections: self.connections,
            adds: self.adds,
            orders: self.orders,
            registrations: self.registrations,
            logins: self.logins,
            payments: self.payments,
            ..Seen::default()
        };
        for (pattern, row) in patterns.iter().zip(&self.table) {
            for (method, classes) in METHODS.iter().zip(row) {
                for (class, &count) in CLASSES.iter().zip(classes).filter(|(_, count)| **count > 0)
                {
                    let route = seen
                        .routes
                        .entry(format!("{method} {pattern}"))
                        .or_default();
                    route.insert((*class).to_owned(), count);
                    seen.requests += count;
                }
            }
        }
        seen
    }
}
