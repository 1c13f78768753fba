//! A page cut at its holes, so that a visitor's copy shares all the rest; padded to the original's size.

use std::sync::OnceLock;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::body::ByteRope;
use crate::catalog::prose;

// A hole is written into a page's text as a control character and a letter.
/// The masked CSRF token.
pub(super) const TOKEN: &str = "\u{1}T";
/// Items in the cart.
pub(super) const BADGE: &str = "\u{1}B";
/// Links to log in or to the account, in the header and the footer.
pub(super) const LINKS: &str = "\u{1}A";
/// Messages for the visitor.
pub(super) const FLASH: &str = "\u{1}F";
/// Where filling goes that brings a page up to its size.
pub(super) const PAD: &str = "\u{1}P";
/// What the page's own view puts in.
pub(super) const SLOTS: [&str; 10] = [
    "\u{1}0", "\u{1}1", "\u{1}2", "\u{1}3", "\u{1}4", "\u{1}5", "\u{1}6", "\u{1}7", "\u{1}8",
    "\u{1}9",
];

const VISITOR_LINKS: &str = "<a class=\"account__link\" href=\"/account/signup/\">Sign up</a>\n      \
     <a class=\"account__link\" href=\"/account/login/\">Log in</a>";
const ACCOUNT_LINKS: &str = "<a class=\"account__link\" href=\"/profile/\">Your account</a>\n      \
     <a class=\"account__link\" href=\"/account/logout/\">Log out</a>";

enum Part {
    Text(Bytes),
    Token,
    Badge,
    Links,
    Flash,
    Slot(usize),
}

pub(crate) struct Template {
    parts: Vec<Part>,
    /// The same in fewer parts, for who has neither cart nor account nor messages; made when it is first asked for.
    newcomers: OnceLock<Vec<Part>>,
    pub(crate) has_token: bool,
    pub(crate) has_chrome: bool,
}

/// What goes into the holes of one copy.
#[derive(Default)]
pub(crate) struct TemplateValues<'a> {
    pub(crate) token: Bytes,
    pub(crate) items: u32,
    pub(crate) signed_in: bool,
    pub(crate) flash: Bytes,
    pub(crate) slots: &'a [ByteRope],
}

impl Template {
    /// Cuts a page at its holes; the padding brings it to `size` bytes when its slots hold `slotted`.
    pub(super) fn new(html: &str, size: f64, slotted: usize) -> Template {
        let bare = Template::cut(html);
        let natural = bare.natural_size() + slotted;
        let padding = filling((size as usize).saturating_sub(natural));
        Template::cut(&html.replacen(PAD, &padding, 1))
    }

    fn cut(html: &str) -> Template {
        let mut pieces = html.split('\u{1}');
        let mut parts = Vec::new();
        let text = |text: &str| Part::Text(Bytes::copy_from_slice(text.as_bytes()));
        if let Some(first) = pieces.next() {
            parts.push(text(first));
        }
        for piece in pieces {
            let (letter, rest) = piece.split_at(1);
            match letter {
                "T" => parts.push(Part::Token),
                "B" => parts.push(Part::Badge),
                "A" => parts.push(Part::Links),
                "F" => parts.push(Part::Flash),
                "P" => {}
                digit => parts.push(Part::Slot(digit.parse().unwrap_or(0))),
            }
            if !rest.is_empty() {
                parts.push(text(rest));
            }
        }
        let has_token = parts.iter().any(|part| matches!(part, Part::Token));
        let has_chrome = parts.iter().any(|part| matches!(part, Part::Flash));
        Template {
            parts,
            newcomers: OnceLock::new(),
            has_token,
            has_chrome,
        }
    }

    fn natural_size(&self) -> usize {
        let size = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Token => 64,
            Part::Badge => 1,
            Part::Links => VISITOR_LINKS.len(),
            Part::Flash | Part::Slot(_) => 0,
        };
        self.parts.iter().map(size).sum()
    }

    pub(crate) fn fill(&self, fill: &TemplateValues<'_>) -> ByteRope {
        let parts = match fill {
            TemplateValues {
                items: 0,
                signed_in: false,
                flash,
                ..
            } if self.has_chrome && flash.is_empty() => {
                self.newcomers.get_or_init(|| self.for_newcomers())
            }
            _ => &self.parts,
        };
        let mut pieces = ByteRope::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Token => pieces.push(fill.token.clone()),
                Part::Slot(slot) => {
                    if let Some(slot) = fill.slots.get(*slot) {
                        pieces.extend(slot);
                    }
                }
                shared => pieces.push(shared.text(fill)),
            }
        }
        pieces
    }

    /// The parts with all holes closed but the token and the view's own.
    fn for_newcomers(&self) -> Vec<Part> {
        let (mut parts, mut text) = (Vec::new(), Vec::new());
        for part in &self.parts {
            let hole = match part {
                Part::Token => Part::Token,
                Part::Slot(slot) => Part::Slot(*slot),
                shared => {
                    text.extend_from_slice(&shared.text(&TemplateValues::default()));
                    continue;
                }
            };
            parts.push(Part::Text(Bytes::from(std::mem::take(&mut text))));
            parts.push(hole);
        }
        parts.push(Part::Text(Bytes::from(text)));
        parts
    }
}

