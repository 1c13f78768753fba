//! The simple CSS selectors: those that every soupsieve reads alike. For all others it says so.
//!
//! Types, `#id`, `.class`, `[name]`, `[name=value]` with `^=`, `$=` and `*=`, joined by nothing, white space or `>`, in
//! lists with commas.

use super::page::{Page, joined, words};
use super::scan::Element;
use super::tag::is_lower;

/// Attributes whose values some releases compare without regard to case. `type` is one to all of them.
#[rustfmt::skip]
const EITHER_CASE: [&str; 45] = [
    "accept", "accept-charset", "align", "alink", "axis", "bgcolor", "charset", "checked", "clear", "codetype",
    "color", "compact", "declare", "defer", "dir", "direction", "disabled", "enctype", "face", "frame", "hreflang",
    "http-equiv", "lang", "language", "link", "media", "method", "multiple", "nohref", "noresize", "noshade",
    "nowrap", "readonly", "rel", "rev", "rules", "scope", "scrolling", "selected", "shape", "target", "text",
    "valign", "valuetype", "vlink",
];

/// Combinators in one selector, and elements looked at for one question, beyond which soupsieve is asked: it remembers
/// what it has found out, we would look again.
const MOST_COMBINATORS: usize = 16;
const MOST_STEPS: usize = 1_000_000;

/// A list of selectors; an element fits if one of them fits.
#[derive(Debug)]
pub struct Selector<'s> {
    any: Vec<Complex<'s>>,
}

/// Compounds from the element outwards.
#[derive(Debug)]
struct Complex<'s> {
    element: Compound<'s>,
    outer: Vec<(Relation, Compound<'s>)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Parent,
    Ancestor,
}

#[derive(Debug, Default)]
struct Compound<'s> {
    name: Option<String>,
    parts: Vec<Part<'s>>,
}

