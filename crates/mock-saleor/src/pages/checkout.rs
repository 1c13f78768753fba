//! The steps of the checkout, each with the promo code form after its own.

use super::cart::CartLine;
use super::chrome::{checkout_page, token_input};
use super::fields::{AddressBlock, Choices, error_list, input};
use super::template::{SLOTS, Template, escape, money};
use crate::address::{Address, Errors};
use crate::body::ByteRope;
use crate::checkout::METHODS;

pub(crate) struct CheckoutPages {
    pub(crate) login: Template,
    /// Slots of every step: the form's fields, review, promo complaint.
    pub(crate) shipping_address: Template,
    pub(crate) shipping_method: Template,
    pub(crate) summary: Template,
}

/// What the box beside a step shows.
pub(crate) struct Review<'a> {
    pub(crate) lines: &'a [CartLine],
    pub(crate) address: Option<&'a Address>,
    pub(crate) method: Option<u32>,
    /// Whether there will be delivery to pay for.
    pub(crate) ships: bool,
}

impl CheckoutPages {
    pub(super) fn new(choices: &Choices, scale: f64) -> CheckoutPages {
        let us = Address {
            country: "US".to_owned(),
            ..Address::default()
        };
        let block = AddressBlock {
            address: &us,
            errors: &Errors::new(),
        }
        .write(choices)
        .len();
        let login = "      <h1>How would you like to check out?</h1>\n      <div class=\"checkout__login\">\n        \
             <a class=\"btn\" href=\"/checkout/\">Without an account</a>\n        \
             <a class=\"btn\" href=\"/account/login/?next=/checkout/\">Log in</a>\n        \
             <a href=\"/account/signup/\">Open an account</a>\n      </div>";
        CheckoutPages {
            login: Template::new(&checkout_page("Check out", login), 7_260.0 * scale, 0),
            shipping_address: step(
                "Delivery address",
                "shipping",
                "Continue",
                30_759.0 * scale,
                block + 380,
            ),
            shipping_method: step(
                "Delivery method",
                "method",
                "Continue",
                9_102.0 * scale,
                1_000,
            ),
            summary: step(
                "Check your order",
                "summary",
                "Order and pay",
                31_221.0 * scale,
                block + 740,
            ),
        }
    }

    /// The fields of the shipping-address step; `saved` and `chosen` are for who is logged in.
    pub(crate) fn address_fields(
        &self,
        choices: &Choices,
        email: Option<&str>,
        radios: &[(String, String)],
        chosen: &str,
        block: &AddressBlock<'_>,
    ) -> ByteRope {
        let mut start = String::new();
        if let Some(email) = email {
            start.push_str(&input("email", "email", "E-mail", email, block.errors));
        }
        if !radios.is_empty() {
            start.push_str(&radio_list("address", radios, chosen));
        }
        let mut fields = ByteRope::from(start);
        fields.extend(&block.write(choices));
        fields
    }

    pub(crate) fn method_fields(&self, chosen: Option<u32>, errors: &Errors) -> ByteRope {
        let radios: Vec<_> = METHODS
            .iter()
            .map(|(id, name, cents)| {
                (
                    id.to_string(),
                    format!("{name}, {}", money(u64::from(*cents))),
                )
            })
            .collect();
        let chosen = chosen.unwrap_or(METHODS[0].0).to_string();
        ByteRope::from(radio_list("method", &radios, &chosen) + &error_list(errors, "method"))
    }

    pub(crate) fn slots(
        &self,
        fields: ByteRope,
        review: &Review<'_>,
        promo: &'static str,
    ) -> Vec<ByteRope> {
        let complaint = if promo.is_empty() {
            String::new()
        } else {
            format!("<span class=\"help-block\">{promo}</span>")
        };
        vec![fields, review_box(review).into(), complaint.into()]
    }
}

fn step(title: &str, class: &str, button: &str, size: f64, slotted: usize) -> Template {
    let token = token_input();
    let content = format!(
        "      <div class=\"checkout__columns\">\n      <div>\n      <h1>{title}</h1>\n      \
         <form class=\"checkout__{class}\" method=\"post\" novalidate>{token}\n{}\
         <button class=\"btn\" type=\"submit\">{button}</button>\n      </form>\n      </div>\n      \
         <aside class=\"checkout__review\">\n{}      \
         <form class=\"checkout__promo\" method=\"post\" novalidate>{token}\n        \
         <label for=\"id_discount-voucher\">Promo code</label>\n        \
         <input id=\"id_discount-voucher\" type=\"text\" name=\"discount-voucher\" class=\"form-control\">{}\n        \
         <button class=\"btn-link\" type=\"submit\">Apply</button>\n      </form>\n      </aside>\n      </div>",
        SLOTS[0], SLOTS[1], SLOTS[2]
    );
    Template::new(&checkout_page(title, &content), size, slotted)
}

pub(super) fn radio_list(name: &str, radios: &[(String, String)], chosen: &str) -> String {
    let radios = radios.iter().enumerate().map(|(place, (value, label))| {
        let checked = if value == chosen { " checked" } else { "" };
        format!(
            "<label class=\"radio\" for=\"id_{name}_{place}\"><input id=\"id_{name}_{place}\" type=\"radio\" \
             name=\"{name}\" value=\"{}\"{checked}> {}</label>\n",
            escape(value),
            escape(label)
        )
    });
    format!(
        "<div class=\"radios\">\n{}</div>\n",
        radios.collect::<String>()
    )
}

fn review_box(review: &Review<'_>) -> String {
    let mut text = String::from("      <h3>Your order</h3>\n      <ul class=\"review__lines\">\n");
    for line in review.lines {
        text.push_str(&format!(
            "        <li><span>{} × {}</span><strong>{}</strong></li>\n",
            line.quantity,
            line.title(),
            money(line.total())
        ));
    }
    text.push_str("      </ul>\n");
    let mut total: u64 = review.lines.iter().map(CartLine::total).sum();
    if let Some((_, name, cents)) = METHODS.iter().find(|(id, ..)| Some(*id) == review.method) {
        total += u64::from(*cents);
        text.push_str(&format!(
            "      <p class=\"review__row\"><span>Delivery by {name}</span><strong>{}</strong></p>\n",
            money(u64::from(*cents))
        ));
    }
    let title = match review.method {
        None if review.ships => "Total, without delivery",
        _ => "Total",
    };
    text.push_str(&format!(
        "      <p class=\"review__row review__total\"><span>{title}</span><strong>{}</strong></p>\n",
        money(total)
    ));
    if let Some(address) = review.address {
        let lines: String = address
            .lines()
            .iter()
            .map(|line| format!("{}<br>", escape(line)))
            .collect();
        text.push_str(&format!("      <address>{lines}</address>\n"));
    }
    text
}
