//! Static files: the style, the scripts, and pictures drawn when they are asked for.

use bytes::Bytes;

use super::template::filling;
use crate::catalog::{COLOURS, Catalog};
use crate::reply::Content;

const STYLE: &str = include_str!("storefront.css");
const SCRIPT: &str = include_str!("storefront.js");

/// A file below `/static/`, with its type; none is a 404.
pub(crate) fn asset(path: &str, catalog: &Catalog) -> Option<(Content, Bytes)> {
    if let Some(picture) = path.strip_prefix("products/") {
        let (product, view) = picture.strip_suffix(".svg")?.split_once('-')?;
        let product = catalog.product(product.parse().ok()?)?;
        let view: usize = view.parse().ok().filter(|view| (1..=4).contains(view))?;
        return Some((
            Content::Picture,
            Bytes::from(picture_of(product.kind, COLOURS[product.colour].1, view)),
        ));
    }
    if path.starts_with("favicons/") && path.ends_with(".svg") {
        return Some((Content::Picture, Bytes::from_static(ICON.as_bytes())));
    }
    match path {
        "css/storefront-4f1e2d7c9ab0835d6e21.css" => {
            Some((Content::Style, Bytes::from_static(STYLE.as_bytes())))
        }
        "js/storefront-1a2b3c4d5e6f70819203.js" => {
            Some((Content::Bundle, Bytes::from_static(SCRIPT.as_bytes())))
        }
        "js/vendor-90c1d2e3f4a5b6c7d8e9.js" => Some((
            Content::Bundle,
            Bytes::from_static(b"document.documentElement.className = 'js';\n"),
        )),
        "images/logo.svg" => Some((Content::Picture, Bytes::from_static(LOGO.as_bytes()))),
        _ => None,
    }
}

/// The translation script: 3,189 bytes, of which the shop needs two functions.
pub(super) fn translations() -> Bytes {
    let code = "(function (globals) {\n  globals.gettext = function (text) { return text; };\n  \
        globals.ngettext = function (one, many, count) { return count === 1 ? one : many; };\n})(this);\n";
    let padding = filling(3_189 - code.len() - 4)
        .replace("<!--", "/*  ")
        .replace("-->", " */");
    Bytes::from(format!("{code}{padding}\n\n\n\n"))
}

const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
    <rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#26323d\"/><path d=\"M8 21q8 6 16 0\" fill=\"none\" stroke=\"#7fd1ae\" stroke-width=\"3\"/>\
    <circle cx=\"11\" cy=\"12\" r=\"2.5\" fill=\"#fff\"/><circle cx=\"21\" cy=\"12\" r=\"2.5\" fill=\"#fff\"/></svg>";

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 150 38\">\
    <text x=\"0\" y=\"28\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"25\" font-weight=\"700\" fill=\"#26323d\">mock<tspan fill=\"#2e9e75\">saleor</tspan></text></svg>";

/// A drawing of a kind of product in its colour; the views differ in background and turn.
fn picture_of(kind: usize, colour: &str, view: usize) -> String {
    let shape = match kind {
        0 => {
            "<path d=\"M75 62q25-26 50 0l38 22 16 52-27 9-10-26v74H58v-74l-10 26-27-9 16-52z\"/><path d=\"M78 62q22 34 44 0\" class=\"l\"/><path d=\"M80 150h40l8 26H72z\" class=\"l\"/><path d=\"M94 84v24M106 84v24\" class=\"l\"/>"
        }
        1 => {
            "<path d=\"M55 65h80v75q0 15-15 15H70q-15 0-15-15z\"/><path d=\"M135 82q34-2 32 24t-32 26\" class=\"o\"/><path d=\"M75 50q-8-12 2-22M95 50q-8-12 2-22M115 50q-8-12 2-22\" class=\"s\"/>"
        }
        2 => {
            "<path d=\"M62 45h76l8 125q0 8-8 8H62q-8 0-8-8z\"/><path d=\"M60 68h80\" class=\"l\"/><ellipse cx=\"100\" cy=\"122\" rx=\"22\" ry=\"28\" class=\"w\"/><path d=\"M104 96q-14 26-4 52\" class=\"l\"/>"
        }
        3 => {
            "<circle cx=\"100\" cy=\"100\" r=\"42\"/><path d=\"M62 82l-34-20v76l34-20M138 82l34-20v76l-34-20\"/><path d=\"M100 58q-30 42 0 84M100 58q30 42 0 84\" class=\"l\"/>"
        }
        4 => {
            "<rect x=\"52\" y=\"34\" width=\"96\" height=\"134\" rx=\"9\"/><rect x=\"62\" y=\"46\" width=\"76\" height=\"100\" class=\"w\"/><path d=\"M72 66h56M72 82h56M72 98h40M72 114h48\" class=\"s\"/><circle cx=\"100\" cy=\"157\" r=\"5\" class=\"w\"/>"
        }
        _ => {
            "<path d=\"M50 40h92q8 0 8 8v120H58q-8 0-8-8z\"/><path d=\"M58 40v112h92\" class=\"l\"/><path d=\"M76 70h56M76 88h38\" class=\"l\"/>"
        }
    };
    let background = ["#eef2f4", "#e4ebe7", "#f3eee7", "#e9e7f0"][(view - 1) % 4];
    let turn = [0, -7, 6, -3][(view - 1) % 4];
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 200\"><style>.l{{fill:none;stroke:#fff;stroke-opacity:.65;stroke-width:3;stroke-linecap:round}}.w{{fill:#fff;fill-opacity:.85}}.o{{fill:none;stroke:{colour};stroke-width:11}}.s{{fill:none;stroke:#9aa7b1;stroke-width:4;stroke-linecap:round}}</style>\
         <rect width=\"200\" height=\"200\" fill=\"{background}\"/><g fill=\"{colour}\" transform=\"rotate({turn} 100 100)\">{shape}</g></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_translation_script_has_the_originals_size() {
        assert_eq!(translations().len(), 3_189);
    }
}
