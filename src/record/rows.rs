//! Rows: one row per (method, name), as long as there is room for more names; then one for all others.

use foldhash::{HashMap, HashMapExt};

use super::row::Row;
use super::shapes::Shapes;

/// Bytes that are kept of a name, and of a method: requests whose names begin with the same ones share a row. So
/// 10,000 names take 40 MB at most, whatever a test puts into them.
pub const LONGEST_NAME: usize = 2_048;
/// How many places are kept at hand.
const FOUND: usize = 64;
/// The row of the names for which there was no room.
pub const OTHERS: (&str, &str) = ("", "(other names)");

/// Where the requests of a (method, name) are counted. A place outlives its row: a row that is gone, or whose room
/// somebody else has now, is not found by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Place {
    at: u32,
    birth: u32,
}

impl Place {
    /// Its number, and which of those that had it, have it or will have it this one is.
    #[must_use]
    pub fn parts(self) -> (u32, u32) {
        (self.at, self.birth)
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
    birth: u32,
    /// Whether anything but a start was ever seen, so that it is to be shown even when it is all zeros.
    known: bool,
    row: Row,
}

#[derive(Debug)]
pub struct Rows {
    places: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    /// Places found before, by a number that is sooner made of a name than a hash is: a test has few names, or asks
    /// for them in turn.
    found: [Place; FOUND],
    rows: Vec<Option<Named>>,
    free: Vec<u32>,
    births: u32,
    room: usize,
    others: Option<u32>,
    /// What went to the others since the last reset.
    pub shapes: Shapes,
}

impl Rows {
    /// Rows for so many names, and one for the others.
    pub fn new(room: usize) -> Self {
        Self {
            places: HashMap::new(),
            found: [Place::default(); FOUND],
            rows: Vec::new(),
            free: Vec::new(),
            births: 0,
            room,
            others: None,
            shapes: Shapes::default(),
        }
    }

    /// The place of (method, name), or that of the others if there is no room for it.
    pub fn place(&mut self, method: &str, name: &str) -> Place {
        let at = number(method, name);
        match self.found.get(at) {
            Some(&found) if self.is_at(found, method, name) => found,
            _ => {
                let place = self.look_up(method, name);
                if let Some(found) = self.found.get_mut(at) {
                    *found = place;
                }
                place
            }
        }
    }

    fn look_up(&mut self, method: &str, name: &str) -> Place {
        let at = match self.find(method, name) {
            Some(at) => at,
            None if (method, name) == OTHERS => self.others(),
            None if self.taken() >= self.room => self.others(),
            None => self.make(method, name),
        };
        Place {
            at,
            birth: self.named(at).map_or(0, |named| named.birth),
        }
    }

    /// The same; sooner if it is the place of the request's beginning, as it mostly is.
    pub fn place_again(&mut self, begun: Place, method: &str, name: &str) -> Place {
        if self.is_at(begun, method, name) {
            begun
        } else {
            self.place(method, name)
        }
    }

    /// Whether this is the place of (method, name), and has a row.
    fn is_at(&self, place: Place, method: &str, name: &str) -> bool {
        self.named(place.at).is_some_and(|named| {
            named.birth == place.birth && *named.name == *name && *named.method == *method
        })
    }

    /// Whether a place that was found for (method, name) is that of no other.
    pub fn is_own(&self, place: Place, method: &str, name: &str) -> bool {
        Some(place.at) != self.others && method.len() <= LONGEST_NAME && name.len() <= LONGEST_NAME
    }

    /// Takes a request out of those under way in a row, which is to be shown from now on; None if there is none.
    pub fn leave(&mut self, place: Place) -> Option<&mut Row> {
        let named = self.rows.get_mut(place.at as usize)?.as_mut()?;
        if named.birth != place.birth || named.row.ends.under_way == 0 {
            return None;
        }
        named.known = true;
        named.row.ends.under_way -= 1;
        Some(&mut named.row)
    }

    /// The row in which so many requests of (method, name) are counted; it is to be shown from now on.
    pub fn row(&mut self, method: &str, name: &str, requests: u64) -> Option<&mut Row> {
        let place = self.place(method, name);
        self.row_at(place, method, name, requests)
    }

    /// The same, where the place of (method, name) is known.
    pub fn row_at(
        &mut self,
        place: Place,
        method: &str,
        name: &str,
        requests: u64,
    ) -> Option<&mut Row> {
        if Some(place.at) == self.others && (method, name) != OTHERS {
            self.shapes.add(name, requests);
        }
        self.known(place)
    }

    /// The row of a place, if it is still there.
    pub fn at(&mut self, place: Place) -> Option<&mut Row> {
        let named = self.rows.get_mut(place.at as usize)?.as_mut()?;
        (named.birth == place.birth).then_some(&mut named.row)
    }

    /// The same, to look at.
    pub fn seen_at(&self, place: Place) -> Option<&Row> {
        let named = self.named(place.at)?;
        (named.birth == place.birth).then_some(&named.row)
    }

    /// The same; and it is to be shown from now on.
    pub fn known(&mut self, place: Place) -> Option<&mut Row> {
        let named = self.rows.get_mut(place.at as usize)?.as_mut()?;
        if named.birth != place.birth {
            return None;
        }
        named.known = true;
        Some(&mut named.row)
    }

    /// The row of a place, if it is to be shown.
    pub fn if_known(&mut self, place: Place) -> Option<&mut Row> {
        let named = self.rows.get_mut(place.at as usize)?.as_mut()?;
        (named.birth == place.birth && named.known).then_some(&mut named.row)
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
    pub fn release(&mut self, place: Place) {
        let Some(slot) = self.rows.get_mut(place.at as usize) else {
            return;
        };
        let idle =
            |named: &mut Named| named.birth == place.birth && !named.known && named.row.is_blank();
        if Some(place.at) == self.others {
            return;
        }
        if let Some(named) = slot.take_if(idle) {
            if let Some(names) = self.places.get_mut(&named.method) {
                names.remove(&named.name);
                if names.is_empty() {
                    self.places.remove(&named.method);
                }
            }
            self.free.push(place.at);
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
        self.shapes = Shapes::default();
        rows
    }

    /// Zeros everywhere, but for what is in flight.
    pub fn reset(&mut self) {
        for named in self.rows.iter_mut().flatten() {
            named.row.take();
        }
        self.shapes = Shapes::default();
    }

    /// Forgets all rows; places that were given out find nothing any more.
    pub fn clear(&mut self) {
        *self = Self {
            births: self.births,
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
        self.places.get(kept(method))?.get(kept(name)).copied()
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
        self.births = self.births.wrapping_add(1);
        let named = Named {
            method: method.into(),
            name: name.into(),
            birth: self.births,
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
        self.places
            .entry(method.into())
            .or_default()
            .insert(name.into(), at);
        at
    }
}
