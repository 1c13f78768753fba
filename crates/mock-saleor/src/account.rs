//! Accounts: signing up, logging in and out, one's own page.

use super::address::{Errors, REQUIRED, is_email};
use super::body::ByteRope;
use super::context::RequestContext;
use super::form::Form;
use super::pages::{escape, input};
use super::reply::Reply;

const NOTICE: &str =
    "<div class=\"alert alert-danger\">The form has errors; please correct them.</div>";

impl RequestContext<'_> {
    /// Opens an account and logs it in: cookies rotate.
    pub(super) fn register(&mut self, email: &str, password: &str) -> u32 {
        let account = self.shop.open_account(email, password);
        self.shop.counters.registrations += 1;
        self.log_in(account);
        account
    }

    fn log_in(&mut self, account: u32) {
        // Someone else's session is emptied, an anonymous one keeps its checkout.
        let keep = self.account_id().is_none_or(|other| other == account);
        self.renew_session(keep);
        self.session_mut().account = Some(account);
        self.rotate_token();
    }

    pub(super) fn signup(&mut self) -> Reply {
        let form = &self.ask.form;
        let (email, password) = (form.text("email"), form.get("password").unwrap_or_default());
        let mut errors = Errors::new();
        if self.ask.is_post() {
            if email.is_empty() {
                errors.push(("email", REQUIRED));
            } else if !is_email(email) {
                errors.push(("email", "Enter a valid e-mail address."));
            } else if self.shop.account_by_email(email).is_some() {
                errors.push((
                    "email",
                    "An account with this e-mail address exists already.",
                ));
            }
            if password.is_empty() {
                errors.push(("password", REQUIRED));
            }
            if errors.is_empty() {
                self.register(email, password);
                self.flash(
                    "success",
                    "Welcome! Your account is open, and you are logged in.",
                );
                return Reply::redirect(own_path(form.text("next"), self.ask.host));
            }
        }
        let notice = if errors.is_empty() { "" } else { NOTICE };
        let slots = [
            ByteRope::from(notice),
            input("email", "email", "E-mail", email, &errors).into(),
            input("password", "password", "Password", "", &errors).into(),
        ];
        self.page(&self.store.pages.signup, &slots)
    }

    pub(super) fn login(&mut self) -> Reply {
        let form = &self.ask.form;
        let query = Form::urlencoded(self.ask.query.as_bytes());
        let next = form
            .get("next")
            .or_else(|| query.get("next"))
            .unwrap_or_default();
        let username = form.text("username");
        if self.ask.is_post() {
            let digest = self
                .shop
                .cookies
                .digest(form.get("password").unwrap_or_default());
            let account = self.shop.account_by_email(username).filter(|id| {
                self.shop
                    .accounts
                    .get(id)
                    .is_some_and(|account| account.password == digest)
            });
            if let Some(account) = account {
                self.log_in(account);
                self.shop.counters.logins += 1;
                self.adopt_cart();
                return Reply::redirect(own_path(next, self.ask.host));
            }
        }
        self.adopt_cart();
        let notice = if self.ask.is_post() { NOTICE } else { "" };
        let next = match next {
            "" => String::new(),
            next => format!(
                "<input type=\"hidden\" name=\"next\" value=\"{}\">\n",
                escape(next)
            ),
        };
        let slots = [
            ByteRope::from(notice),
            input("username", "email", "E-mail", username, &Errors::new()).into(),
            input("password", "password", "Password", "", &Errors::new()).into(),
            next.into(),
        ];
        self.page(&self.store.pages.login, &slots)
    }

    pub(super) fn logout(&mut self) -> Reply {
        if self.account().is_none() {
            return Reply::redirect("/account/login/?next=/account/logout/");
        }
        self.renew_session(false);
        self.flash("success", "You are logged out. See you soon!");
        Reply::redirect("/")
    }

    pub(super) fn profile(&mut self) -> Reply {
        let Some(account) = self.account_id() else {
            return Reply::redirect("/account/login/?next=/profile/");
        };
        let form = &self.ask.form;
        let sent = ["old_password", "new_password1", "new_password2"]
            .map(|name| form.get(name).unwrap_or_default());
        let digests = sent.map(|password| self.shop.cookies.digest(password));
        let mut errors = Errors::new();
        if self.ask.is_post() {
            let known = self
                .shop
                .accounts
                .get(&account)
                .map(|account| account.password);
            if known != Some(digests[0]) {
                errors.push(("old_password", "That is not your password."));
            }
            if sent[1].is_empty() || sent[1] != sent[2] {
                errors.push(("new_password2", "The two passwords differ."));
            }
            if errors.is_empty() {
                if let Some(account) = self.shop.accounts.get_mut(&account) {
                    account.password = digests[1];
                }
                self.flash("success", "Your password is changed.");
                return Reply::redirect("/profile/");
            }
        }
        let Some(account) = self.shop.accounts.get(&account) else {
            return self.missing();
        };
        let orders: String = account
            .orders
            .iter()
            .filter_map(|token| Some((token, self.shop.orders.get(token)?)))
            .map(|(token, order)| {
                format!(
                    "<li><a href=\"/order/{token}/\">Order #{}</a></li>",
                    order.number
                )
            })
            .collect();
        let addresses: String = account
            .addresses
            .iter()
            .map(|(_, address)| {
                format!("<address>{}</address>", escape(&address.lines().join(", ")))
            })
            .collect();
        let fields = input("old_password", "password", "Password so far", "", &errors)
            + &input("new_password1", "password", "New password", "", &errors)
            + &input("new_password2", "password", "Once more", "", &errors);
        let slots = [
            escape(&account.email).into(),
            orders.into(),
            addresses.into(),
            fields.into(),
        ];
        self.page(&self.store.pages.profile.0, &slots)
    }
}

/// Where to go after logging in: a path of this shop, or its front page.
fn own_path(next: &str, host: &str) -> String {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    let absolute = |scheme: &str| {
        let rest = next.strip_prefix(scheme)?.strip_prefix(host)?;
        (!host.is_empty() && (rest.is_empty() || rest.starts_with('/'))).then_some(())
    };
    let own = local
        || absolute("http://")
            .or_else(|| absolute("https://"))
            .is_some();
    let clean = next.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if own && clean {
        next.to_owned()
    } else {
        "/".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_gone_to() {
        for (next, gone) in [
            ("", "/"),
            ("/checkout/", "/checkout/"),
            ("http://shop:8000/cart/", "http://shop:8000/cart/"),
            ("http://shop:8000.evil.example/", "/"),
            ("http://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nb", "/"),
        ] {
            assert_eq!(own_path(next, "shop:8000"), gone, "{next}");
        }
    }
}