impl Part {
    /// What a part that is no hole of one page alone says to a visitor.
    fn text(&self, fill: &TemplateValues<'_>) -> Bytes {
        match self {
            Part::Text(text) => text.clone(),
            Part::Badge => digits(fill.items),
            Part::Links if fill.signed_in => Bytes::from_static(ACCOUNT_LINKS.as_bytes()),
            Part::Links => Bytes::from_static(VISITOR_LINKS.as_bytes()),
            Part::Flash => fill.flash.clone(),
            Part::Token | Part::Slot(_) => Bytes::new(),
        }
    }
}

fn digits(number: u32) -> Bytes {
    const SMALL: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    match SMALL.get(number as usize) {
        Some(digit) => Bytes::from_static(digit.as_bytes()),
        None => Bytes::from(number.to_string()),
    }
}

/// A comment of so many bytes, about a sixth of it blank like the original's indentation.
pub(super) fn filling(length: usize) -> String {
    const FRAME: usize = "<!-- \n -->".len();
    if length <= FRAME {
        return " ".repeat(length);
    }
    let mut rng = SmallRng::seed_from_u64(length as u64);
    let mut text = prose(&mut rng, length - FRAME);
    // As prose has it, a blank after about every fifth character: nothing more to do.
    text.insert_str(0, "<!-- ");
    text.push_str("\n -->");
    text
}

/// Text made safe for HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{1}' => {} // would be read as a hole
            c => safe.push(c),
        }
    }
    safe
}

/// `$29.13`, from cents.
pub(crate) fn money(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Buf;

    #[test]
    fn holes_are_filled_and_the_size_is_kept() {
        let html = format!("<p>{TOKEN}</p>{PAD}<b>{}</b>", SLOTS[0]);
        let template = Template::new(&html, 500.0, 3);
        let slots = [ByteRope::from("abc")];
        let token = Bytes::from("t".repeat(64));
        let mut page = template.fill(&TemplateValues {
            token: token.clone(),
            slots: &slots,
            ..TemplateValues::default()
        });
        assert_eq!(page.len(), 500);
        let text = page.copy_to_bytes(500);
        assert!(text.ends_with(b"<b>abc</b>"));
        assert!(template.has_token && !template.has_chrome);
        let natural = Template::new(&html, 0.0, 3);
        assert_eq!(
            natural
                .fill(&TemplateValues {
                    token,
                    slots: &slots,
                    ..TemplateValues::default()
                })
                .len(),
            64 + 3 + 14
        );
    }

    #[test]
    fn a_newcomers_page_has_fewer_parts_and_the_same_text() {
        let html = format!(
            "<p>{LINKS}{BADGE}{FLASH}</p>{TOKEN}<b>{}</b>{LINKS}",
            SLOTS[0]
        );
        let template = Template::new(&html, 0.0, 0);
        let whole = |fill: &TemplateValues<'_>| {
            let mut page = template.fill(fill);
            let length = page.remaining();
            page.copy_to_bytes(length)
        };
        let slots = [ByteRope::from("abc")];
        let fill = |flash: &'static str| TemplateValues {
            token: Bytes::from_static(b"token"),
            flash: Bytes::from_static(flash.as_bytes()),
            slots: &slots,
            ..TemplateValues::default()
        };
        let expected = format!("<p>{VISITOR_LINKS}0</p>token<b>abc</b>{VISITOR_LINKS}");
        assert_eq!(whole(&fill("")), expected);
        assert_eq!(whole(&fill("!")), expected.replacen('0', "0!", 1));
        let member = TemplateValues {
            signed_in: true,
            items: 12,
            ..fill("")
        };
        let theirs = expected.replace(VISITOR_LINKS, ACCOUNT_LINKS);
        assert_eq!(whole(&member), theirs.replacen('0', "12", 1));
    }
}
