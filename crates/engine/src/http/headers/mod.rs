//! Headers: the header fields of an answer, where they lie in the bytes that came.

pub mod byte_scan;
pub mod fields;

use std::ops::Range;

use bytes::Bytes;

use byte_scan::same_name;

/// Where names and values lie.
pub type Places = Vec<(Range<u32>, Range<u32>)>;

/// Header fields as they came: order, case of names, bytes of values.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    raw: Bytes,
    fields: Places,
    /// A bit for the length and the first letter of each name. Most of the names that a client asks for are not there.
    names: u64,
}

impl Headers {
    /// Fields that lie at these (name, value) places in `raw`.
    #[must_use]
    pub fn new(raw: Bytes, fields: Places) -> Self {
        let mut headers = Self {
            raw,
            fields,
            names: 0,
        };
        headers.names = headers.iter().fold(0, |all, (name, _)| all | bit(name));
        headers
    }

    /// The bytes in which they lie.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// A part of them, to be kept.
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.raw.slice_ref(part)
    }

    /// Leaves off what is behind the first `length` bytes, where no field lies.
    pub fn truncate(&mut self, length: usize) {
        self.raw.truncate(length);
    }

    fn at(&self, range: &Range<u32>) -> &[u8] {
        self.raw
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    /// Adds fields behind those that are there.
    pub fn append(&mut self, more: &[(Bytes, Bytes)]) {
        if !more.is_empty() {
            let more = more.iter().map(|(name, value)| (&name[..], &value[..]));
            *self = self.iter().chain(more).collect();
        }
    }

    /// (name, value) of each field, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .map(|(name, value)| (self.at(name), self.at(value)))
    }

    /// Values of all fields of this name, whatever its case. (A name that is a text is quicker than a `HeaderName`, which
    /// has to be looked up.)
    pub fn all(&self, name: impl AsRef<str>) -> impl Iterator<Item = &[u8]> {
        let there = self.names & bit(name.as_ref().as_bytes()) != 0;
        let fields = if there { &self.fields[..] } else { &[] };
        fields.iter().filter_map(move |(known, value)| {
            let name = name.as_ref().as_bytes();
            let is = known.len() == name.len() && same_name(self.at(known), name);
            is.then(|| self.at(value))
        })
    }

    /// Value of the first field of this name.
    pub fn get(&self, name: impl AsRef<str>) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: impl AsRef<str>) -> bool {
        self.get(name).is_some()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut raw = Vec::new();
        let mut put = |bytes: &[u8]| {
            let start = u32::try_from(raw.len()).unwrap_or(u32::MAX);
            raw.extend_from_slice(bytes);
            start..u32::try_from(raw.len()).unwrap_or(u32::MAX)
        };
        let fields = fields
            .into_iter()
            .map(|(name, value)| (put(name.as_ref()), put(value.as_ref())))
            .collect();
        Self::new(raw.into(), fields)
    }
}

fn bit(name: &[u8]) -> u64 {
    let first = name.first().map_or(0, |letter| usize::from(letter | 0x20));
    1 << ((name.len() ^ first) % 64)
}

/// urllib3's `_normalize_header_value`: a line end, with the blanks around it, is one blank.
pub fn unfolded(value: &[u8]) -> Vec<u8> {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    let mut done = 0;
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        if rest.starts_with(b"\r\n") && matches!(rest.get(2), Some(b' ' | b'\t')) {
            let blanks = out[done..].iter().rev().take_while(blank).count();
            out.truncate(out.len() - blanks);
            out.push(b' ');
            done = out.len();
            rest = &rest[2 + rest[2..].iter().take_while(blank).count()..];
        } else {
            out.push(byte);
            rest = after;
        }
    }
    out
}
