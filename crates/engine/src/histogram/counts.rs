//! Counts: how many times fell into each bucket; a list while there are few, a table with gaps for more.

use std::collections::HashMap;

use super::packing;

/// The longest time that has a bucket, in ns: 1 h.
pub const LONGEST: u64 = 3_600_000_000_000;
/// Up to this many buckets a list is smaller than the table, and quick enough.
const FEW: usize = 256;
/// Buckets in one piece of the table: an eighth of a doubling of the time.
const PIECE: usize = 128;

/// The bucket of a time in ns. HdrHistogram's numbering for a lowest value of 1 and three digits: 2,048 buckets of
/// 1 ns, then 1,024 for each doubling.
pub fn index(ns: u64) -> u16 {
    let shift = (63 - (ns | 1).leading_zeros()).saturating_sub(10);
    // At most 56,319, whatever the time.
    ((u64::from(shift) << 10) + (ns >> shift)) as u16
}

/// The last bucket there is.
pub fn last() -> u16 {
    index(LONGEST)
}

/// The lowest time in a bucket, and how many ns it is wide.
pub fn span(index: u16) -> (u64, u64) {
    let index = u64::from(index);
    let shift = (index >> 10).saturating_sub(1);
    ((index - (shift << 10)) << shift, 1 << shift)
}

/// Counts per bucket. A name costs 8 bytes for each different time at first; from 256 on, 256 bytes for each eighth
/// of a doubling in which there are any (twice or four times that once a count outgrows 16 or 32 bits).
#[derive(Debug, Clone)]
pub enum Counts {
    /// (bucket, count), in order.
    Few(Vec<(u16, u32)>),
    /// By bucket number, as far as the greatest time needs.
    Many(Vec<Piece>),
}

#[derive(Debug, Clone)]
pub enum Piece {
    Empty,
    Narrow(Box<[u16; PIECE]>),
    Middle(Box<[u32; PIECE]>),
    Wide(Box<[u64; PIECE]>),
}

impl Default for Counts {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Counts {
    /// Counts `times` more in a bucket.
    pub fn add(&mut self, index: u16, times: u64) {
        if let Self::Few(few) = self {
            if add_to_few(few, index, times) {
                return;
            }
            self.spread_out();
        }
        if let Self::Many(pieces) = self {
            let place = usize::from(index) / PIECE;
            if place >= pieces.len() {
                pieces.resize_with(place + 1, || Piece::Empty);
            }
            if let Some(piece) = pieces.get_mut(place) {
                piece.add(usize::from(index) % PIECE, times);
            }
        }
    }

    fn spread_out(&mut self) {
        let few = std::mem::replace(self, Self::Many(Vec::new()));
        few.each(|index, count| self.add(index, count));
    }

    /// Shows each bucket that has any, in order.
    pub fn each(&self, mut show: impl FnMut(u16, u64)) {
        match self {
            Self::Few(few) => few
                .iter()
                .for_each(|(index, count)| show(*index, u64::from(*count))),
            Self::Many(pieces) => {
                for (place, piece) in pieces.iter().enumerate() {
                    // There are fewer than 2¹⁶ buckets.
                    let first = (place * PIECE) as u16;
                    piece.each(|at, count| show(first + at as u16, count));
                }
            }
        }
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.each(|index, count| self.add(index, count));
    }

    /// The counts less those of `part`.
    pub fn without(&self, part: &Self) -> Self {
        let (mut left, mut taken) = (Self::default(), HashMap::new());
        part.each(|index, count| {
            taken.insert(index, count);
        });
        self.each(|index, count| {
            let gone = taken.get(&index).copied().unwrap_or(0);
            if count > gone {
                left.add(index, count - gone);
            }
        });
        left
    }

    /// The counts as few bytes; the same counts give the same bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut next = 0;
        self.each(|index, count| {
            packing::push(&mut bytes, u64::from(index) - next);
            packing::push(&mut bytes, count);
            next = u64::from(index) + 1;
        });
        bytes
    }

    /// The counts that were packed, and their sum; `None` if these bytes are none.
    pub fn unpack(mut bytes: &[u8]) -> Option<(Self, u64)> {
        let (mut counts, mut sum, mut next) = (Self::default(), 0_u64, 0_u64);
        while !bytes.is_empty() {
            let index = next.checked_add(packing::pull(&mut bytes)?)?;
            let count = packing::pull(&mut bytes)?;
            let place = u16::try_from(index).ok().filter(|place| *place <= last())?;
            if count == 0 {
                return None;
            }
            counts.add(place, count);
            sum = sum.checked_add(count)?;
            next = index + 1;
        }
        Some((counts, sum))
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        match self {
            Self::Few(few) => few.capacity() * size_of::<(u16, u32)>(),
            Self::Many(pieces) => {
                pieces.capacity() * size_of::<Piece>()
                    + pieces.iter().map(Piece::footprint).sum::<usize>()
            }
        }
    }
}

/// False, and nothing changed, if the list is full or the count outgrows it.
fn add_to_few(few: &mut Vec<(u16, u32)>, index: u16, times: u64) -> bool {
    // Those that are read or merged come in order.
    let place = match few.last() {
        Some((greatest, _)) if *greatest >= index => {
            few.binary_search_by_key(&index, |(known, _)| *known)
        }
        _ => Err(few.len()),
    };
    match place {
        Ok(at) => few.get_mut(at).is_some_and(|(_, count)| bump(count, times)),
        Err(at) => match u32::try_from(times) {
            Ok(times) if few.len() < FEW => {
                few.insert(at, (index, times));
                true
            }
            _ => false,
        },
    }
}

/// False, and nothing changed, if the sum does not fit.
fn bump<T: Copy + Into<u64> + TryFrom<u64>>(count: &mut T, times: u64) -> bool {
    match T::try_from((*count).into().saturating_add(times)) {
        Ok(sum) => {
            *count = sum;
            true
        }
        Err(_) => false,
    }
}

impl Piece {
    fn add(&mut self, at: usize, times: u64) {
        while !match self {
            Self::Empty => false,
            Self::Narrow(counts) => bump(&mut counts[at], times),
            Self::Middle(counts) => bump(&mut counts[at], times),
            Self::Wide(counts) => bump(&mut counts[at], times),
        } {
            self.widen();
        }
    }

    fn widen(&mut self) {
        *self = match self {
            Self::Empty => Self::Narrow(Box::new([0; PIECE])),
            Self::Narrow(counts) => Self::Middle(Box::new(counts.map(u32::from))),
            Self::Middle(counts) => Self::Wide(Box::new(counts.map(u64::from))),
            Self::Wide(_) => return, // it takes all there is
        }
    }

    fn each(&self, mut show: impl FnMut(usize, u64)) {
        let mut some = |at, count| {
            if count > 0 {
                show(at, count);
            }
        };
        match self {
            Self::Empty => {}
            Self::Narrow(counts) => {
                for (at, count) in counts.iter().enumerate() {
                    some(at, u64::from(*count));
                }
            }
            Self::Middle(counts) => {
                for (at, count) in counts.iter().enumerate() {
                    some(at, u64::from(*count));
                }
            }
            Self::Wide(counts) => {
                for (at, count) in counts.iter().enumerate() {
                    some(at, *count);
                }
            }
        }
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Narrow(counts) => size_of_val(&**counts),
            Self::Middle(counts) => size_of_val(&**counts),
            Self::Wide(counts) => size_of_val(&**counts),
        }
    }
}
