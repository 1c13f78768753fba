//! The strings inside an element, as Beautiful Soup keeps them.

use std::borrow::Cow;

use memchr::memchr;

use super::names::Kind;
use super::page::Page;
use super::references::{ReferenceContext, resolve};
use super::scan::{DOCUMENT, Element, declaration};

/// Hands over each string inside an element, or in the document, that its `text` is made of.
pub fn strings(page: &Page, text: &str, index: u32, each: &mut dyn FnMut(Cow<'_, str>)) {
    Walk::new(page, text, index).run(each);
}

/// The one string that an element consists of, `Tag.string`.
#[derive(Debug, PartialEq)]
pub enum Only {
    /// It consists of nothing, or of more.
    None,
    /// The element it is directly in, the number of its kind of text, the string.
    String(u32, u8, String),
    /// There is more in it than elements and text.
    Unknown,
}

/// What `Tag.string` would be.
pub fn only_string(page: &Page, text: &str, index: u32) -> Only {
    let Some(mut element) = page.get(index) else {
        return Only::Unknown;
    };
    let mut index = index;
    while let Some(child) = page.get(index + 1).filter(|_| index + 1 < element.after) {
        let own_end = text[child.close as usize..]
            .strip_prefix("</")
            .filter(|rest| {
                rest.starts_with(child.name(text)) && !matches!(child.kind, Kind::Void(_))
            })
            .and_then(|rest| rest.find('>'))
            .map_or(child.close, |at| {
                child.close + 3 + u32::try_from(at).unwrap_or(0)
            });
        let before = &text[element.inside as usize..child.start as usize];
        let behind = text.get(own_end as usize..element.close as usize);
        let Some(behind) = behind.filter(|behind| !before.contains('<') && !behind.contains('<'))
        else {
            return Only::Unknown;
        };
        if !before.is_empty() || !behind.is_empty() {
            return Only::None;
        }
        (element, index) = (child, index + 1);
    }
    let mut walk = Walk::new(page, text, index);
    if walk.at == walk.end {
        return Only::None;
    }
    let content = &text[walk.at..walk.end];
    if !matches!(element.kind, Kind::Raw(_)) && content.contains('<') {
        return Only::Unknown;
    }
    walk.leave(walk.at);
    let string = walk.string(content).into_owned();
    Only::String(index, walk.kind(), string)
}

struct Walk<'a> {
    text: &'a str,
    elements: &'a [Element],
    next: usize,
    at: usize,
    end: usize,
    /// The number of the text that is asked for.
    wanted: u8,
    /// The open elements that change how text is taken, and where they end.
    special: Vec<(usize, Kind)>,
}

impl<'a> Walk<'a> {
    fn new(page: &'a Page, text: &'a str, index: u32) -> Self {
        let elements = page.elements();
        let mut walk = Self {
            text,
            elements,
            next: 0,
            at: 0,
            end: text.len(),
            wanted: 0,
            special: Vec::new(),
        };
        if let Some(element) = elements.get(index as usize) {
            walk.next = index as usize + 1;
            walk.at = element.inside as usize;
            walk.end = element.close as usize;
            walk.wanted = element.kind.text();
        }
        let mut outer = index;
        while let Some(element) = elements.get(outer as usize) {
            walk.enter(element);
            outer = element.parent;
        }
        debug_assert_eq!(outer, DOCUMENT);
        walk.special.reverse();
        walk
    }

    fn enter(&mut self, element: &Element) {
        if element.kind.text() != 0 || element.kind.keeps_space() {
            self.special.push((element.close as usize, element.kind));
        }
    }

    /// Forgets the elements that ended before here.
    fn leave(&mut self, at: usize) {
        while self.special.last().is_some_and(|&(end, _)| end <= at) {
            self.special.pop();
        }
    }

    fn run(mut self, each: &mut dyn FnMut(Cow<'_, str>)) {
        let bytes = self.text.as_bytes();
        let mut from = self.at;
        if self.wanted != 0 && matches!(self.special.last(), Some((_, Kind::Raw(_)))) {
            from = self.end;
        }
        while let Some(found) = memchr(b'<', &bytes[from..self.end]) {
            let open = from + found;
            let behind = match self.elements.get(self.next) {
                Some(element) if element.start as usize == open => {
                    self.hand_over(open, each);
                    self.leave(open);
                    self.next += 1;
                    self.enter(element);
                    self.at = element.inside as usize;
                    if matches!(element.kind, Kind::Raw(_)) {
                        self.hand_over(element.close as usize, each);
                        element.close as usize
                    } else {
                        element.inside as usize
                    }
                }
                _ => match bytes.get(open + 1) {
                    Some(b'/') => {
                        self.hand_over(open, each);
                        memchr(b'>', &bytes[open..]).map_or(self.end, |at| open + at + 1)
                    }
                    Some(b'!') => {
                        self.hand_over(open, each);
                        declaration(bytes, open).unwrap_or(self.end)
                    }
                    _ => {
                        from = open + 1;
                        continue;
                    }
                },
            };
            self.at = behind;
            from = behind;
        }
        self.hand_over(self.end, each);
    }

    /// The string from where we are to here, if there is one and it is asked for.
    fn hand_over(&mut self, to: usize, each: &mut dyn FnMut(Cow<'_, str>)) {
        if self.at >= to {
            return;
        }
        self.leave(self.at);
        if self.kind() == self.wanted {
            each(self.string(&self.text[self.at..to]));
        }
    }

    /// The number of the kind of text that stands here.
    fn kind(&self) -> u8 {
        let mut kinds = self.special.iter().rev().map(|(_, kind)| kind.text());
        kinds.find(|&number| number != 0).unwrap_or(0)
    }

    /// What stands here as Beautiful Soup keeps it.
    fn string(&self, raw: &'a str) -> Cow<'a, str> {
        let is_script = matches!(self.special.last(), Some((_, Kind::Raw(_))));
        let string = if is_script || memchr(b'&', raw.as_bytes()).is_none() {
            Cow::from(raw)
        } else {
            resolve(raw, ReferenceContext::Text).into()
        };
        if self.special.iter().any(|(_, kind)| kind.keeps_space()) {
            string
        } else {
            collapsed(string)
        }
    }
}

/// A string of nothing but white space is one line end, or one space.
fn collapsed(string: Cow<'_, str>) -> Cow<'_, str> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | 0x0c | b'\r');
    if !string.as_bytes().iter().all(blank) {
        string
    } else if memchr(b'\n', string.as_bytes()).is_some() {
        "\n".into()
    } else {
        " ".into()
    }
}
