//! One name's requests of one second, waiting to be added to Locust's own entry.

use super::buckets::{Buckets, bucket};
use super::number::Number;

/// A finished request as Locust's `log_request` is told of it, if it can be counted exactly as in Python.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    response_time: Option<Number>,
    content_length: i64,
    now: f64,
}

impl Sample {
    /// Response time in ms (`None` for requests that have none), bytes, and the caller's wall clock in seconds.
    pub fn new(response_time: Option<Number>, content_length: i64, now: f64) -> Option<Self> {
        let exact = response_time.is_none_or(Number::is_exact) && Number::Float(now).is_exact();
        exact.then_some(Self {
            response_time,
            content_length,
            now,
        })
    }

    /// The response time in ms, if there is one.
    pub fn milliseconds(&self) -> Option<f64> {
        self.response_time.map(Number::as_f64)
    }

    /// Where Locust files the response time, 0 if there is none.
    pub fn bucket(&self) -> i64 {
        self.response_time.map_or(0, bucket)
    }

    /// The second it belongs to: Python's `int(now)`.
    fn second(&self) -> i64 {
        self.now as i64
    }
}

/// What was counted since the last look, all in the same second: Locust files snapshots by the second.
#[derive(Debug)]
pub struct Pending {
    /// Since 1970.
    pub second: i64,
    /// How many requests.
    pub requests: u64,
    /// How many of them have no response time.
    pub without_time: u64,
    /// The entry's whole sum of response times, not the share of this second: adding shares would round
    /// floats differently from adding samples.
    pub total: Number,
    /// The shortest response time, in ms; None without any.
    pub min: Option<Number>,
    /// The longest response time, in ms; None without any.
    pub max: Option<Number>,
    /// The sum of their content lengths, in bytes.
    pub content_length: i64,
    /// Wall clock of the last request.
    pub last: f64,
    /// Response times, rounded as Locust rounds them.
    pub buckets: Buckets,
}

/// Counts for one name, open as long as its running sum is the one that Python holds.
#[derive(Debug, Default)]
pub struct Entry {
    total: Option<Number>,
    pending: Option<Pending>,
}

/// The two sums after a sample, worked out before anything is changed.
pub struct Sums {
    total: Number,
    content_length: i64,
}

impl Entry {
    /// Starts counting from a sum of response times that Python holds.
    pub fn open(&mut self, total: Number) {
        self.total = Some(total);
    }

    /// Refuses samples until opened again; what is pending stays to be taken.
    pub fn close(&mut self) {
        self.total = None;
    }

    /// The sums after this sample, or `None` if it cannot be counted here now.
    pub fn admit(&self, sample: &Sample) -> Option<Sums> {
        let before = self.total?;
        let total = match sample.response_time {
            Some(response_time) => before.plus(response_time)?,
            None => before,
        };
        let content_length = match &self.pending {
            Some(pending) if pending.second != sample.second() => return None,
            Some(pending) => pending.content_length.checked_add(sample.content_length)?,
            None => sample.content_length,
        };
        Some(Sums {
            total,
            content_length,
        })
    }

    /// Counts a sample that was admitted; `bucket` is that of its response time.
    pub fn count(&mut self, sample: &Sample, bucket: i64, sums: Sums) {
        self.total = Some(sums.total);
        let pending = self.pending.get_or_insert_with(|| Pending {
            second: sample.second(),
            requests: 0,
            without_time: 0,
            total: sums.total,
            min: None,
            max: None,
            content_length: 0,
            last: sample.now,
            buckets: Buckets::default(),
        });
        pending.requests += 1;
        pending.total = sums.total;
        pending.content_length = sums.content_length;
        pending.last = sample.now;
        match sample.response_time {
            None => pending.without_time += 1,
            Some(time) => {
                pending.min = Some(pending.min.map_or(time, |least| least.min(time)));
                pending.max = Some(pending.max.map_or(time, |most| most.max(time)));
                pending.buckets.add(bucket);
            }
        }
    }

    pub fn drain(&mut self) -> Option<Pending> {
        self.pending.take()
    }
}
