//! Headers: the header fields of an answer, where they lie in the bytes that came.

use std::ops::Range;

use bytes::Bytes;

/// Header fields as they came: order, case of names, bytes of values.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    raw: Bytes,
    fields: Vec<(Range<u32>, Range<u32>)>,
    /// Bit n: there is a name of n bytes. Most of the names that a client asks for are not there.
    lengths: u64,
}

impl Headers {
    /// Fields that lie at these (name, value) places in `raw`.
    #[must_use]
    pub fn new(raw: Bytes, fields: Vec<(Range<u32>, Range<u32>)>) -> Self {
        let lengths = lengths(&fields);
        Self {
            raw,
            fields,
            lengths,
        }
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
        let there = self.lengths & bit(name.as_ref().len()) != 0;
        let fields = if there { &self.fields[..] } else { &[] };
        fields.iter().filter_map(move |(known, value)| {
            let name = name.as_ref().as_bytes();
            let is = known.len() == name.len() && self.at(known).eq_ignore_ascii_case(name);
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

fn bit(length: usize) -> u64 {
    1 << length.min(63)
}

fn lengths(fields: &[(Range<u32>, Range<u32>)]) -> u64 {
    fields
        .iter()
        .fold(0, |all, (name, _)| all | bit(name.len()))
}
