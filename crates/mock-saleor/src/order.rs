//! Orders after they are placed: paying them with the dummy, looking at them, a password afterwards.

use uuid::Uuid;

use super::address::{Address, Errors, REQUIRED};
use super::body::ByteRope;
use super::context::RequestContext;
use super::form::Form;
use super::pages::{OrderPages, escape, input, money};
use super::reply::Reply;

pub(super) const STATUSES: [&str; 7] = [
    "waiting",
    "preauth",
    "confirmed",
    "rejected",
    "refunded",
    "error",
    "input",
];
pub(super) const FRAUD: [&str; 4] = ["unknown", "accept", "reject", "review"];
pub(super) const RESPONSES: [&str; 4] =
    ["3ds-disabled", "3ds-redirect", "failure", "payment-error"];

/// Payments kept with an order; every view of the dummy form makes one.
const PAYMENTS_KEPT: usize = 16;

pub(super) struct Order {
    pub(super) number: u32,
    pub(super) account: Option<u32>,
    pub(super) email: String,
    pub(super) lines: Vec<(u32, u32)>,
    /// Cents.
    pub(super) shipping: u64,
    pub(super) address: Address,
    pub(super) payments: Vec<Payment>,
}

pub(super) struct Payment {
    id: Uuid,
    status: &'static str,
}

impl Order {
    fn is(&self, status: &str) -> bool {
        self.payments.iter().any(|payment| payment.status == status)
    }

    /// A payment is for the whole order, so one that is confirmed pays it.
    fn is_paid(&self) -> bool {
        self.is("confirmed")
    }

    fn state(&self) -> &'static str {
        match () {
            () if self.is_paid() => "Paid",
            () if self.is("preauth") => "Payment authorised",
            () if self.is("waiting") => "Payment under way",
            () => "Not paid yet",
        }
    }

    fn set(&mut self, payment: Uuid, status: &'static str) {
        if let Some(payment) = self.payments.iter_mut().find(|known| known.id == payment) {
            payment.status = status;
        }
    }
}

