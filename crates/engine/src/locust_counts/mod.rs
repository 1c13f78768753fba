//! Stats: counts finished requests per (method, name) until somebody reads them.

mod buckets;
mod entry;
mod number;

use foldhash::{HashMap, HashMapExt};

pub use buckets::{Buckets, bucket};
pub use entry::{Pending, Sample};
pub use number::Number;

use entry::Entry;

/// The place of the entry that every request is counted in.
pub const TOTAL: usize = 0;

/// Counts in places; a place belongs to one (method, name) for good, `TOTAL` to all of them.
///
/// Nothing is counted natively that Python has not opened: Python's entries are the truth, and what is kept
/// here is only what they have not been told yet.
#[derive(Debug)]
pub struct Stats {
    places: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    entries: Vec<Entry>,
    /// The places of the caller's own, and at which of ours their requests were counted last.
    spots: Vec<(u32, usize)>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            entries: vec![Entry::default()],
            spots: Vec::new(),
        }
    }
}

impl Stats {
    /// Counts a sample in its own entry and in the total, or changes nothing and answers `false`: an entry is
    /// not open, holds another second's counts, or a sum would outgrow its integer.
    pub fn record(&mut self, method: &str, name: &str, sample: &Sample) -> bool {
        self.try_record(method, name, sample).is_some()
    }

    fn try_record(&mut self, method: &str, name: &str, sample: &Sample) -> Option<()> {
        let place = self.known(method, name)?;
        self.record_in(place, sample)
    }

    /// As `record`; quicker for a request that is known by a spot (number and generation) that belongs to one method and
    /// name, and to no others.
    pub fn record_at<'a>(
        &mut self,
        (at, generation): (u32, u32),
        names: impl FnOnce() -> Option<(&'a str, &'a str)>,
        sample: &Sample,
    ) -> bool {
        let spot = self.spots.get(at as usize);
        let place = match spot {
            Some((known, place)) if *known == generation && *place != TOTAL => Some(*place),
            _ => names().and_then(|(method, name)| {
                let place = self.known(method, name)?;
                let at = at as usize;
                if at >= self.spots.len() {
                    self.spots.resize(at + 1, (0, TOTAL));
                }
                if let Some(spot) = self.spots.get_mut(at) {
                    *spot = (generation, place);
                }
                Some(place)
            }),
        };
        place
            .and_then(|place| self.record_in(place, sample))
            .is_some()
    }

    fn known(&self, method: &str, name: &str) -> Option<usize> {
        self.places.get(method)?.get(name).copied()
    }

    fn record_in(&mut self, place: usize, sample: &Sample) -> Option<()> {
        let (total, own) = self.entries.split_first_mut()?;
        let own = own.get_mut(place.checked_sub(1)?)?;
        let (total_sums, own_sums) = (total.admit(sample)?, own.admit(sample)?);
        let bucket = sample.bucket();
        total.count(sample, bucket, total_sums);
        own.count(sample, bucket, own_sums);
        Some(())
    }

    /// The place of (method, name), made if there is none.
    pub fn place(&mut self, method: &str, name: &str) -> usize {
        if let Some(place) = self.known(method, name) {
            return place;
        }
        let place = self.entries.len();
        self.entries.push(Entry::default());
        self.places
            .entry(method.into())
            .or_default()
            .insert(name.into(), place);
        place
    }

    /// Starts counting at a place, from the sum of response times (ms) that Python holds.
    pub fn open(&mut self, place: usize, total: Number) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.open(total);
        }
    }

    /// Refuses samples at a place until it is opened again.
    pub fn close(&mut self, place: usize) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.close();
        }
    }

    /// Takes what a place has counted since it was last drained.
    pub fn drain(&mut self, place: usize) -> Option<Pending> {
        self.entries.get_mut(place)?.drain()
    }

    /// Forgets every place but the total's; for when Locust drops all its entries.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
