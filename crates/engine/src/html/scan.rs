//! The strict scanner: where each element of a page begins and ends, or nothing for a page with any oddity.
//!
//! It takes only what `html.parser` of Python 3.11 to 3.15 and Beautiful Soup's builder read alike, whatever the
//! patch release: they differ in comments, CDATA, script content, stray slashes, text of `title` and much else.

use memchr::{memchr, memchr2, memmem};

use super::names::{Kind, kind};
use super::references::{ReferenceContext, reference};
use super::tag::{self, is_lower, skip_space};

/// No element: the document.
pub const DOCUMENT: u32 = u32::MAX;

/// A page nested deeper than this is left to Beautiful Soup; it bounds the search for what an end tag ends.
const DEEPEST: usize = 512;
const LONGEST: usize = 1 << 30;
/// No reference needs so many digits; Python converts a few thousand.
const DIGITS: usize = 100;

/// One element, by where it stands in the page.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// The `<` of its start tag.
    pub start: u32,
    /// Behind the `>` of its start tag.
    pub inside: u32,
    /// Where its content ends: the `<` of the tag that ended it, or the end of the page.
    pub close: u32,
    /// The number of the element that it stands in.
    pub parent: u32,
    /// The first element in document order that is not inside this one.
    pub after: u32,
    /// Bytes of its name.
    pub name_len: u16,
    /// How its content is read.
    pub kind: Kind,
}

impl Element {
    /// Where its name ends, in bytes from the page's beginning.
    pub fn name_end(&self) -> usize {
        self.start as usize + 1 + self.name_len as usize
    }
}

/// What Beautiful Soup releases do differently.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `<br>` and `<br/>` in one page: before 4.15 the second would stay open.
    pub mixed_slashes: bool,
}

/// Whether a page can be read at all.
pub fn is_readable(page: &[u8]) -> bool {
    page.len() <= LONGEST && memchr(0, page).is_none()
}

/// Whether nothing in a page makes Beautiful Soup raise, wherever it stands: it does not like some marked sections and
/// numbers of more digits than Python converts. Only of such a page may a part be answered from before the rest is read.
pub fn is_prefix_safe(page: &[u8]) -> bool {
    memmem::find(page, b"<![").is_none()
        && memmem::find_iter(page, b"&#").all(|at| {
            let digits = page[at + 2..].iter().take(DIGITS);
            digits.take_while(|byte| byte.is_ascii_digit()).count() < DIGITS
        })
}

/// Where reading a page has come to.
#[derive(Debug, Default)]
pub struct Progress {
    /// The elements so far, in document order; those that are still open have no end yet.
    pub elements: Vec<Element>,
    at: usize,
    open: Vec<u32>,
    /// The void names seen without a slash, as bits.
    bare_voids: u32,
}

/// What a step brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An element more.
    Element,
    /// The end of the page: all elements have their ends.
    End,
    /// Something to be left to Beautiful Soup.
    Unsupported,
}

impl Progress {
    /// At the beginning of a page of so many bytes.
    pub fn new(length: usize) -> Self {
        Self {
            elements: Vec::with_capacity((length / 48).min(64)),
            ..Self::default()
        }
    }

    /// Reads on until an element more has begun. Not to be called again after another step than that.
    pub fn step(&mut self, page: &[u8], rules: Rules) -> Step {
        let known = self.elements.len();
        let mut scan = Scan {
            bytes: page,
            rules,
            so_far: self,
        };
        while scan.so_far.elements.len() == known {
            let at = scan.so_far.at;
            let Some(found) = memchr2(b'<', b'&', &page[at..]) else {
                scan.end_above(0, page.len());
                return Step::End;
            };
            let Some(next) = scan.special(at + found) else {
                scan.so_far.elements.truncate(known);
                return Step::Unsupported;
            };
            scan.so_far.at = next;
        }
        Step::Element
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    rules: Rules,
    so_far: &'a mut Progress,
}

impl Scan<'_> {
    fn special(&mut self, at: usize) -> Option<usize> {
        if self.bytes[at] == b'&' {
            Some(at + reference(&self.bytes[at..], ReferenceContext::Text)?.1)
        } else {
            self.markup(at)
        }
    }

    fn markup(&mut self, at: usize) -> Option<usize> {
        match *self.bytes.get(at + 1)? {
            b'/' => self.end_tag(at),
            b'!' => declaration(self.bytes, at),
            b'?' => None,
            next if next.is_ascii_alphabetic() => self.start_tag(at),
            // An angle bracket in a text.
            _ => Some(at + 1),
        }
    }

