//! Locust's rounded response times: which bucket a time falls into, and how many fell into each.

use foldhash::HashMap;

use super::number::Number;

/// The key under which Locust files a response time (ms): about two significant digits, ties to even.
///
/// Python rounds a float to tens, hundreds or thousands by its exact decimal value, so a tie is only ever a
/// whole number; dividing by ten first, as one would do in floating point, would invent some and lose others.
pub fn bucket(response_time: Number) -> i64 {
    let (whole, has_fraction) = match response_time {
        Number::Int(value) => (value, false),
        Number::Float(value) if value < 100.0 => return value.round_ties_even() as i64,
        Number::Float(value) => (value as i64, value > (value as i64) as f64),
    };
    match whole {
        ..100 => whole,
        100..1_000 => nearest(whole, has_fraction, 10),
        1_000..10_000 => nearest(whole, has_fraction, 100),
        10_000.. => nearest(whole, has_fraction, 1_000),
    }
}

/// The multiple of `unit` nearest to `whole` plus a fraction below one.
fn nearest(whole: i64, has_fraction: bool, unit: i64) -> i64 {
    let (quotient, rest) = (whole / unit, whole % unit);
    let half = unit / 2;
    let up = rest > half || (rest == half && (has_fraction || quotient % 2 == 1));
    (quotient + i64::from(up)) * unit
}

/// Counts per bucket in the order in which the buckets were first seen, which is the order of Locust's dict.
#[derive(Debug, Default)]
pub struct Buckets {
    counts: Vec<(i64, u64)>,
    places: HashMap<i64, usize>,
    /// Where the last one went: many are of the same.
    last: usize,
}

impl Buckets {
    /// Counts one time in this bucket (ms).
    pub fn add(&mut self, bucket: i64) {
        let same = |(known, _): &(i64, u64)| *known == bucket;
        if !self.counts.get(self.last).is_some_and(same) {
            self.last = *self.places.entry(bucket).or_insert_with(|| {
                self.counts.push((bucket, 0));
                self.counts.len() - 1
            });
        }
        if let Some((_, count)) = self.counts.get_mut(self.last) {
            *count += 1;
        }
    }

    /// All that were counted: (bucket in ms, times).
    pub fn into_counts(self) -> Vec<(i64, u64)> {
        self.counts
    }
}
