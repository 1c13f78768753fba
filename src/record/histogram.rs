//! Histogram: how often which time was seen, to three significant digits between 1 µs and 1 h.

use std::time::Duration;

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::counts::{Counts, LONGEST, index, span};

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

    /// (lowest time of the bucket in ns, count), in order, of the buckets that have any.
    #[must_use]
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let mut buckets = Vec::new();
        self.counts
            .each(|index, count| buckets.push((span(index).0, count)));
        buckets
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
    /// `int(n * share)` counted from 0, or the last. What is out of range answers with the exact end.
    #[must_use]
    pub fn quantiles(&self, shares: &[f64]) -> Option<Vec<i64>> {
        let (min, max) = (self.min()?, self.max()?);
        let mut ranks: Vec<(u64, usize)> = shares
            .iter()
            .enumerate()
            .map(|(place, share)| {
                let rank = (self.count as f64 * share) as u64;
                (rank.min(self.count - 1), place)
            })
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
        up_to(seen, min);
        self.counts.each(|index, count| {
            seen = seen.saturating_add(count);
            up_to(seen, middle(index).clamp(min, max));
        });
        Some(answers)
    }

    /// In HdrHistogram's own format (V2, compressed) for its tools, unit 1 ns; what is out of range is not in it.
    #[must_use]
    pub fn to_hdr(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(mut table) = Hdr::<u64>::new_with_bounds(1, LONGEST, 3) else {
            return bytes;
        };
        for (time, count) in self.buckets() {
            // Within its bounds it refuses nothing.
            let _ = table.record_n(time, count);
        }
        // A vector takes whatever is written.
        let _ = V2DeflateSerializer::new().serialize(&table, &mut bytes);
        bytes
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

/// The middle of a bucket, so that no time in it is further than half its width.
fn middle(index: u16) -> i64 {
    let (lowest, width) = span(index);
    (lowest + width / 2) as i64 // far below 2⁶³
}

/// A histogram that is kept or sent: 2 to 3 bytes for each different time, 72 besides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Packed {
    #[serde(with = "serde_bytes")]
    counts: Box<[u8]>,
    #[serde(skip_serializing_if = "is_zero")]
    above: u64,
    #[serde(skip_serializing_if = "is_zero")]
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
        if self.min > self.max {
            return None;
        }
        Some(Histogram {
            counts,
            count,
            above: self.above,
            below: self.below,
            sum: i128::from(self.sum_high) << 64 | i128::from(self.sum_low),
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