    fn start_tag(&mut self, at: usize) -> Option<usize> {
        let name_end = tag::name(self.bytes, at + 1)?;
        let (inside, slash) = tag::end(self.bytes, name_end)?;
        let name = &self.bytes[at + 1..name_end];
        let mut lower = [0; 16];
        let kind = lower.get_mut(..name.len()).map_or(Kind::Plain, |lower| {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            kind(lower)
        });
        let index = u32::try_from(self.so_far.elements.len()).ok()?;
        self.so_far.elements.push(Element {
            start: u32::try_from(at).ok()?,
            inside: u32::try_from(inside).ok()?,
            close: u32::try_from(inside).ok()?,
            parent: self.so_far.open.last().copied().unwrap_or(DOCUMENT),
            after: index + 1,
            name_len: u16::try_from(name.len()).ok()?,
            kind,
        });
        let close = match kind {
            Kind::Void(number) => return self.void(number, slash).then_some(inside),
            Kind::Plain | Kind::Pre | Kind::SeparateText(_) if slash => return Some(inside),
            Kind::Plain | Kind::Pre | Kind::SeparateText(_) => {
                self.so_far.open.push(index);
                return (self.so_far.open.len() <= DEEPEST).then_some(inside);
            }
            Kind::PlainText => return None,
            _ if slash => return None,
            Kind::Raw(_) => self.raw(inside, name)?,
            Kind::Title | Kind::Textarea | Kind::Frame => self.plain_text(inside, name, kind)?,
        };
        self.so_far.elements.last_mut()?.close = u32::try_from(close).ok()?;
        Some(skip_space(self.bytes, close + 2 + name.len()) + 1)
    }

    /// Whether a void element is ended by its own start tag.
    fn void(&mut self, number: u8, slash: bool) -> bool {
        if !slash {
            self.so_far.bare_voids |= 1 << number;
        }
        !slash || self.rules.mixed_slashes || self.so_far.bare_voids & (1 << number) == 0
    }

    /// Where the end tag of a script or style is.
    fn raw(&self, inside: usize, name: &[u8]) -> Option<usize> {
        let mut at = inside;
        loop {
            at += memmem::find(&self.bytes[at..], b"</")?;
            let rest = &self.bytes[at + 2..];
            if rest.len() > name.len() && rest[..name.len()].eq_ignore_ascii_case(name) {
                if rest[name.len()] == b'>' {
                    break;
                }
                // Followed by white space or a slash it is an end tag to some parsers.
                if !rest[name.len()].is_ascii_alphanumeric() {
                    return None;
                }
            } else if rest.first().is_none_or(|&next| next <= b' ' || next > 0x7e) {
                return None;
            }
            at += 2;
        }
        let content = &self.bytes[inside..at];
        // By the standard a script inside a comment inside a script is another matter.
        (memmem::find(content, b"<!--").is_none() || !has_script(content)).then_some(at)
    }

    /// Where the end tag is, if nothing but text is before it.
    fn plain_text(&self, inside: usize, name: &[u8], kind: Kind) -> Option<usize> {
        let mut at = inside;
        loop {
            at += memchr2(b'<', b'&', &self.bytes[at..])?;
            if self.bytes[at] == b'<' {
                break;
            }
            if kind == Kind::Frame {
                return None;
            }
            at += reference(&self.bytes[at..], ReferenceContext::Text)?.1;
        }
        let rest = self.bytes[at + 1..].strip_prefix(b"/")?;
        let own = rest.get(..name.len())?.eq_ignore_ascii_case(name);
        let behind = skip_space(rest, name.len());
        (own && rest.get(behind)? == &b'>').then_some(at)
    }

    fn end_tag(&mut self, at: usize) -> Option<usize> {
        let name_end = tag::name(self.bytes, at + 2)?;
        let end = skip_space(self.bytes, name_end);
        if self.bytes.get(end)? != &b'>' {
            return None;
        }
        let mut lower = [0; 64];
        let lower = lower.get_mut(..name_end - at - 2)?;
        lower.copy_from_slice(&self.bytes[at + 2..name_end]);
        lower.make_ascii_lowercase();
        match kind(lower) {
            Kind::Plain | Kind::Pre | Kind::SeparateText(_) => {}
            // Of a void element, or of one that is not open.
            _ => return None,
        }
        let found = self.so_far.open.iter().rposition(|&index| {
            let element = &self.so_far.elements[index as usize];
            is_lower(
                &self.bytes[element.start as usize + 1..element.name_end()],
                lower,
            )
        });
        if let Some(found) = found {
            self.end_above(found, at);
        }
        Some(end + 1)
    }

