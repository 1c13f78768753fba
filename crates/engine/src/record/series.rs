//! Series: the times of a test in points that are wide enough for a percentile to say something.

use super::Record;
use super::seconds::{PackedSecond, Second};

/// Widths of points, in s. Each divides those in which old seconds are kept, or is a multiple of them, so that no
/// stretch lies in two points.
const WIDTHS: [i64; 11] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];
/// So many requests a typical point should have: then its median is within some 20 % of the spread, and its 95 % is not
/// simply its slowest.
const ENOUGH: u64 = 50;
/// More points than this nobody can see or wants to load.
const MOST: usize = 3_000;

impl Record {
    /// The width in s of the points that `series` should have: the least with which a typical point has enough requests.
    /// It depends on the rate of the requests, and on the length of a test only beyond 3,000 points.
    #[must_use]
    pub fn series_width(&self) -> i64 {
        let seconds = self.seconds(i64::MIN, i64::MAX);
        let fits = |width: &i64| {
            let mut points = counts(&seconds, *width);
            let middle = points.len() / 2;
            points.len() <= MOST
                && (points.is_empty() || *points.select_nth_unstable(middle).1 >= ENOUGH)
        };
        let widest = WIDTHS.last().copied().unwrap_or(1);
        WIDTHS.into_iter().find(fits).unwrap_or_else(|| {
            // So few requests that no width makes enough of them: one point for every ten or so, up to a minute.
            let few = |width: &i64| counts(&seconds, *width).len() <= MOST && *width >= 60;
            WIDTHS.into_iter().find(few).unwrap_or(widest)
        })
    }

    /// The requests of each stretch of `width` s in which any finished, their times in one histogram; from the stretch
    /// on that `since` lies in. A stretch that is older, and kept wider, is a point of its own width.
    #[must_use]
    pub fn series(&self, width: i64, since: i64) -> Vec<Second> {
        let width = width.max(1);
        let mut points: Vec<Second> = Vec::new();
        for packed in self.seconds(begin(since, width), i64::MAX) {
            let Some(second) = packed.unpack() else {
                continue; // there is none: we packed them
            };
            let at = begin(second.at, width);
            let wide = second.width.max(u32::try_from(width).unwrap_or(u32::MAX));
            match points.last_mut() {
                Some(point) if at < point.at + i64::from(point.width) => point.merge(&second),
                _ => {
                    let mut point = Second::new(at);
                    point.width = wide;
                    point.merge(&second);
                    points.push(point);
                }
            }
        }
        points
    }
}

fn begin(at: i64, width: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(width))
}

/// How many requests each point of this width has.
fn counts(seconds: &[PackedSecond], width: i64) -> Vec<u64> {
    let (mut counts, mut latest) = (Vec::new(), None);
    for second in seconds {
        let at = begin(second.at, width);
        if latest != Some(at) {
            latest = Some(at);
            counts.push(0_u64);
        }
        if let Some(count) = counts.last_mut() {
            *count = count.saturating_add(second.requests);
        }
    }
    counts
}
