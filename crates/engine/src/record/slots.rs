//! Slots: one row per (method, name), as long as there is room for more names; then one for all others.

use foldhash::{HashMap, HashMapExt};

use super::patterns::NamePatterns;
use super::row::Row;

/// Bytes that are kept of a name, and of a method: requests whose names begin with the same ones share a row. So
/// 10,000 names take 40 MB at most, whatever a test puts into them.
pub const LONGEST_NAME: usize = 2_048;
/// How many places are kept at hand.
const FOUND: usize = 64;
/// The row of the names for which there was no room.
pub const OTHERS: (&str, &str) = ("", "(other names)");

/// Names the slot in which the requests of a (method, name) are counted. It may outlive its row: a row that is gone, or
/// whose slot has been given to another name since (a later generation), is not found by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SlotId {
    index: u32,
    generation: u32,
}

impl SlotId {
    /// Slot index and generation.
    #[must_use]
    pub fn parts(self) -> (u32, u32) {
        (self.index, self.generation)
    }
}

/// What is kept of a name or a method.
fn kept(text: &str) -> &str {
    if text.len() <= LONGEST_NAME {
        return text;
    }
    let whole = |end| text.get(..end); // not through a character
    (0..=LONGEST_NAME).rev().find_map(whole).unwrap_or_default()
}

/// Which of the places at hand that of (method, name) is kept at.
fn number(method: &str, name: &str) -> usize {
    let byte = |at: Option<&u8>| at.map_or(0, |byte| usize::from(*byte));
    let text = name.as_bytes();
    let mixed = 31 * byte(text.last()) + 7 * byte(text.get(text.len() / 2)) + text.len();
    (mixed + 3 * method.len()) % FOUND
}

#[derive(Debug)]
struct Named {
    method: Box<str>,
    name: Box<str>,
    generation: u32,
    /// Whether anything but a start was ever seen, so that it is to be shown even when it is all zeros.
    known: bool,
    row: Row,
}

#[derive(Debug)]
pub struct Slots {
    slots: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    /// Places found before, by a number that is sooner made of a name than a hash is: a test has few names, or asks
    /// for them in turn.
    found: [SlotId; FOUND],
    rows: Vec<Option<Named>>,
    free: Vec<u32>,
    generations: u32,
    room: usize,
    others: Option<u32>,
    /// What went to the others since the last reset.
    pub patterns: NamePatterns,
}

impl Slots {
    /// Slots for so many names, and one for the others.
    pub fn new(room: usize) -> Self {
        Self {
            slots: HashMap::new(),
            found: [SlotId::default(); FOUND],
            rows: Vec::new(),
            free: Vec::new(),
            generations: 0,
            room,
            others: None,
            patterns: NamePatterns::default(),
        }
    }

    /// The place of (method, name), or that of the others if there is no room for it.
    pub fn slot(&mut self, method: &str, name: &str) -> SlotId {
        let at = number(method, name);
        match self.found.get(at) {
            Some(&found) if self.is_at(found, method, name) => found,
            _ => {
                let slot = self.look_up(method, name);
                if let Some(found) = self.found.get_mut(at) {
                    *found = slot;
                }
                slot
            }
        }
    }

    fn look_up(&mut self, method: &str, name: &str) -> SlotId {
        let index = match self.find(method, name) {
            Some(index) => index,
            None if (method, name) == OTHERS => self.others(),
            None if self.taken() >= self.room => self.others(),
            None => self.make(method, name),
        };
        SlotId {
            index,
            generation: self.named(index).map_or(0, |named| named.generation),
        }
    }

    /// The same; sooner if it is the place of the request's beginning, as it mostly is.
    pub fn slot_again(&mut self, begun: SlotId, method: &str, name: &str) -> SlotId {
        if self.is_at(begun, method, name) {
            begun
        } else {
            self.slot(method, name)
        }
    }

    /// Whether this is the place of (method, name), and has a row.
    fn is_at(&self, slot: SlotId, method: &str, name: &str) -> bool {
        self.named(slot.index).is_some_and(|named| {
            named.generation == slot.generation && *named.name == *name && *named.method == *method
        })
    }

    /// Whether a place that was found for (method, name) is that of no other.
    pub fn is_own(&self, slot: SlotId, method: &str, name: &str) -> bool {
        Some(slot.index) != self.others
            && method.len() <= LONGEST_NAME
            && name.len() <= LONGEST_NAME
    }

    /// Takes a request out of those under way in a row, which is to be shown from now on; None if there is none.
    pub fn leave(&mut self, slot: SlotId) -> Option<&mut Row> {
        let named = self.rows.get_mut(slot.index as usize)?.as_mut()?;
        if named.generation != slot.generation || named.row.outcomes.under_way == 0 {
            return None;
        }
        named.known = true;
        named.row.outcomes.under_way -= 1;
        Some(&mut named.row)
    }

    /// The row in which so many requests of (method, name) are counted; it is to be shown from now on.
    pub fn row(&mut self, method: &str, name: &str, requests: u64) -> Option<&mut Row> {
        let slot = self.slot(method, name);
        self.row_at(slot, method, name, requests)
    }

