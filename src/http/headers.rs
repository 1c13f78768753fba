//! Headers: the header fields of an answer, where they lie in the bytes that came.

use std::ops::Range;

use bytes::Bytes;

/// Header fields as they came: order, case of names, bytes of values.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    raw: Bytes,
    fields: Vec<(Range<u32>, Range<u32>)>,
}

impl Headers {
    /// Fields that lie at these (name, value) places in `raw`.
    #[must_use]
    pub fn new(raw: Bytes, fields: Vec<(Range<u32>, Range<u32>)>) -> Self {
        Self { raw, fields }
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

    /// Values of all fields of this name, whatever its case.
    pub fn all(&self, name: impl AsRef<str>) -> impl Iterator<Item = &[u8]> {
        self.iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_ref().as_bytes()))
            .map(|(_, value)| value)
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
        Self {
            raw: raw.into(),
            fields,
        }
    }
}