impl RequestContext<'_> {
    fn order(&self, token: &Uuid) -> Option<&Order> {
        self.shop.orders.get(token)
    }

    pub(super) fn order_payment(&mut self, token: Uuid) -> Reply {
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        let number = ByteRope::from(order.number.to_string());
        let pages = &self.store.pages.order;
        if let Some(waiting) = order
            .payments
            .iter()
            .find(|payment| payment.status == "waiting")
        {
            let action = format!("action=\"/order/{token}/cancel-payment/\"");
            let field = format!(
                "<input type=\"hidden\" name=\"payment_id\" value=\"{}\">",
                waiting.id
            );
            return self.page(&pages.pending, &[number, action.into(), field.into()]);
        }
        if order.is_paid() || order.is("preauth") {
            let link = format!("<a href=\"/order/{token}/\">See the order</a>");
            return self.page(&pages.paid, &[number, link.into()]);
        }
        let mut wrong = false;
        if self.ask.is_post() {
            if self.ask.form.text("method") == "default" {
                return Reply::redirect(format!("/order/{token}/payment/default/"));
            }
            wrong = true;
        }
        let lines = self.shown(&order.lines);
        let total = lines.iter().map(|line| line.total()).sum::<u64>() + order.shipping;
        let delivery = match order.shipping {
            0 => String::new(),
            cents => format!(", {} of it for delivery", money(cents)),
        };
        let due = format!("<p>To pay: <strong>{}</strong>{delivery}</p>", money(total));
        let action = format!("action=\"/order/{token}/payment/\"");
        self.page(
            &pages.payment,
            &[
                number,
                due.into(),
                action.into(),
                OrderPages::method_field(wrong).into(),
            ],
        )
    }

    pub(super) fn start_payment(&mut self, token: Uuid, variant: &str) -> Reply {
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        if order.is("waiting") {
            return Reply::redirect(format!("/order/{token}/payment/"));
        }
        if order.is_paid() {
            return Reply::redirect(format!("/order/{token}/"));
        }
        if variant != "default" {
            return self.missing();
        }
        let payment = self.open_payment(token);
        let form = &self.ask.form;
        let names = [
            "status",
            "fraud_status",
            "gateway_response",
            "verification_result",
        ];
        let sent = names.map(|name| form.text(name));
        let mut errors = Errors::new();
        if self.ask.is_post() {
            for ((name, sent), known) in
                names
                    .into_iter()
                    .zip(sent)
                    .zip([&STATUSES[..], &FRAUD, &RESPONSES, &STATUSES])
            {
                if sent.is_empty() && name != "verification_result" {
                    errors.push((name, REQUIRED));
                } else if !sent.is_empty() && !known.contains(&sent) {
                    errors.push((name, "Choose one of those on offer."));
                }
            }
            if sent[2] == "3ds-redirect" && sent[3].is_empty() {
                errors.push((
                    "verification_result",
                    "Say how it is to end after 3-D Secure.",
                ));
            }
            if errors.is_empty() {
                return self.settle(token, payment, sent);
            }
        }
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        let number = ByteRope::from(order.number.to_string());
        let fields = OrderPages::dummy_fields(sent, &errors);
        self.page(&self.store.pages.order.dummy, &[number, fields.into()])
    }

    /// A payment row, at once in the state "input".
    fn open_payment(&mut self, token: Uuid) -> Uuid {
        let id = Uuid::new_v4();
        if let Some(order) = self.shop.orders.get_mut(&token) {
            if order.payments.len() >= PAYMENTS_KEPT {
                let spare = order
                    .payments
                    .iter()
                    .position(|payment| payment.status == "input")
                    .unwrap_or(0);
                order.payments.remove(spare);
            }
            order.payments.push(Payment {
                id,
                status: "input",
            });
        }
        id
    }

    /// Does what the valid dummy form says.
    fn settle(
        &mut self,
        token: Uuid,
        payment: Uuid,
        [status, _, response, result]: [&str; 4],
    ) -> Reply {
        match response {
            "3ds-redirect" => {
                // Only now, because only such a payment is ever looked up by its own token.
                self.shop.payments.insert(payment, token);
                Reply::redirect(format!("/process/{payment}/?verification_result={result}"))
            }
            "failure" | "payment-error" => {
                self.change(token, payment, "error");
                self.flash("warning", "The payment failed: try once more.");
                Reply::redirect(format!("/order/{token}/payment/"))
            }
            _ => self.settled(token, payment, status),
        }
    }

    fn change(&mut self, token: Uuid, payment: Uuid, status: &str) -> &'static str {
        let status = STATUSES
            .into_iter()
            .find(|known| *known == status)
            .unwrap_or("error");
        if let Some(order) = self.shop.orders.get_mut(&token) {
            order.set(payment, status);
        }
        status
    }

    /// The absolute redirect that leaves the dummy gateway.
    fn settled(&mut self, token: Uuid, payment: Uuid, status: &str) -> Reply {
        let scheme = if self.ask.https { "https" } else { "http" };
        let domain = match &self.store.config.site_domain {
            Some(domain) => domain,
            // The name the visitor knows the shop by: its cookies belong to that.
            None if !self.ask.host.is_empty() => self.ask.host,
            None => &self.store.address,
        };
        let shop = format!("{scheme}://{domain}/order/{token}/");
        match self.change(token, payment, status) {
            "confirmed" | "preauth" => {
                self.shop.counters.payments += 1;
                Reply::redirect(shop + "create-password/")
            }
            _ => Reply::redirect(shop),
        }
    }

    /// The way back from 3-D Secure.
    pub(super) fn process_payment(&mut self, payment: Uuid) -> Reply {
        let Some(token) = self.shop.payments.get(&payment).copied() else {
            return self.missing();
        };
        let query = Form::urlencoded(self.ask.query.as_bytes());
        let status = query.text("verification_result");
        let known = STATUSES.contains(&status);
        self.settled(token, payment, if known { status } else { "error" })
    }

    pub(super) fn cancel_payment(&mut self, token: Uuid) -> Reply {
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        let sent = Uuid::try_parse(self.ask.form.text("payment_id")).ok();
        let waiting = order
            .payments
            .iter()
            .find(|payment| payment.status == "waiting" && Some(payment.id) == sent);
        let Some(payment) = waiting
            .map(|payment| payment.id)
            .filter(|_| self.ask.is_post())
        else {
            return Reply {
                status: 403,
                ..Reply::page(ByteRope::default())
            };
        };
        self.change(token, payment, "rejected");
        Reply::redirect(format!("/order/{token}/payment/"))
    }

    pub(super) fn order_details(&mut self, token: Uuid) -> Reply {
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        let pay = if order.is_paid() || order.is("preauth") {
            String::new()
        } else {
            format!("<a class=\"btn\" href=\"/order/{token}/payment/\">Pay</a>")
        };
        let owner = order.account.is_some() && order.account == self.account_id();
        let address = if owner {
            OrderPages::address(&order.address)
        } else {
            String::new()
        };
        let lines = OrderPages::lines(&self.shown(&order.lines), order.shipping);
        let slots = [
            ByteRope::from(order.number.to_string()),
            order.state().into(),
            lines.into(),
            address.into(),
            pay.into(),
        ];
        self.page(&self.store.pages.order.details, &slots)
    }

    pub(super) fn create_password(&mut self, token: Uuid) -> Reply {
        let Some(order) = self.order(&token) else {
            return self.missing();
        };
        if self.account().is_some() {
            return Reply::redirect(format!("/order/{token}/"));
        }
        let (number, email) = (order.number, order.email.clone());
        let mut errors = Errors::new();
        let known = self.shop.account_by_email(&email).is_some();
        if self.ask.is_post() && !known {
            let password = self.ask.form.get("password").unwrap_or_default();
            if !password.is_empty() {
                let account = self.register(&email, password);
                if let Some(order) = self.shop.orders.get_mut(&token) {
                    order.account = Some(account);
                }
                self.shop.list_order(account, token);
                return Reply::redirect(format!("/order/{token}/"));
            }
            errors.push(("password", REQUIRED));
        }
        let (action, fields, button) = if known {
            let next = format!("<input type=\"hidden\" name=\"next\" value=\"/order/{token}/\">");
            let fields = input("username", "email", "E-mail", &email, &errors)
                + &input("password", "password", "Password", "", &errors)
                + &next;
            ("action=\"/account/login/\"", fields, "Log in")
        } else {
            (
                "",
                input(
                    "password",
                    "password",
                    "A password, to look at the order later",
                    "",
                    &errors,
                ),
                "Open an account",
            )
        };
        let csrf = String::from_utf8_lossy(&self.token()).into_owned();
        let form = format!(
            "<p>We write to {}.</p><form method=\"post\" {action} novalidate>\
             <input type='hidden' name='csrfmiddlewaretoken' value='{csrf}' />\n{fields}<button class=\"btn\" type=\"submit\">{button}</button></form>",
            escape(&email)
        );
        self.page(
            &self.store.pages.order.thanks,
            &[ByteRope::from(number.to_string()), form.into()],
        )
    }
}
