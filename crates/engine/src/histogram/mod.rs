//! Histogram: how often which time was seen, to three significant digits between 1 µs and 1 h.

mod counts;
mod hdr;
mod packing;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use counts::LONGEST;
use counts::{Counts, index, span};
pub use hdr::NoHistogram;

/// Counts of times in ns. The buckets are HdrHistogram's for a lowest value of 1 ns and three digits: fine enough
/// that 1 µs is still within 0.1 %. Merging is exact: any split of the times gives the same histogram.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Counts,
    count: u64,
    above: u64,
    below: u64,
    sum: i128,
    min: i64,
    max: i64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            count: 0,
            above: 0,
            below: 0,
            sum: 0,
            min: i64::MAX,
            max: i64::MIN,
        }
    }
}

/// Equal if they tell the same: bucket for bucket, and in all that is exact.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.pack() == other.pack()
    }
}

impl Histogram {
    /// Counts one time.
    pub fn record(&mut self, time: Duration) {
        self.record_ns(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX), 1);
    }

    /// Counts a time in ns `times` times. One outside the range is counted apart, but counted.
    pub fn record_ns(&mut self, ns: i64, times: u64) {
        if times == 0 {
            return;
        }
        self.count = self.count.saturating_add(times);
        let together = i128::from(ns) * i128::from(times);
        self.sum = self.sum.saturating_add(together);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
        match u64::try_from(ns) {
            Err(_) => self.below = self.below.saturating_add(times),
            Ok(ns) if ns > LONGEST => self.above = self.above.saturating_add(times),
            Ok(ns) => self.counts.add(index(ns), times),
        }
    }

    /// Adds all that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.count = self.count.saturating_add(other.count);
        self.above = self.above.saturating_add(other.above);
        self.below = self.below.saturating_add(other.below);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// What is left without times that were counted here, too. Its shortest and longest are within 0.1 %, where one of
    /// those had been.
    #[must_use]
    pub fn without(&self, part: &Self) -> Self {
        let mut left = Self {
            counts: self.counts.without(&part.counts),
            count: self.count.saturating_sub(part.count),
            above: self.above.saturating_sub(part.above),
            below: self.below.saturating_sub(part.below),
            sum: self.sum.saturating_sub(part.sum),
            min: self.min,
            max: self.max,
        };
        let spans = left.spans();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return left;
        };
        // Buckets lie within 1 h, so these are far below 2⁶³.
        if left.below == 0 && part.count > 0 && part.min == self.min {
            left.min = ((first.0 + (first.1 - first.0) / 2) as i64).clamp(self.min, self.max);
        }
        if left.above == 0 && part.count > 0 && part.max == self.max {
            left.max = ((last.0 + (last.1 - last.0) / 2) as i64).clamp(self.min, self.max);
        }
        left
    }

    /// Takes over what is known exactly of times that were counted rounded, in ns; nothing, if it cannot be.
    pub fn refine(&mut self, sum: i128, min: i64, max: i64) {
        // A sum of floats may be off by the last digit of each.
        let ends = [min, max].map(|end| i128::from(end) * i128::from(self.count));
        let exact = sum.clamp(ends[0].min(ends[1]), ends[1]);
        let near =
            exact.abs_diff(sum) <= u128::from(self.count) + sum.unsigned_abs() / 1_000_000_000;
        if self.count > 0 && near && is_possible(self.count, exact, min, max) {
            (self.sum, self.min, self.max) = (exact, min, max);
        }
    }

    /// (lowest time of the bucket in ns, count), in order, of the buckets that have any.
    #[must_use]
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let mut buckets = Vec::new();
        self.counts
            .each(|index, count| buckets.push((span(index).0, count)));
        buckets
    }

    /// (lowest time of the bucket, lowest of the next, both in ns, count), in order, of the buckets that have any.
    #[must_use]
    pub fn spans(&self) -> Vec<(u64, u64, u64)> {
        let mut spans = Vec::new();
        self.counts.each(|index, count| {
            let (lowest, width) = span(index);
            spans.push((lowest, lowest + width, count));
        });
        spans
    }

    /// How many times were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many of them were longer than 1 h or below zero.
    #[must_use]
    pub fn out_of_range(&self) -> u64 {
        self.above.saturating_add(self.below)
    }

    /// The shortest, exactly, in ns; `None` if there is none.
    #[must_use]
    pub fn min(&self) -> Option<i64> {
        (self.count > 0).then_some(self.min)
    }

    /// The longest, exactly, in ns; `None` if there is none.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        (self.count > 0).then_some(self.max)
    }

    /// The mean of the times themselves, not of their buckets, in ns; `None` if there is none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The times, in ns, within which these shares (0 to 1) of all finished, to 0.1 %; `None` if there is none.
    ///
    /// The rank is the one Locust uses (`calculate_response_time_percentile`): with n times in order, number
    /// `int(n * share)` counted from 0, or the last. The first and the last, and what is out of range, are exact.
    #[must_use]
    pub fn quantiles(&self, shares: &[f64]) -> Option<Vec<i64>> {
        let (min, max) = (self.min()?, self.max()?);
        let last = self.count - 1;
        let mut ranks: Vec<(u64, usize)> = shares
            .iter()
            .enumerate()
            .map(|(place, share)| ((self.count as f64 * share) as u64, place))
            .filter(|(rank, _)| *rank < last)
            .collect();
        ranks.sort_unstable();
        let mut ranks = ranks.into_iter().peekable();
        let mut answers = vec![max; shares.len()];
        let mut up_to = |seen: u64, time: i64| {
            while let Some((_, place)) = ranks.next_if(|(rank, _)| *rank < seen) {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = time;
                }
            }
        };
        let mut seen = self.below;
        up_to(seen.max(1), min);
        self.counts.each(|index, count| {
            seen = seen.saturating_add(count);
            up_to(seen, middle(index).clamp(min, max));
        });
        Some(answers)
    }

    /// In HdrHistogram's own format (V2, compressed) for its tools, unit 1 ns; what is out of range is not in it.
    #[must_use]
    pub fn to_hdr(&self) -> Vec<u8> {
        hdr::encode(&self.counts)
    }

    /// What `to_hdr` has written. The format has counts only: each time stands in the middle of its bucket, also in
    /// what is otherwise exact.
    ///
    /// # Errors
    /// Bytes that are no such histogram, or one of another precision.
    pub fn from_hdr(bytes: &[u8]) -> Result<Self, NoHistogram> {
        let mut histogram = Self::default();
        hdr::decode(bytes, |index, count| {
            // The last bucket reaches beyond 1 h.
            histogram.record_ns(middle(index).min(LONGEST as i64), count);
        })?;
        Ok(histogram)
    }

    /// All of it in few bytes.
    #[must_use]
    pub fn pack(&self) -> Packed {
        Packed {
            counts: self.counts.pack().into_boxed_slice(),
            above: self.above,
            below: self.below,
            sum_high: (self.sum >> 64) as i64,
            sum_low: self.sum as u64,
            min: self.min,
            max: self.max,
        }
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn footprint(&self) -> usize {
        self.counts.footprint()
    }
}

