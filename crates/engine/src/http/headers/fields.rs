//! Fields: the header fields of a request, written once as they go on the wire.

use http::header::{self, HeaderName, HeaderValue};

/// Header fields in wire order, in one buffer: `Name: value\r\n` after `Name: value\r\n`.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    wire: Vec<u8>,
    fields: Vec<Field>,
    /// A bit for each kind that is there.
    kinds: u8,
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
            kinds: 0,
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
        write(&mut self.wire, name, value);
        self.kinds |= 1 << kind as u8;
        self.fields.push(Field {
            kind,
            start,
            value: start + name.len() + 2,
            end: self.wire.len(),
        });
    }

    /// Writes those that `keep` wants.
    pub fn write(&self, out: &mut Vec<u8>, keep: impl Fn(Kind) -> bool) {
        if self.fields.iter().all(|field| keep(field.kind)) {
            return out.extend_from_slice(&self.wire);
        }
        for field in self.fields.iter().filter(|field| keep(field.kind)) {
            out.extend_from_slice(&self.wire[field.start..field.end]);
        }
    }

    /// Value of the first field of this kind.
    #[must_use]
    pub fn first(&self, kind: Kind) -> Option<&[u8]> {
        if self.kinds & (1 << kind as u8) == 0 {
            return None; // for most of what every request is asked
        }
        let field = self.fields.iter().find(|field| field.kind == kind)?;
        Some(&self.wire[field.value..field.end - 2])
    }

    /// All of them as they go on the wire.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }
}

/// Writes one field.
pub fn write(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// (name, value) of each of the fields that stand, written by us, behind the first line of `head`.
pub fn read(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = head.split(|&b| b == b'\n').skip(1);
    lines.filter_map(|line| {
        let line = line.strip_suffix(b"\r")?;
        let colon = line.iter().position(|&b| b == b':')?;
        Some((&line[..colon], line.get(colon + 2..)?))
    })
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
        let mut out = b"GET / HTTP/1.1\r\n".to_vec();
        fields.write(&mut out, |kind| kind != Kind::OfBody);
        fields.write(&mut out, |kind| kind == Kind::OfBody);
        assert_eq!(
            out[16..],
            b"X-CSRFToken: a b\r\nx: \r\ncontent-length: 3\r\n"[..]
        );
        let seen: Vec<_> = read(&out).collect();
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0], (&b"X-CSRFToken"[..], &b"a b"[..]));
        assert_eq!(seen[1], (&b"x"[..], &b""[..]));
        assert_eq!(fields.first(Kind::OfBody), Some(&b"3"[..]));
        assert_eq!(fields.first(Kind::Host), None);
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
