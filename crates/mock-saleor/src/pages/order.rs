//! Pages after the order: paying, the dummy payment, details, thanks.

use super::cart::CartLine;
use super::checkout::radio_list;
use super::chrome::{checkout_page, shop_page, token_input};
use super::template::{SLOTS, Template, escape, money};
use crate::address::{Address, Errors};
use crate::order::{FRAUD, RESPONSES, STATUSES};

pub(crate) struct OrderPages {
    /// Slots: number, what is to pay, form action and fields.
    pub(crate) payment: Template,
    /// A payment is waiting. Slots: number, cancel form.
    pub(crate) pending: Template,
    /// Nothing left to pay. Slots: number, link.
    pub(crate) paid: Template,
    /// Slots: number, fields.
    pub(crate) dummy: Template,
    /// Slots: number, state, lines, address, link to pay.
    pub(crate) details: Template,
    /// Slots: number, form.
    pub(crate) thanks: Template,
}

impl OrderPages {
    pub(super) fn new(scale: f64) -> OrderPages {
        let token = token_input();
        let [number, one, two, three, four] = [SLOTS[0], SLOTS[1], SLOTS[2], SLOTS[3], SLOTS[4]];
        let shop = |title: &str, content: &str, size: f64, slotted| {
            Template::new(&shop_page(title, "", content), size * scale, slotted)
        };
        OrderPages {
            payment: shop(
                "Payment",
                &format!(
                    "      <h1>Order #{number}</h1>\n      {one}\n      <h2>How would you like to pay?</h2>\n      \
                     <form class=\"payment-method-form\" method=\"post\" {two}>{token}\n{three}\
                     <button class=\"btn\" type=\"submit\">Continue</button></form>"
                ),
                16_281.0,
                560,
            ),
            pending: shop(
                "Payment",
                &format!(
                    "      <h1>Order #{number}</h1>\n      <p>A payment is under way and waits for its confirmation.</p>\n      \
                     <form class=\"cancel-payment\" method=\"post\" {one}>{token}\n{two}\
                     <button class=\"btn\" type=\"submit\">Cancel the payment</button></form>"
                ),
                15_600.0,
                200,
            ),
            paid: shop(
                "Payment",
                &format!(
                    "      <h1>Order #{number}</h1>\n      <p>There is nothing left to pay. {one}</p>"
                ),
                15_200.0,
                60,
            ),
            dummy: shop(
                "Dummy payment",
                &format!(
                    "      <div class=\"narrow\"><h1>Order #{number}</h1>\n      <p>A payment of no money: choose how it is to end.</p>\n      \
                     <form id=\"payment-form\" method=\"post\">{token}\n{one}\
                     <button class=\"btn\" type=\"submit\">Pay</button></form></div>"
                ),
                15_215.0,
                1_700,
            ),
            details: shop(
                "Your order",
                &format!(
                    "      <div class=\"order-details__header\"><h1>Order #{number}</h1><p class=\"order-details__state\">{one}</p></div>\n      \
                     <table class=\"order-details__table\">\n{two}      </table>\n      {three}\n      {four}"
                ),
                15_135.0,
                450,
            ),
            thanks: Template::new(
                &checkout_page(
                    "Thank you",
                    &format!(
                        "      <div class=\"narrow\"><h1>Thank you!</h1>\n      <p>Order #{number} is on its way through the shop. \
                         <a href=\"/\">Back to the shop</a></p>\n      {one}</div>"
                    ),
                ),
                7_654.0 * scale,
                650,
            ),
        }
    }

    pub(crate) fn method_field(errors: bool) -> String {
        let complaint = if errors {
            "<ul class=\"errorlist\"><li>Choose one of those on offer.</li></ul>"
        } else {
            ""
        };
        format!(
            "{complaint}{}",
            radio_list(
                "method",
                &[("default".to_owned(), "Dummy payment".to_owned())],
                "default"
            )
        )
    }

    /// The selects of the dummy form, as they were sent.
    pub(crate) fn dummy_fields(sent: [&str; 4], errors: &Errors) -> String {
        let fields = [
            ("status", "Payment status", &STATUSES[..]),
            ("fraud_status", "Fraud check", &FRAUD[..]),
            ("gateway_response", "Gateway's answer", &RESPONSES[..]),
            ("verification_result", "After 3-D Secure", &STATUSES[..]),
        ];
        let mut text = String::new();
        for ((name, label, choices), sent) in fields.into_iter().zip(sent) {
            let blank = if name == "verification_result" {
                "<option value=\"\">–</option>"
            } else {
                ""
            };
            let options: String = choices
                .iter()
                .map(|choice| {
                    let selected = if *choice == sent { " selected" } else { "" };
                    format!("<option value=\"{choice}\"{selected}>{choice}</option>")
                })
                .collect();
            text.push_str(&format!(
                "<div class=\"form-group\"><label for=\"id_{name}\">{label}</label><select id=\"id_{name}\" name=\"{name}\" \
                 class=\"form-control\">{blank}{options}</select>{}</div>\n",
                super::error_list(errors, name)
            ));
        }
        text
    }

    pub(crate) fn lines(lines: &[CartLine], shipping: u64) -> String {
        let mut text: String = lines
            .iter()
            .map(|line| {
                format!(
                    "        <tr class=\"order-details__product\"><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td></tr>\n",
                    line.url, line.title(), line.quantity, money(line.total())
                )
            })
            .collect();
        let total: u64 = lines.iter().map(CartLine::total).sum::<u64>() + shipping;
        text.push_str(&format!(
            "        <tr><td>Delivery</td><td></td><td>{}</td></tr>\n",
            money(shipping)
        ));
        text.push_str(&format!(
            "        <tr class=\"order-details__total\"><td>Total</td><td></td><td>{}</td></tr>\n",
            money(total)
        ));
        text
    }

    pub(crate) fn address(address: &Address) -> String {
        let lines: String = address
            .lines()
            .iter()
            .map(|line| format!("{}<br>", escape(line)))
            .collect();
        format!("<address>{lines}</address>")
    }
}
