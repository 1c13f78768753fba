//! Character references: those that every `html.parser` and Beautiful Soup read alike, and no others.

/// Names of U+00A0 to U+00FF in order; `html.unescape` knows them without their semicolon, too.
#[rustfmt::skip]
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// The rest of HTML 4, without `lang` and `rang`, which changed their meaning.
#[rustfmt::skip]
const OTHERS: [(&str, char); 155] = [
    ("Alpha", 'Α'), ("Beta", 'Β'), ("Chi", 'Χ'), ("Dagger", '‡'), ("Delta", 'Δ'), ("Epsilon", 'Ε'), ("Eta", 'Η'),
    ("Gamma", 'Γ'), ("Iota", 'Ι'), ("Kappa", 'Κ'), ("Lambda", 'Λ'), ("Mu", 'Μ'), ("Nu", 'Ν'), ("OElig", 'Œ'),
    ("Omega", 'Ω'), ("Omicron", 'Ο'), ("Phi", 'Φ'), ("Pi", 'Π'), ("Prime", '″'), ("Psi", 'Ψ'), ("Rho", 'Ρ'),
    ("Scaron", 'Š'), ("Sigma", 'Σ'), ("Tau", 'Τ'), ("Theta", 'Θ'), ("Upsilon", 'Υ'), ("Xi", 'Ξ'), ("Yuml", 'Ÿ'),
    ("Zeta", 'Ζ'), ("alefsym", 'ℵ'), ("alpha", 'α'), ("amp", '&'), ("and", '∧'), ("ang", '∠'), ("apos", '\''),
    ("asymp", '≈'), ("bdquo", '„'), ("beta", 'β'), ("bull", '•'), ("cap", '∩'), ("chi", 'χ'), ("circ", 'ˆ'),
    ("clubs", '♣'), ("cong", '≅'), ("crarr", '↵'), ("cup", '∪'), ("dArr", '⇓'), ("dagger", '†'), ("darr", '↓'),
    ("delta", 'δ'), ("diams", '♦'), ("empty", '∅'), ("emsp", '\u{2003}'), ("ensp", '\u{2002}'), ("epsilon", 'ε'),
    ("equiv", '≡'), ("eta", 'η'), ("euro", '€'), ("exist", '∃'), ("fnof", 'ƒ'), ("forall", '∀'), ("frasl", '⁄'),
    ("gamma", 'γ'), ("ge", '≥'), ("gt", '>'), ("hArr", '⇔'), ("harr", '↔'), ("hearts", '♥'), ("hellip", '…'),
    ("image", 'ℑ'), ("infin", '∞'), ("int", '∫'), ("iota", 'ι'), ("isin", '∈'), ("kappa", 'κ'), ("lArr", '⇐'),
    ("lambda", 'λ'), ("larr", '←'), ("lceil", '⌈'), ("ldquo", '“'), ("le", '≤'), ("lfloor", '⌊'), ("lowast", '∗'),
    ("loz", '◊'), ("lrm", '\u{200e}'), ("lsaquo", '‹'), ("lsquo", '‘'), ("lt", '<'), ("mdash", '—'), ("minus", '−'),
    ("mu", 'μ'), ("nabla", '∇'), ("ndash", '–'), ("ne", '≠'), ("ni", '∋'), ("notin", '∉'), ("nsub", '⊄'), ("nu", 'ν'),
    ("oelig", 'œ'), ("oline", '‾'), ("omega", 'ω'), ("omicron", 'ο'), ("oplus", '⊕'), ("or", '∨'), ("otimes", '⊗'),
    ("part", '∂'), ("permil", '‰'), ("perp", '⊥'), ("phi", 'φ'), ("pi", 'π'), ("piv", 'ϖ'), ("prime", '′'),
    ("prod", '∏'), ("prop", '∝'), ("psi", 'ψ'), ("quot", '"'), ("rArr", '⇒'), ("radic", '√'), ("rarr", '→'),
    ("rceil", '⌉'), ("rdquo", '”'), ("real", 'ℜ'), ("rfloor", '⌋'), ("rho", 'ρ'), ("rlm", '\u{200f}'),
    ("rsaquo", '›'), ("rsquo", '’'), ("sbquo", '‚'), ("scaron", 'š'), ("sdot", '⋅'), ("sigma", 'σ'), ("sigmaf", 'ς'),
    ("sim", '∼'), ("spades", '♠'), ("sub", '⊂'), ("sube", '⊆'), ("sum", '∑'), ("sup", '⊃'), ("supe", '⊇'),
    ("tau", 'τ'), ("there4", '∴'), ("theta", 'θ'), ("thetasym", 'ϑ'), ("thinsp", '\u{2009}'), ("tilde", '˜'),
    ("trade", '™'), ("uArr", '⇑'), ("uarr", '↑'), ("upsih", 'ϒ'), ("upsilon", 'υ'), ("weierp", '℘'), ("xi", 'ξ'),
    ("zeta", 'ζ'), ("zwj", '\u{200d}'), ("zwnj", '\u{200c}'),
];

