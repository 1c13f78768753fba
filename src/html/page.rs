//! A page that was scanned: names, attributes and families of its elements.
//!
//! It does not hold the page's text; whoever asks brings the text that was scanned.

use std::borrow::Cow;

use super::names::{Kind, is_list, is_space};
use super::scan::{DOCUMENT, Element, Rules, scan};
use super::tag::{Attribute, attributes};

/// The elements of one page, by their number in document order.
#[derive(Debug)]
pub struct Page {
    elements: Vec<Element>,
}

impl Page {
    /// None for a page that parsers might read differently, or one without elements.
    pub fn scan(text: &str, rules: Rules) -> Option<Self> {
        scan(text, rules).map(|elements| Self { elements })
    }

    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    pub fn get(&self, index: u32) -> Option<&Element> {
        self.elements.get(index as usize)
    }

    /// The numbers of the elements inside an element, or in the document.
    pub fn inside(&self, index: u32) -> std::ops::Range<usize> {
        match self.get(index) {
            Some(element) => index as usize + 1..element.after as usize,
            None => 0..self.elements.len(),
        }
    }

    /// Whether any element has content that selectors treat in a way of their own.
    pub fn has_frames_or_templates(&self) -> bool {
        self.elements
            .iter()
            .any(|element| matches!(element.kind, Kind::Frame | Kind::Apart(3)))
    }
}

impl Element {
    /// In the case it was written in.
    pub fn name<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start as usize + 1..self.name_end()]
    }

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
