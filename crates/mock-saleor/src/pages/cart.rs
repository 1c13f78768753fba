//! The cart's page and its fragment in the header.

use bytes::Bytes;

use super::chrome::{shop_page, token_input};
use super::fields::Choices;
use super::template::{SLOTS, TOKEN, Template, escape, money};
use crate::body::ByteRope;

/// One line of a cart or an order, ready to be shown.
pub(crate) struct CartLine {
    pub(crate) variant: u32,
    pub(crate) product: u32,
    pub(crate) name: String,
    pub(crate) variant_name: &'static str,
    pub(crate) url: String,
    pub(crate) quantity: u32,
    /// Cents, each.
    pub(crate) price: u32,
}

impl CartLine {
    pub(crate) fn total(&self) -> u64 {
        u64::from(self.price) * u64::from(self.quantity)
    }

    pub(super) fn title(&self) -> String {
        let name = escape(&self.name);
        if self.variant_name.is_empty() {
            name
        } else {
            format!("{name} ({})", self.variant_name)
        }
    }
}

pub(crate) struct CartPages {
    pub(crate) empty: Template,
    /// Slots: lines, subtotal, countries, the shipping costs of the country chosen.
    pub(crate) full: Template,
    line: LineParts,
}

/// A line's form holds a token, so lines are filled like small pages.
struct LineParts(Template);

impl CartPages {
    pub(super) fn new(choices: &Choices, scale: f64) -> CartPages {
        let empty = "      <h1>Your cart</h1>\n      <div class=\"cart__empty\"><p>There is nothing in it yet.</p>\
             <a class=\"btn\" href=\"/\">Look around</a></div>";
        let full = format!(
            "      <h1>Your cart</h1>\n      {}<div class=\"cart\">\n{}        \
             <div class=\"cart__total\"><span>Subtotal</span> <strong class=\"cart-subtotal\">{}</strong></div>\n        \
             <div class=\"cart__delivery\"><label for=\"id_country\">Delivery to</label> {}\n        \
             <div class=\"cart__delivery-info\">{}</div></div>\n        \
             <div class=\"cart__total\"><span>Total, without delivery</span> <strong class=\"cart-total\">{}</strong></div>\n        \
             <a class=\"btn cart__submit\" href=\"/checkout/login/\">Check out</a>\n      </div>",
            format_args!("<div class=\"cart__token\" hidden>{}</div>", token_input()),
            SLOTS[0],
            SLOTS[1],
            SLOTS[2],
            SLOTS[3],
            SLOTS[1]
        );
        let mut select = ByteRope::default();
        choices.country_select(&mut select, "US");
        CartPages {
            empty: Template::new(&shop_page("Your cart", "", empty), 13_304.0 * scale, 0),
            full: Template::new(
                &shop_page("Your cart", "", &full),
                27_390.0 * scale,
                select.len() + 820,
            ),
            line: LineParts(Template::new(
                &format!(
                    "{}<form class=\"form-cart\" method=\"post\" action=\"{}\" novalidate>\
                     <input type='hidden' name='csrfmiddlewaretoken' value='{TOKEN}' />{}</form>{}",
                    SLOTS[0], SLOTS[1], SLOTS[2], SLOTS[3]
                ),
                0.0,
                0,
            )),
        }
    }

    pub(crate) fn slots(
        &self,
        lines: &[CartLine],
        subtotal: u64,
        token: &Bytes,
        choices: &Choices,
    ) -> Vec<ByteRope> {
        let mut shown = ByteRope::with_capacity(9 * lines.len());
        for line in lines {
            let start = format!(
                "        <div class=\"cart__line\" data-product-id=\"{0}\">\n          \
                 <a href=\"{1}\"><img src=\"/static/products/{2}-1.svg\" alt=\"\" width=\"80\" height=\"80\"></a>\n          \
                 <div class=\"cart__line__name\"><a href=\"{1}\">{3}</a><small>{4} each</small></div>\n          ",
                line.variant,
                line.url,
                line.product,
                line.title(),
                money(line.price.into())
            );
            let inner = format!(
                "<input type=\"number\" name=\"quantity\" min=\"0\" max=\"50\" value=\"{}\" class=\"form-control cart__quantity\" aria-label=\"Quantity\"><button class=\"btn-link\" type=\"submit\">Update</button>",
                line.quantity
            );
            let end = format!(
                "\n          <strong class=\"cart-item-price\">{}</strong>\n        </div>\n",
                money(line.total())
            );
            let slots = [
                start.into(),
                format!("/cart/update/{}/", line.variant).into(),
                inner.into(),
                end.into(),
            ];
            let fill = super::TemplateValues {
                token: token.clone(),
                slots: &slots,
                ..super::TemplateValues::default()
            };
            shown.extend(&self.line.0.fill(&fill));
        }
        let mut select = ByteRope::default();
        choices.country_select(&mut select, "US");
        vec![
            shown,
            money(subtotal).into(),
            select,
            delivery_costs().into(),
        ]
    }

    /// The fragment for the header's drop-down.
    pub(crate) fn summary(&self, lines: &[CartLine]) -> String {
        if lines.is_empty() {
            return format!(
                "<div class=\"cart-dropdown__empty\">\n  <h3>Your cart is empty</h3>\n  <p>Once you have put something into it, you will see it here. \
                 You can look at it in peace on its own page, too.</p>\n  <a class=\"btn btn--small\" href=\"/\">Look around</a>\n</div>\n<!-- {} -->\n",
                ".".repeat(105)
            );
        }
        let shown: String = lines.iter().map(|line| {
            format!(
                "  <li class=\"cart-dropdown__item\">\n    <a href=\"{0}\"><img src=\"/static/products/{1}-1.svg\" alt=\"\" width=\"60\" height=\"60\"></a>\n    \
                 <div class=\"cart-dropdown__name\"><a href=\"{0}\">{2}</a>\n      <small>{3} × {4}</small></div>\n    <strong>{5}</strong>\n  </li>\n",
                line.url, line.product, line.title(), line.quantity, money(line.price.into()), money(line.total())
            )
        }).collect();
        let (items, total) = lines.iter().fold((0, 0), |(items, total), line| {
            (items + line.quantity, total + line.total())
        });
        format!(
            "<ul class=\"cart-dropdown__list\">\n{shown}</ul>\n<div class=\"cart-dropdown__total\" data-quantity=\"{items}\">\n  Subtotal <strong>{}</strong>\n</div>\n\
             <div class=\"cart-dropdown__actions\">\n  <a class=\"btn btn--small\" href=\"/cart/\">See the cart</a>\n  \
             <a class=\"btn btn--small\" href=\"/checkout/\">Check out</a>\n</div>\n{}\n",
            money(total),
            super::template::filling(1_034)
        )
    }

    /// The fragment with the delivery costs of a country.
    pub(crate) fn shipping_options(&self, country: &str, choices: &Choices) -> ByteRope {
        let mut fragment = ByteRope::default();
        fragment.push(Bytes::from_static(b"<div class=\"cart__delivery\">\n"));
        choices.country_select(&mut fragment, country);
        fragment.push(Bytes::from(format!("{}\n</div>\n", delivery_costs())));
        fragment
    }
}

/// Both methods serve the whole world.
fn delivery_costs() -> String {
    let methods = crate::checkout::METHODS.iter();
    let rows: String = methods
        .map(|(_, name, cents)| format!("<li>{name}: {}</li>", money(u64::from(*cents))))
        .collect();
    format!("<ul>{rows}</ul>")
}