/// Known without their semicolon, beside `LATIN`.
const BARE: [&str; 10] = [
    "amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT", "COPY", "REG",
];

/// Where a reference stands: the two are read by different rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ReferenceContext {
    Text,
    Attribute,
}

/// What stands at an ampersand, and how many bytes of it; None where parsers may differ.
///
/// The bytes begin with the ampersand and reach to the end of the page, or of the attribute's value.
pub fn reference(bytes: &[u8], place: ReferenceContext) -> Option<(char, usize)> {
    match bytes.get(1) {
        Some(b'#') => number(bytes),
        Some(next) if next.is_ascii_alphabetic() => name(bytes, place),
        Some(_) => Some(('&', 1)),
        // At the end of a page html.parser waits for more.
        None => (place == ReferenceContext::Attribute).then_some(('&', 1)),
    }
}

fn name(bytes: &[u8], place: ReferenceContext) -> Option<(char, usize)> {
    let run = bytes[1..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let (name, next) = (&bytes[1..=run], bytes.get(run + 1));
    if next == Some(&b';') {
        return named(name).map(|found| (found, run + 2));
    }
    let literal = match place {
        // No name has one letter; whether a longer one is known takes a table of 2,000.
        ReferenceContext::Text => run == 1 && !matches!(next, None | Some(b'-' | b'.')),
        // Old parsers read `&copy2` as a copyright sign and a 2, new ones as it stands.
        ReferenceContext::Attribute => !LATIN
            .iter()
            .chain(&BARE)
            .any(|known| name.starts_with(known.as_bytes())),
    };
    literal.then_some(('&', 1))
}

fn named(name: &[u8]) -> Option<char> {
    match name {
        b"quot" => Some('"'),
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"nbsp" => Some('\u{a0}'),
        _ => {
            if let Some(at) = LATIN.iter().position(|known| known.as_bytes() == name) {
                return char::from_u32(0xa0 + u32::try_from(at).ok()?);
            }
            OTHERS
                .iter()
                .find(|(known, _)| known.as_bytes() == name)
                .map(|&(_, found)| found)
        }
    }
}

fn number(bytes: &[u8]) -> Option<(char, usize)> {
    let (radix, from) = match bytes.get(2)? {
        b'x' | b'X' => (16, 3),
        _ => (10, 2),
    };
    let run = bytes[from..]
        .iter()
        .take_while(|&&byte| char::from(byte).is_digit(radix))
        .count();
    if run == 0 || run > 7 || bytes.get(from + run) != Some(&b';') {
        return None;
    }
    let digits = std::str::from_utf8(&bytes[from..from + run]).ok()?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    plain(code).then_some((char::from_u32(code)?, from + run + 1))
}

/// Neither a control, nor a surrogate, nor what Unicode says is no character.
fn plain(code: u32) -> bool {
    matches!(code, 0x9 | 0xa | 0x20..=0x7e | 0xa0..=0xfdcf | 0xfdf0..=0x10_ffff)
        && code & 0xfffe != 0xfffe
}

/// A text with its references resolved. What `reference` refuses is left as it stands.
pub fn resolve(text: &str, place: ReferenceContext) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        // A text is checked as part of its page, where more follows than its own end.
        let (found, length) = reference(&rest.as_bytes()[at..], place).unwrap_or(('&', 1));
        out.push(found);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}
