//! What Beautiful Soup's builder and `html.parser` know about the names of elements and attributes.

/// How an element of some name is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Plain,
    /// Has no content; a number of its own, to be a bit in a set.
    Void(u8),
    /// White space in it stays as it is.
    Pre,
    /// As `Pre`, and some parsers look for nothing but its own end in it.
    Textarea,
    /// Some parsers look for nothing but its own end in it.
    Title,
    /// No parser looks for anything but its own end in it; a number of its own for its text.
    Raw(u8),
    /// Some parsers look for nothing but its own end in it, and resolve no references.
    Frame,
    /// Its text is kept apart from other text; a number of its own.
    SeparateText(u8),
    /// Nothing ends it in some parsers.
    PlainText,
}

impl Kind {
    /// The number of the text inside, 0 for ordinary text.
    pub fn text(self) -> u8 {
        match self {
            Kind::Raw(number) | Kind::SeparateText(number) => number,
            _ => 0,
        }
    }

    pub fn keeps_space(self) -> bool {
        matches!(self, Kind::Pre | Kind::Textarea)
    }
}

/// The kind of a name in lower case.
pub fn kind(name: &[u8]) -> Kind {
    match name {
        b"area" => Kind::Void(0),
        b"base" => Kind::Void(1),
        b"basefont" => Kind::Void(2),
        b"bgsound" => Kind::Void(3),
        b"br" => Kind::Void(4),
        b"col" => Kind::Void(5),
        b"command" => Kind::Void(6),
        b"embed" => Kind::Void(7),
        b"frame" => Kind::Void(8),
        b"hr" => Kind::Void(9),
        b"image" => Kind::Void(10),
        b"img" => Kind::Void(11),
        b"input" => Kind::Void(12),
        b"isindex" => Kind::Void(13),
        b"keygen" => Kind::Void(14),
        b"link" => Kind::Void(15),
        b"menuitem" => Kind::Void(16),
        b"meta" => Kind::Void(17),
        b"nextid" => Kind::Void(18),
        b"param" => Kind::Void(19),
        b"source" => Kind::Void(20),
        b"spacer" => Kind::Void(21),
        b"track" => Kind::Void(22),
        b"wbr" => Kind::Void(23),
        b"pre" => Kind::Pre,
        b"textarea" => Kind::Textarea,
        b"title" => Kind::Title,
        b"script" => Kind::Raw(1),
        b"style" => Kind::Raw(2),
        b"iframe" | b"noembed" | b"noframes" | b"xmp" => Kind::Frame,
        b"template" => Kind::SeparateText(3),
        b"rt" => Kind::SeparateText(4),
        b"rp" => Kind::SeparateText(5),
        b"plaintext" => Kind::PlainText,
        _ => Kind::Plain,
    }
}

/// Whether the value of an attribute is a list of words; both names in lower case.
pub fn is_list(tag: &[u8], attribute: &[u8]) -> bool {
    match attribute {
        b"class" | b"accesskey" | b"dropzone" => true,
        b"rel" => matches!(tag, b"a" | b"link" | b"area"),
        b"rev" => matches!(tag, b"a" | b"link"),
        b"headers" => matches!(tag, b"td" | b"th"),
        b"accept-charset" => tag == b"form",
        b"archive" => tag == b"object",
        b"sizes" => tag == b"icon",
        b"sandbox" => tag == b"iframe",
        b"for" => tag == b"output",
        _ => false,
    }
}

/// White space by Python's `str.isspace`.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
