//! A page that was scanned: names, attributes and families of its elements.
//!
//! It does not hold the page's text; whoever asks brings the text that was scanned.

use std::borrow::Cow;

use super::names::{Kind, is_list, is_space};
use super::scan::{DOCUMENT, Element, Progress, Rules, Step, is_prefix_safe, is_readable};
use super::tag::{Attribute, attributes};

/// The elements of one page, by their number in document order.
#[derive(Debug)]
pub struct Page {
    read: Progress,
    rules: Rules,
    /// Whether reading is over, and then whether it went well.
    end: Option<bool>,
}

impl Page {
    /// A page read to its end; None for one that parsers might read differently, or one without elements.
    pub fn scan(text: &str, rules: Rules) -> Option<Self> {
        let mut page = Self::begin(text, rules)?;
        page.finish(text).then_some(page)
    }

    /// A page of which no more is read than is asked for, if it has an element at all. What is asked of it before
    /// `finish` has found it in order is answered from its elements so far.
    pub fn begin(text: &str, rules: Rules) -> Option<Self> {
        let bytes = text.as_bytes();
        if !is_readable(bytes) {
            return None;
        }
        let mut page = Self {
            read: Progress::new(bytes.len()),
            rules,
            end: None,
        };
        let usable =
            page.go_on(text) == Step::Element && (is_prefix_safe(bytes) || page.finish(text));
        usable.then_some(page)
    }

    /// Reads on to the next element.
    pub fn go_on(&mut self, text: &str) -> Step {
        match self.end {
            Some(true) => return Step::End,
            Some(false) => return Step::Unsupported,
            None => {}
        }
        let step = self.read.step(text.as_bytes(), self.rules);
        self.end = match step {
            Step::Element => None,
            Step::End => Some(true),
            Step::Unsupported => Some(false),
        };
        step
    }

    /// Reads the rest; false for a page that parsers might read differently.
    pub fn finish(&mut self, text: &str) -> bool {
        while self.go_on(text) == Step::Element {}
        self.end == Some(true)
    }

    /// All elements, or, before `finish`, those so far.
    pub fn elements(&self) -> &[Element] {
        &self.read.elements
    }

    /// The element with this number; None where there is none.
    pub fn get(&self, index: u32) -> Option<&Element> {
        self.read.elements.get(index as usize)
    }

    /// The numbers of the elements inside an element, or in the document.
    pub fn inside(&self, index: u32) -> std::ops::Range<usize> {
        match self.get(index) {
            Some(element) => index as usize + 1..element.after as usize,
            None => 0..self.read.elements.len(),
        }
    }

    /// Whether any element has content that selectors treat in a way of their own.
    pub fn has_frames_or_templates(&self) -> bool {
        self.read
            .elements
            .iter()
            .any(|element| matches!(element.kind, Kind::Frame | Kind::SeparateText(3)))
    }
}

impl Element {
    /// In the case it was written in.
    pub fn name<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start as usize + 1..self.name_end()]
    }

    /// Its attributes, in the order of the page.
    pub fn attributes<'a>(&self, text: &'a str) -> impl Iterator<Item = Attribute<'a>> {
        attributes(text, self.name_end())
    }

    /// The attribute of a name in lower case; the last of several counts.
    pub fn attribute<'a>(&self, text: &'a str, name: &str) -> Option<Attribute<'a>> {
        self.attributes(text)
            .filter(|attribute| attribute.is(name))
            .last()
    }

    /// Whether an attribute of a name in lower case is a list of words on this element.
    pub fn is_list(&self, text: &str, attribute: &str) -> bool {
        is_list(
            self.name(text).to_ascii_lowercase().as_bytes(),
            attribute.as_bytes(),
        )
    }

    /// Whether Beautiful Soup puts an object of its own in place of an attribute's value.
    pub fn names_charset(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Void(17))
            && self
                .attributes(text)
                .any(|attribute| attribute.is("charset") || attribute.is("http-equiv"))
    }

    /// Whether it stands in another element.
    pub fn has_parent(&self) -> bool {
        self.parent != DOCUMENT
    }
}

/// The words of an attribute that is a list.
pub fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(is_space).filter(|word| !word.is_empty())
}

/// The words of a list as Beautiful Soup joins them.
pub fn joined(value: &str) -> Cow<'_, str> {
    let mut words = words(value);
    let Some(first) = words.next() else {
        return "".into();
    };
    words.fold(Cow::from(first), |all, word| format!("{all} {word}").into())
}