    /// Ends the open elements from this depth on.
    fn end_above(&mut self, depth: usize, at: usize) {
        let after = u32::try_from(self.so_far.elements.len()).unwrap_or(DOCUMENT);
        let close = u32::try_from(at).unwrap_or(DOCUMENT);
        for index in self.so_far.open.drain(depth..) {
            let element = &mut self.so_far.elements[index as usize];
            element.close = close;
            element.after = after;
        }
    }
}

fn has_script(content: &[u8]) -> bool {
    memchr::memchr_iter(b'<', content).any(|at| {
        content
            .get(at + 1..at + 7)
            .is_some_and(|next| next.eq_ignore_ascii_case(b"script"))
    })
}

/// Where a comment or a document type is over; None for other declarations, and for those that parsers end elsewhere.
pub fn declaration(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at + 2..];
    if let Some(comment) = rest.strip_prefix(b"--") {
        if comment.starts_with(b">") || comment.starts_with(b"->") {
            return None;
        }
        let mut from = 0;
        loop {
            from += memmem::find(&comment[from..], b"--")?;
            match comment.get(from + 2)? {
                b'>' => return Some(at + 4 + from + 3),
                b'!' if comment.get(from + 3)? == &b'>' => return None,
                &next if next <= b' ' || next > 0x7e => {
                    // White space before the bracket counts with some.
                    let behind = comment[from + 2..]
                        .iter()
                        .position(|&byte| byte > b' ' && byte < 0x7f)?;
                    if comment[from + 2 + behind] == b'>' {
                        return None;
                    }
                }
                _ => {}
            }
            from += 1;
        }
    }
    let word = rest.get(..7)?;
    let end = memchr(b'>', rest)?;
    let plain = rest.get(7)? == &b' ' && memchr2(b'<', b'[', &rest[..end]).is_none();
    (word.eq_ignore_ascii_case(b"doctype") && plain).then_some(at + 2 + end + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::html::Page;

    fn names(page: &str) -> Option<Vec<(&str, u32, usize)>> {
        let rules = Rules {
            mixed_slashes: false,
        };
        let page_read = Page::scan(page, rules)?;
        let elements = page_read.elements();
        let name = |element: &Element| &page[element.start as usize + 1..element.name_end()];
        let told = |element: &Element| (name(element), element.after, element.close as usize);
        Some(elements.iter().map(told).collect())
    }

    #[test]
    fn elements_end_where_beautiful_soup_ends_them() {
        let page = "<p a='>'>1<br>2<b>3</p></b><DIV/>4<script>'</b>'</script>";
        let div = page.find("4<s").unwrap();
        assert_eq!(
            names(page).unwrap(),
            [
                ("p", 3, page.find("</p>").unwrap()),
                ("br", 2, page.find('2').unwrap()),
                ("b", 3, page.find("</p>").unwrap()),
                ("DIV", 4, div),
                ("script", 5, page.rfind("</s").unwrap()),
            ]
        );
    }

    #[test]
    fn oddities_are_refused() {
        for unsupported in [
            "<",
            "</",
            "<p",
            "<p a=\"",
            "<?x?>",
            "<![CDATA[x]]>",
            "<!-->",
            "<!-- --!>",
            "<!-- -- >",
            "<!x>",
            "</>",
            "</ p>",
            "</br>",
            "</p x>",
            "<p / >",
            "<p a='b'c>",
            "<p a==b>",
            "<p a=b'c>",
            "<p a= >",
            "<a\u{e9}>",
            "<p\u{b}a>",
            "<br><br/>",
            "<script/>",
            "<script>",
            "<script></script >",
            "<title><b></title>",
            "<iframe>&amp;</iframe>",
            "<plaintext>",
            "&",
            "&amp",
            "&#128;",
            "&copy ",
            "&unknown;",
            "\0",
            "<a b='&copy=1'>",
        ] {
            assert_eq!(names(&format!("<p>{unsupported}")), None, "{unsupported}");
        }
    }
}
