//! Text for Python: bodies as `str`, and the way back for those who read one natively.

use engine::sync::lock;
use std::sync::Mutex;

use bytes::Bytes;
use bytestring::ByteString;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::seam::cpython;

/// A text as it came over the wire, beside what Python was given.
type Given = (Py<PyString>, ByteString);

/// The text decoded last: a page is mostly parsed right after, and UTF-8 made of a `str` again costs more than reading
/// the page.
static LAST: Mutex<Option<Given>> = Mutex::new(None);

/// A longer text is not kept.
const LONGEST: usize = 1 << 20;

/// Room for one text on its way to Python; large pieces of memory cost the allocator more than filling them.
static UNITS: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// As `octets.decode()`, or None where that raises UnicodeDecodeError; `keep` says that the text may soon be parsed.
#[pyfunction]
#[pyo3(signature = (octets, keep, /))]
pub fn decode_utf8<'py>(octets: &Bound<'py, PyBytes>, keep: bool) -> Option<Bound<'py, PyString>> {
    decode(octets.py(), Bytes::copy_from_slice(octets.as_bytes()), keep)
}

/// The same of octets that are ours.
pub fn decode(py: Python<'_>, octets: Bytes, keep: bool) -> Option<Bound<'_, PyString>> {
    let text = ByteString::try_from(octets).ok()?;
    let given = {
        let mut units = lock(&UNITS);
        match widened(&text, &mut units) {
            Some(()) => cpython::text_of(py, &units).ok()?,
            None => PyString::new(py, &text),
        }
    };
    if keep && text.len() <= LONGEST {
        // What was kept is freed outside of the lock.
        let kept = Some((given.clone().unbind(), text));
        let _before = std::mem::replace(&mut *lock(&LAST), kept);
    }
    Some(given)
}

/// The characters of a page with some beyond ASCII, as Python has it then, in 16 bits each. None for ASCII, which
/// Python reads fast itself, and for characters that need more.
///
/// Python's own decoder takes such a text byte by byte.
fn widened(text: &str, units: &mut Vec<u16>) -> Option<()> {
    const BLOCK: usize = 64;
    if text.is_ascii() {
        return None;
    }
    units.clear();
    units.shrink_to(LONGEST); // after one that was longer
    units.reserve(text.len());
    let mut at = 0;
    while at < text.len() {
        let end = text.len().min(at + BLOCK);
        let block = &text.as_bytes()[at..end];
        if block.is_ascii() {
            units.extend(block.iter().map(|&byte| u16::from(byte)));
            at = end;
            continue;
        }
        for character in text[at..].chars() {
            units.push(u16::try_from(u32::from(character)).ok()?);
            at += character.len_utf8();
            if at >= end {
                break;
            }
        }
    }
    Some(())
}

/// The UTF-8 of a text, if it is the one decoded last.
pub fn octets(text: &Bound<'_, PyString>) -> Option<ByteString> {
    let last = lock(&LAST);
    let (given, octets) = last.as_ref()?;
    given.is(text).then(|| octets.clone())
}
