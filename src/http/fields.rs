//! Fields: the header fields of a request, written once as they go on the wire.

use http::header::{self, HeaderName, HeaderValue};

/// Header fields in wire order, in one buffer: `Name: value\r\n` after `Name: value\r\n`.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    wire: Vec<u8>,
    fields: Vec<Field>,
}

/// Where one field lies in the buffer.
#[derive(Debug, Clone, Copy)]
struct Field {
    kind: Kind,
    start: usize,
    /// Where the value begins; two bytes after the name's end.
    value: usize,
    /// Behind the line's end.
    end: usize,
}

/// The fields that a hop may have to leave out or to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Host`
    Host,
    /// `Cookie`
    Cookie,
    /// `Authorization`
    Authorization,
    /// What describes the body: `Content-Length`, `Content-Type`, `Transfer-Encoding`.
    OfBody,
    /// `Content-Encoding`
    Encoding,
    /// Any other.
    Other,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        let is = |known: HeaderName| name.eq_ignore_ascii_case(known.as_str().as_bytes());
        match name.len() {
            4 if is(header::HOST) => Self::Host,
            6 if is(header::COOKIE) => Self::Cookie,
            12 if is(header::CONTENT_TYPE) => Self::OfBody,
            13 if is(header::AUTHORIZATION) => Self::Authorization,
            14 if is(header::CONTENT_LENGTH) => Self::OfBody,
            16 if is(header::CONTENT_ENCODING) => Self::Encoding,
            17 if is(header::TRANSFER_ENCODING) => Self::OfBody,
            _ => Self::Other,
        }
    }
}

impl Fields {
    /// Room for `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            wire: Vec::with_capacity(bytes),
            fields: Vec::with_capacity(8),
        }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// One line when the name is no token or the value holds a control character.
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), String> {
        if HeaderName::from_bytes(name).is_err() {
            return Err(format!(
                "{:?} is no header name",
                String::from_utf8_lossy(name)
            ));
        }
        if HeaderValue::from_bytes(value).is_err() {
            return Err(format!(
                "the value of header {} holds a control character",
                String::from_utf8_lossy(name)
            ));
        }
        self.add(Kind::of(name), name, value);
        Ok(())
    }

    /// Adds a field whose name and value are known to be good.
    pub fn add(&mut self, kind: Kind, name: &[u8], value: &[u8]) {
        let start = self.wire.len();
        self.wire.extend_from_slice(name);
        self.wire.extend_from_slice(b": ");
        let at = self.wire.len();
        self.wire.extend_from_slice(value);
        self.wire.extend_from_slice(b"\r\n");
        self.fields.push(Field {
            kind,
            start,
            value: at,
            end: self.wire.len(),
        });
    }

    /// Adds those of `other` that `keep` wants.
    pub fn extend(&mut self, other: &Self, mut keep: impl FnMut(Kind) -> bool) {
        for field in &other.fields {
            if keep(field.kind) {
                let shift = self.wire.len();
                self.wire
                    .extend_from_slice(&other.wire[field.start..field.end]);
                self.fields.push(Field {
                    kind: field.kind,
                    start: shift,
                    value: shift + field.value - field.start,
                    end: self.wire.len(),
                });
            }
        }
    }

    /// Value of the first field of this kind.
    #[must_use]
    pub fn first(&self, kind: Kind) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.kind == kind)?;
        Some(&self.wire[field.value..field.end - 2])
    }

    /// (name, value) of each field, in wire order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| {
            (
                &self.wire[field.start..field.value - 2],
                &self.wire[field.value..field.end - 2],
            )
        })
    }

    /// All of them as they go on the wire.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_keep_their_case_and_fields_their_order() {
        let mut fields = Fields::default();
        fields.push(b"X-CSRFToken", b"a b").unwrap();
        fields.push(b"content-length", b"3").unwrap();
        fields.push(b"x", b"").unwrap();
        let mut out = Fields::default();
        out.extend(&fields, |kind| kind != Kind::OfBody);
        out.extend(&fields, |kind| kind == Kind::OfBody);
        assert_eq!(
            out.wire(),
            b"X-CSRFToken: a b\r\nx: \r\ncontent-length: 3\r\n"
        );
        let seen: Vec<_> = out.iter().collect();
        assert_eq!(seen[2], (&b"content-length"[..], &b"3"[..]));
        assert_eq!(out.first(Kind::OfBody), Some(&b"3"[..]));
        assert_eq!(out.first(Kind::Host), None);
    }

    #[test]
    fn what_would_break_the_header_is_refused() {
        let mut fields = Fields::default();
        for (name, value) in [
            (&b"a b"[..], &b"x"[..]),
            (b"", b"x"),
            (b"a:", b"x"),
            (b"a", b"x\r\ny: z"),
            (b"a", b"\0"),
        ] {
            assert!(fields.push(name, value).is_err());
        }
        assert!(fields.wire().is_empty());
    }
}