/// Whether so many times, the shortest and the longest of them these, can have this sum.
fn is_possible(count: u64, sum: i128, min: i64, max: i64) -> bool {
    let together = |each: i64| i128::from(each) * i128::from(count);
    min <= max && (together(min)..=together(max)).contains(&sum)
}

/// The middle of a bucket, so that no time in it is further than half its width.
fn middle(index: u16) -> i64 {
    let (lowest, width) = span(index);
    (lowest + width / 2) as i64 // far below 2⁶³
}

/// A histogram that is kept or sent: 2 to 3 bytes for each different time, 72 besides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    #[serde(with = "serde_bytes")]
    counts: Box<[u8]>,
    #[serde(default, skip_serializing_if = "is_zero")]
    above: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    below: u64,
    sum_high: i64,
    sum_low: u64,
    min: i64,
    max: i64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Packed {
    /// The histogram; `None` if these bytes are none.
    #[must_use]
    pub fn unpack(&self) -> Option<Histogram> {
        let (counts, within) = Counts::unpack(&self.counts)?;
        let count = within.checked_add(self.above)?.checked_add(self.below)?;
        if count == 0 {
            return Some(Histogram::default());
        }
        let sum = i128::from(self.sum_high) << 64 | i128::from(self.sum_low);
        is_possible(count, sum, self.min, self.max).then_some(Histogram {
            counts,
            count,
            above: self.above,
            below: self.below,
            sum,
            min: self.min,
            max: self.max,
        })
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn footprint(&self) -> usize {
        self.counts.len()
    }
}
