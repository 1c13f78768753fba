//! What `find` and `find_all` look for: names, and values of attributes.

use super::page::{Page, joined, words};
use super::scan::{DOCUMENT, Element, Step};
use super::tag::is_lower;

/// Elements of any of these names, all of these attributes.
#[derive(Debug, Default)]
pub struct Query {
    /// None for any name.
    pub names: Option<Vec<String>>,
    /// What its attributes have to be: name, and what is wanted of it.
    pub attributes: Vec<(String, Wanted)>,
    /// Children of the element only.
    pub children: bool,
}

/// What an attribute is to be.
#[derive(Debug)]
pub enum Wanted {
    /// It is there, whatever its value.
    Present,
    /// It is one of these.
    AnyOf(Vec<String>),
}

/// A page that is to be left to Beautiful Soup.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported;

impl Query {
    /// The elements inside `index` that fit, in document order.
    pub fn matches<'a>(
        &'a self,
        page: &'a Page,
        text: &'a str,
        index: u32,
    ) -> impl Iterator<Item = usize> + 'a {
        let parent = if page.get(index).is_some() {
            index
        } else {
            DOCUMENT
        };
        page.inside(index).filter(move |&found| {
            page.elements().get(found).is_some_and(|element| {
                (!self.children || element.parent == parent) && self.fits(element, text)
            })
        })
    }

    /// The first element of the document that fits, for which no more of the page is read than it takes; an error where
    /// Beautiful Soup is to be asked.
    ///
    /// What stands behind an element changes nothing of it: `html.parser` and the builder make elements in document
    /// order and never move them.
    ///
    /// # Errors
    /// `Unsupported` if the page has something odd before any element that fits.
    pub fn first(&self, page: &mut Page, text: &str) -> Result<Option<usize>, Unsupported> {
        let mut at = 0;
        loop {
            if let Some(element) = page.elements().get(at) {
                if (!self.children || element.parent == DOCUMENT) && self.fits(element, text) {
                    return Ok(Some(at));
                }
                at += 1;
                continue;
            }
            match page.go_on(text) {
                Step::Element => {}
                Step::End => return Ok(None),
                Step::Unsupported => return Err(Unsupported),
            }
        }
    }

    fn fits(&self, element: &Element, text: &str) -> bool {
        let name = || element.name(text).as_bytes();
        self.names.as_ref().is_none_or(|names| {
            names
                .iter()
                .any(|wanted| is_lower(name(), wanted.as_bytes()))
        }) && self
            .attributes
            .iter()
            .all(|(name, wanted)| has(element, text, name, wanted))
    }
}

fn has(element: &Element, text: &str, name: &str, wanted: &Wanted) -> bool {
    let Some(attribute) = element.attribute(text, name) else {
        return false;
    };
    let Wanted::AnyOf(wanted) = wanted else {
        return true;
    };
    let value = attribute.value();
    let is = |found: &str| wanted.iter().any(|wanted| wanted == found);
    if !element.is_list(text, name) {
        return is(&value);
    }
    words(&value).any(is) || is(&joined(&value))
}