    /// The same, where the place of (method, name) is known.
    pub fn row_at(
        &mut self,
        slot: SlotId,
        method: &str,
        name: &str,
        requests: u64,
    ) -> Option<&mut Row> {
        if Some(slot.index) == self.others && (method, name) != OTHERS {
            self.patterns.add(name, requests);
        }
        self.known(slot)
    }

    /// The row of a place, if it is still there.
    pub fn at(&mut self, slot: SlotId) -> Option<&mut Row> {
        let named = self.rows.get_mut(slot.index as usize)?.as_mut()?;
        (named.generation == slot.generation).then_some(&mut named.row)
    }

    /// The same, to look at.
    pub fn seen_at(&self, slot: SlotId) -> Option<&Row> {
        let named = self.named(slot.index)?;
        (named.generation == slot.generation).then_some(&named.row)
    }

    /// The same; and it is to be shown from now on.
    pub fn known(&mut self, slot: SlotId) -> Option<&mut Row> {
        let named = self.rows.get_mut(slot.index as usize)?.as_mut()?;
        if named.generation != slot.generation {
            return None;
        }
        named.known = true;
        Some(&mut named.row)
    }

    /// The row of a place, if it is to be shown.
    pub fn if_known(&mut self, slot: SlotId) -> Option<&mut Row> {
        let named = self.rows.get_mut(slot.index as usize)?.as_mut()?;
        (named.generation == slot.generation && named.known).then_some(&mut named.row)
    }

    /// The row of (method, name), if there is one.
    pub fn get(&self, method: &str, name: &str) -> Option<&Row> {
        Some(&self.named(self.find(method, name)?)?.row)
    }

    /// The row of the others, if there is one.
    pub fn of_others(&self) -> Option<&Row> {
        Some(&self.named(self.others?)?.row)
    }

    /// All that are to be shown: method, name, row.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str, &Row)> {
        let all = self.rows.iter().flatten();
        all.filter(|named| named.known || !named.row.is_blank())
            .map(|named| (&*named.method, &*named.name, &named.row))
    }

    /// Makes room again if nothing was ever counted here: requests that are renamed in the end start under names
    /// that nobody will see.
    pub fn release(&mut self, slot: SlotId) {
        let Some(held) = self.rows.get_mut(slot.index as usize) else {
            return;
        };
        let idle = |named: &mut Named| {
            named.generation == slot.generation && !named.known && named.row.is_blank()
        };
        if Some(slot.index) == self.others {
            return;
        }
        if let Some(named) = held.take_if(idle) {
            if let Some(names) = self.slots.get_mut(&named.method) {
                names.remove(&named.name);
                if names.is_empty() {
                    self.slots.remove(&named.method);
                }
            }
            self.free.push(slot.index);
        }
    }

    /// Takes the figures of all rows that have any: method, name, row. What is in flight stays as well.
    pub fn drain(&mut self) -> Vec<(String, String, Row)> {
        let mut rows = Vec::new();
        for named in self.rows.iter_mut().flatten() {
            if !named.row.is_blank() {
                let row = named.row.take();
                rows.push((named.method.to_string(), named.name.to_string(), row));
            }
        }
        self.patterns = NamePatterns::default();
        rows
    }

    /// Zeros everywhere, but for what is in flight.
    pub fn reset(&mut self) {
        for named in self.rows.iter_mut().flatten() {
            named.row.take();
        }
        self.patterns = NamePatterns::default();
    }

    /// Forgets all rows; places that were given out find nothing any more.
    pub fn clear(&mut self) {
        *self = Self {
            generations: self.generations,
            ..Self::new(self.room)
        };
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        let slots = self.rows.capacity() * size_of::<Option<Named>>();
        let names = self.rows.iter().flatten().map(|named| {
            // Once here, once as a key; and a key's place in a table that is half full.
            2 * (named.method.len() + named.name.len())
                + 2 * size_of::<(Box<str>, u32)>()
                + named.row.footprint()
        });
        slots + names.sum::<usize>()
    }

    fn find(&self, method: &str, name: &str) -> Option<u32> {
        self.slots.get(kept(method))?.get(kept(name)).copied()
    }

    fn named(&self, at: u32) -> Option<&Named> {
        self.rows.get(at as usize)?.as_ref()
    }

    fn taken(&self) -> usize {
        self.rows.len() - self.free.len() - usize::from(self.others.is_some())
    }

    fn others(&mut self) -> u32 {
        if let Some(at) = self.others {
            return at;
        }
        let at = self.make(OTHERS.0, OTHERS.1);
        self.others = Some(at);
        at
    }

    fn make(&mut self, method: &str, name: &str) -> u32 {
        let (method, name) = (kept(method), kept(name));
        self.generations = self.generations.wrapping_add(1);
        let named = Named {
            method: method.into(),
            name: name.into(),
            generation: self.generations,
            known: false,
            row: Row::default(),
        };
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.rows.push(None);
                (self.rows.len() - 1) as u32
            }
        };
        if let Some(slot) = self.rows.get_mut(at as usize) {
            *slot = Some(named);
        }
        self.slots
            .entry(method.into())
            .or_default()
            .insert(name.into(), at);
        at
    }
}
