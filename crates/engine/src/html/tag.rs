//! The inside of a start tag: its name and its attributes, in the forms that every parser reads alike.

use std::borrow::Cow;

use memchr::memchr2;

use super::references::{ReferenceContext, reference, resolve};

const NAME: u8 = 1;
const ATTRIBUTE: u8 = 2;
const BARE: u8 = 4;
const SPACE: u8 = 8;

/// What a byte may be part of.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0x21;
    while at < 0x7f {
        let byte = at as u8;
        let mut class = 0;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_' | b'.') {
            class |= NAME;
        }
        if !matches!(byte, b'"' | b'\'' | b'/' | b'<' | b'=' | b'>' | b'`') {
            class |= ATTRIBUTE;
        }
        if !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`') {
            class |= BARE;
        }
        classes[at] = class;
        at += 1;
    }
    classes[b' ' as usize] = SPACE;
    classes[b'\t' as usize] = SPACE;
    classes[b'\n' as usize] = SPACE;
    classes[b'\r' as usize] = SPACE;
    classes[0x0c] = SPACE;
    classes
};

fn run(bytes: &[u8], from: usize, class: u8) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if CLASSES[byte as usize] & class == 0 {
            break;
        }
        at += 1;
    }
    at
}

/// The end of the name that begins here, a letter first.
pub fn name(bytes: &[u8], from: usize) -> Option<usize> {
    bytes
        .get(from)?
        .is_ascii_alphabetic()
        .then(|| run(bytes, from, NAME))
}

/// The first byte from here that is no white space.
pub fn skip_space(bytes: &[u8], from: usize) -> usize {
    run(bytes, from, SPACE)
}

/// One attribute as it stands in the page.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// In the case it was written in.
    pub name: &'a str,
    /// Empty where there is none.
    pub raw: &'a str,
    has_reference: bool,
}

impl<'a> Attribute<'a> {
    pub fn is(&self, name: &str) -> bool {
        is_lower(self.name.as_bytes(), name.as_bytes())
    }

    pub fn value(&self) -> Cow<'a, str> {
        if self.has_reference {
            resolve(self.raw, ReferenceContext::Attribute).into()
        } else {
            self.raw.into()
        }
    }
}

/// Whether `written` in lower case is `name`.
pub fn is_lower(written: &[u8], name: &[u8]) -> bool {
    written.len() == name.len()
        && written
            .iter()
            .zip(name)
            .all(|(a, b)| a.to_ascii_lowercase() == *b)
}

/// What came next inside a tag.
enum Next {
    /// Name, value, whether the value has a reference, where to read on.
    Attribute((usize, usize), (usize, usize), bool, usize),
    /// Where the tag is over, and whether a slash was before it.
    End(usize, bool),
}

/// None where parsers may differ.
fn next(bytes: &[u8], from: usize) -> Option<Next> {
    let begin = skip_space(bytes, from);
    match bytes.get(begin)? {
        b'>' => return Some(Next::End(begin + 1, false)),
        b'/' => return (bytes.get(begin + 1)? == &b'>').then_some(Next::End(begin + 2, true)),
        _ => {}
    }
    let end = run(bytes, begin, ATTRIBUTE);
    // Something parts two attributes, and an attribute from the name of the tag.
    if end == begin || begin == from {
        return None;
    }
    let name = (begin, end);
    let equals = skip_space(bytes, end);
    if bytes.get(equals)? != &b'=' {
        return Some(Next::Attribute(name, (end, end), false, end));
    }
    let open = skip_space(bytes, equals + 1);
    let quote = *bytes.get(open)?;
    if quote != b'"' && quote != b'\'' {
        let close = run(bytes, open, BARE);
        if close == open || bytes[open] == b'=' || !ends_bare(*bytes.get(close)?) {
            return None;
        }
        let has_reference = references(&bytes[open..close])?;
        return Some(Next::Attribute(name, (open, close), has_reference, close));
    }
    let mut close = open + 1;
    let mut has_reference = false;
    loop {
        close += memchr2(quote, b'&', &bytes[close..])?;
        if bytes[close] == quote {
            break;
        }
        has_reference = true;
        close += 1;
    }
    if has_reference {
        references(&bytes[open + 1..close])?;
    }
    Some(Next::Attribute(
        name,
        (open + 1, close),
        has_reference,
        close + 1,
    ))
}

fn ends_bare(byte: u8) -> bool {
    byte == b'>' || CLASSES[byte as usize] & SPACE != 0
}

/// Whether a value has references; None for one that parsers may read differently.
fn references(value: &[u8]) -> Option<bool> {
    let mut at = 0;
    let mut found = false;
    while let Some(next) = memchr::memchr(b'&', &value[at..]) {
        at += next;
        at += reference(&value[at..], ReferenceContext::Attribute)?.1;
        found = true;
    }
    Some(found)
}

/// Where the tag whose name ends here is over, and whether a slash was before that.
pub fn end(bytes: &[u8], name_end: usize) -> Option<(usize, bool)> {
    let mut at = name_end;
    loop {
        match next(bytes, at)? {
            Next::Attribute(.., after) => at = after,
            Next::End(after, slash) => return Some((after, slash)),
        }
    }
}

/// The attributes of a tag that `end` has accepted, in order, duplicates included.
pub fn attributes(page: &str, name_end: usize) -> impl Iterator<Item = Attribute<'_>> {
    let mut at = name_end;
    std::iter::from_fn(move || match next(page.as_bytes(), at)? {
        Next::End(..) => None,
        Next::Attribute(name, value, has_reference, after) => {
            at = after;
            Some(Attribute {
                name: &page[name.0..name.1],
                raw: &page[value.0..value.1],
                has_reference,
            })
        }
    })
}
