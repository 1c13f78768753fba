//! What surrounds every page: head, header, navigation, footer; the narrow frame of the checkout; error pages.

use super::template::{BADGE, FLASH, LINKS, PAD, escape, filling};
use crate::catalog::CATEGORIES;

/// Scripts, style and the many icons, as the original's head has them.
fn head(title: &str, extra: &str) -> String {
    let mut icons = String::new();
    for (rel, sizes) in [
        (
            "apple-touch-icon",
            "57x57 60x60 72x72 76x76 114x114 120x120 144x144 152x152 180x180",
        ),
        (
            "icon",
            "16x16 32x32 36x36 48x48 72x72 96x96 128x128 144x144 192x192 196x196 228x228 256x256 512x512",
        ),
        ("mask-icon", "any"),
    ] {
        for size in sizes.split(' ') {
            icons.push_str(&format!(
                "    <link rel=\"{rel}\" type=\"image/svg+xml\" sizes=\"{size}\" href=\"/static/favicons/icon-{size}.svg\">\n"
            ));
        }
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" class=\"no-js\" data-cart-summary-url=\"/cart/summary/\" \
         data-shipping-options-url=\"/cart/shipingoptions/\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    \
         <title>{title} – Mock Saleor</title>\n{icons}    \
         <link rel=\"stylesheet\" href=\"/static/css/storefront-4f1e2d7c9ab0835d6e21.css\">\n{extra}  </head>\n"
    )
}

const SCRIPTS: &str = "    <script src=\"/jsi18n/\"></script>\n    \
    <script src=\"/static/js/vendor-90c1d2e3f4a5b6c7d8e9.js\"></script>\n    \
    <script src=\"/static/js/storefront-1a2b3c4d5e6f70819203.js\"></script>\n";

/// A page of the shop with header and footer; `extra` goes into the head.
pub(super) fn shop_page(title: &str, extra: &str, content: &str) -> String {
    let head = head(title, extra);
    let categories = CATEGORIES.iter().map(|category| {
        let (slug, id, name) = (category.slug, category.id, category.name);
        format!("        <li class=\"nav-item\"><a class=\"nav-link\" href=\"/products/category/{slug}-{id}/\">{name}</a></li>\n")
    });
    let categories: String = categories.collect();
    format!(
        "{head}  <body>\n    <header class=\"navbar\" role=\"banner\">\n      \
         <div class=\"navbar__login\">\n      {LINKS}\n      </div>\n      \
         <div class=\"navbar__brand\">\n        \
         <a class=\"navbar__brand__logo\" href=\"/\"><img src=\"/static/images/logo.svg\" alt=\"Mock Saleor\" width=\"150\" height=\"38\"></a>\n        \
         <form class=\"search-form\" method=\"get\" action=\"/search/\">\n          \
         <input class=\"form-control\" type=\"search\" name=\"q\" placeholder=\"What are you looking for?\" aria-label=\"Search\">\n          \
         <button type=\"submit\" class=\"btn-link\">Search</button>\n        </form>\n        \
         <a class=\"navbar__brand__cart\" href=\"/cart/\"><svg data-src=\"/static/images/cart.svg\" width=\"26\" height=\"26\" viewBox=\"0 0 26 26\"><path d=\"M2 4h4l3 13h12l3-9H8\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/><circle cx=\"11\" cy=\"22\" r=\"2\"/><circle cx=\"19\" cy=\"22\" r=\"2\"/></svg>\
         <span class=\"badge\">{BADGE}</span></a>\n      </div>\n      \
         <nav class=\"navbar__menu\"><ul class=\"nav\">\n{categories}      </ul></nav>\n    </header>\n    \
         <div class=\"messages\">{FLASH}</div>\n    <main class=\"container\" id=\"content\">\n{content}\n    </main>\n    \
         <footer class=\"footer\">\n      <div class=\"footer__menu\">\n        <strong>Shop</strong>\n        <ul>\n{categories}        </ul>\n      </div>\n      \
         <div class=\"footer__menu\">\n        <strong>Account</strong>\n      {LINKS}\n      \
         <a href=\"/cart/\">Your cart</a>\n      </div>\n      \
         <p class=\"footer__note\">A mock of a storefront, for load tests. Nothing here can be bought, and nothing is charged.</p>\n    </footer>\n\
         {PAD}\n{SCRIPTS}  </body>\n</html>\n"
    )
}

/// A page of the checkout: no header, no footer.
pub(super) fn checkout_page(title: &str, content: &str) -> String {
    let head = head(title, "");
    format!(
        "{head}  <body class=\"checkout-body\">\n    <header class=\"checkout__header\">\
         <a href=\"/\"><svg data-src=\"/static/images/logo.svg\" width=\"150\" height=\"38\" viewBox=\"0 0 150 38\">\
         <text x=\"0\" y=\"27\" font-size=\"24\" font-weight=\"700\" fill=\"currentColor\">mock saleor</text></svg></a></header>\n    \
         <main class=\"container checkout\" id=\"content\">\n{content}\n    </main>\n{PAD}\n{SCRIPTS}  </body>\n</html>\n"
    )
}

/// A hidden token input, in the original's quotes and order.
pub(super) fn token_input() -> String {
    format!(
        "<input type='hidden' name='csrfmiddlewaretoken' value='{}' />",
        super::template::TOKEN
    )
}

/// The page for a path that leads nowhere: 73 bytes and the path, as the original's.
pub(crate) fn not_found(path: &str) -> String {
    let path = escape(path);
    format!("<h1>Not found</h1><p>{path}</p><p><a href=\"/\">Go back to the front page</a></p>")
}

/// Why a POST was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    NoCookie,
    BadToken,
    NoReferer,
}

pub(crate) fn forbidden(refusal: Refusal) -> String {
    let (why, size) = match refusal {
        Refusal::NoCookie => (
            "This form needs a cookie, and your browser sent none. Let it keep cookies for this shop, then go back and try again.",
            1374,
        ),
        Refusal::BadToken => (
            "The security token of the form is missing or out of date. Go back, load the page again and repeat what you did.",
            1007,
        ),
        Refusal::NoReferer => (
            "Over HTTPS the shop needs to know which page a form came from, and your browser did not say. Let it send a Referer header to this shop.",
            1465,
        ),
    };
    let page = |padding: &str| {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>403 refused</title>\n  \
             <style>body {{ font-family: sans-serif; margin: 3em; color: #333; }} h1 span {{ color: #888; }}</style>\n\
             </head>\n<body>\n<h1>Refused <span>(403)</span></h1>\n<p>CSRF check failed, the request was not carried out.</p>\n\
             <p>{why}</p>\n{padding}</body>\n</html>\n"
        )
    };
    let padding = filling(size - page("").len().min(size));
    page(&padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_pages_have_the_originals_sizes() {
        assert_eq!(not_found("/nowhere/").len(), 73 + "/nowhere/".len());
        assert_eq!(forbidden(Refusal::NoCookie).len(), 1374);
        assert_eq!(forbidden(Refusal::BadToken).len(), 1007);
        assert_eq!(forbidden(Refusal::NoReferer).len(), 1465);
    }
}