#[derive(Debug)]
enum Part<'s> {
    Id(&'s str),
    Class(&'s str),
    Has(String),
    Value(String, Comparison, &'s str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equals,
    Begins,
    Ends,
    Contains,
}

/// An element on which releases of soupsieve differ, or one too many.
struct Unsure;

impl<'s> Selector<'s> {
    /// None for what is not simple, or not a selector at all.
    pub fn parse(text: &'s str) -> Option<Self> {
        let mut rest = text.trim_matches(is_css_space);
        let mut any = Vec::new();
        loop {
            let complex;
            (complex, rest) = complex_selector(rest)?;
            any.push(complex);
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start_matches(is_css_space),
                None => return rest.is_empty().then_some(Self { any }),
            }
        }
    }

    /// The elements inside `index` that fit, no more than `limit`; None where releases of soupsieve differ.
    pub fn matches(&self, page: &Page, text: &str, index: u32, limit: usize) -> Option<Vec<usize>> {
        if page.has_frames_or_templates() {
            return None;
        }
        let mut found = Vec::new();
        let mut steps = MOST_STEPS;
        for at in page.inside(index) {
            let element = page.elements().get(at)?;
            for complex in &self.any {
                if complex.fits(element, page, text, &mut steps).ok()? {
                    found.push(at);
                    break;
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Some(found)
    }
}

fn is_css_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn complex_selector(text: &str) -> Option<(Complex<'_>, &str)> {
    let (mut element, mut rest) = compound(text)?;
    let mut outer = Vec::new();
    loop {
        let behind = rest.trim_start_matches(is_css_space);
        if behind.is_empty() || behind.starts_with(',') {
            return Some((Complex { element, outer }, behind));
        }
        let (relation, next) = match behind.strip_prefix('>') {
            Some(next) => (Relation::Parent, next.trim_start_matches(is_css_space)),
            None if behind.len() < rest.len() => (Relation::Ancestor, behind),
            None => return None,
        };
        if outer.len() == MOST_COMBINATORS {
            return None;
        }
        let (inner, after) = compound(next)?;
        outer.insert(0, (relation, std::mem::replace(&mut element, inner)));
        rest = after;
    }
}

/// An identifier of ASCII letters, digits, `-` and `_` that begins with a letter or `_`.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let first = text.bytes().next()?;
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'))
        .unwrap_or(text.len());
    // A letter beyond ASCII would go on with the name; an escape, too.
    let over = text[end..]
        .bytes()
        .next()
        .is_none_or(|next| next.is_ascii() && next != b'\\');
    (over && (first.is_ascii_alphabetic() || first == b'_')).then(|| text.split_at(end))
}

fn compound(text: &str) -> Option<(Compound<'_>, &str)> {
    let mut compound = Compound::default();
    let mut rest = text;
    if let Some((name, after)) = identifier(rest) {
        compound.name = Some(name.to_ascii_lowercase());
        rest = after;
    }
    loop {
        let part;
        (part, rest) = match rest.bytes().next() {
            Some(b'#') => identifier(&rest[1..]).map(|(id, after)| (Part::Id(id), after))?,
            Some(b'.') => {
                identifier(&rest[1..]).map(|(class, after)| (Part::Class(class), after))?
            }
            Some(b'[') => attribute(&rest[1..])?,
            _ => break,
        };
        compound.parts.push(part);
    }
    (compound.name.is_some() || !compound.parts.is_empty()).then_some((compound, rest))
}

fn attribute(text: &str) -> Option<(Part<'_>, &str)> {
    let (name, rest) = identifier(text.trim_start_matches(is_css_space))?;
    let name = name.to_ascii_lowercase();
    let rest = rest.trim_start_matches(is_css_space);
    if let Some(after) = rest.strip_prefix(']') {
        return Some((Part::Has(name), after));
    }
    let (comparison, rest) = if let Some(rest) = rest.strip_prefix('=') {
        (Comparison::Equals, rest)
    } else {
        let comparison = match rest.bytes().next()? {
            b'^' => Comparison::Begins,
            b'$' => Comparison::Ends,
            b'*' => Comparison::Contains,
            _ => return None,
        };
        (comparison, rest[1..].strip_prefix('=')?)
    };
    let rest = rest.trim_start_matches(is_css_space);
    let (value, rest) = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split_once(quote)?,
        _ => identifier(rest)?,
    };
    let after = rest.trim_start_matches(is_css_space).strip_prefix(']')?;
    let plain = !value.is_empty() && !value.contains(['\\', '\n', '\r', '\x0c', '\0']);
    plain.then_some((Part::Value(name, comparison, value), after))
}

impl Complex<'_> {
    fn fits(
        &self,
        element: &Element,
        page: &Page,
        text: &str,
        steps: &mut usize,
    ) -> Result<bool, Unsure> {
        Ok(self.element.fits(element, text)? && within(&self.outer, element, page, text, steps)?)
    }
}

/// Whether what is around an element fits, from the nearest outwards.
fn within(
    outer: &[(Relation, Compound)],
    element: &Element,
    page: &Page,
    text: &str,
    steps: &mut usize,
) -> Result<bool, Unsure> {
    let Some(((relation, compound), further)) = outer.split_first() else {
        return Ok(true);
    };
    let mut parent = page.get(element.parent);
    while let Some(around) = parent {
        *steps = steps.checked_sub(1).ok_or(Unsure)?;
        if compound.fits(around, text)? && within(further, around, page, text, steps)? {
            return Ok(true);
        }
        if *relation == Relation::Parent {
            break;
        }
        parent = page.get(around.parent);
    }
    Ok(false)
}

impl Compound<'_> {
    fn fits(&self, element: &Element, text: &str) -> Result<bool, Unsure> {
        if let Some(name) = &self.name
            && !is_lower(element.name(text).as_bytes(), name.as_bytes())
        {
            return Ok(false);
        }
        for part in &self.parts {
            if !part.fits(element, text)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Part<'_> {
    fn fits(&self, element: &Element, text: &str) -> Result<bool, Unsure> {
        let value = |name| Some(element.attribute(text, name)?.value());
        match self {
            Part::Id(id) => Ok(value("id").is_some_and(|found| found == *id)),
            Part::Class(class) => {
                Ok(value("class").is_some_and(|found| words(&found).any(|word| word == *class)))
            }
            Part::Has(name) => Ok(element.attribute(text, name).is_some()),
            Part::Value(name, comparison, wanted) => {
                let Some(found) = value(name) else {
                    return Ok(false);
                };
                if element.is_list(text, name) {
                    compare(name, *comparison, wanted, &joined(&found))
                } else {
                    compare(name, *comparison, wanted, &found)
                }
            }
        }
    }
}

fn compare(name: &str, comparison: Comparison, wanted: &str, found: &str) -> Result<bool, Unsure> {
    // A line end behind the value was once no difference.
    if found.ends_with('\n') && matches!(comparison, Comparison::Equals | Comparison::Ends) {
        return Err(Unsure);
    }
    if holds(comparison, wanted, found) {
        return Ok(true);
    }
    let is_type = name == "type";
    if !is_type && !EITHER_CASE.contains(&name) {
        return Ok(false);
    }
    // Case beyond ASCII is another thing on which they differ.
    if !found.is_ascii() || !wanted.is_ascii() {
        return Err(Unsure);
    }
    let alike = holds(
        comparison,
        &wanted.to_ascii_lowercase(),
        &found.to_ascii_lowercase(),
    );
    if alike && !is_type {
        Err(Unsure)
    } else {
        Ok(alike)
    }
}

fn holds(comparison: Comparison, wanted: &str, found: &str) -> bool {
    match comparison {
        Comparison::Equals => found == wanted,
        Comparison::Begins => found.starts_with(wanted),
        Comparison::Ends => found.ends_with(wanted),
        Comparison::Contains => found.contains(wanted),
    }
}
