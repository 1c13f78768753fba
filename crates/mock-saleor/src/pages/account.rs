//! Sign-up, log-in and the account's own page.

use super::chrome::{shop_page, token_input};
use super::template::{SLOTS, Template};

/// Slots: a notice above, the e-mail field, the password field.
pub(super) fn signup(scale: f64) -> Template {
    let content = format!(
        "      <div class=\"narrow\">\n        <h1>Open an account</h1>\n        {}\n        \
         <form method=\"post\" action=\"/account/signup/\" novalidate>{}\n          {}{}\
         <button class=\"btn\" type=\"submit\">Open account</button>\n        </form>\n        \
         <p>You have one? <a href=\"/account/login/\">Log in</a></p>\n      </div>",
        SLOTS[0],
        token_input(),
        SLOTS[1],
        SLOTS[2]
    );
    Template::new(&shop_page("Sign up", "", &content), 14_066.0 * scale, 270)
}

/// Slots: a notice above, the user-name field, the password field, the `next` field.
pub(super) fn login(scale: f64) -> Template {
    let content = format!(
        "      <div class=\"narrow\">\n        <h1>Log in</h1>\n        {}\n        \
         <form method=\"post\" action=\"/account/login/\" novalidate>{}\n          {}{}{}\
         <button class=\"btn\" type=\"submit\">Log in</button>\n        </form>\n        \
         <p>New here? <a href=\"/account/signup/\">Open an account</a></p>\n      </div>",
        SLOTS[0],
        token_input(),
        SLOTS[1],
        SLOTS[2],
        SLOTS[3]
    );
    Template::new(&shop_page("Log in", "", &content), 14_176.0 * scale, 280)
}

/// The account's page: orders, addresses, a new password.
pub(crate) struct ProfilePage(pub(crate) Template);

impl ProfilePage {
    /// Slots: e-mail, orders, addresses, the password fields.
    pub(super) fn new(scale: f64) -> ProfilePage {
        let content = format!(
            "      <h1>Your account</h1>\n      <p>{}</p>\n      <h2>Orders</h2>\n      <ul class=\"orders\">{}</ul>\n      \
             <h2>Addresses</h2>\n      <div class=\"addresses\">{}</div>\n      <h2>A new password</h2>\n      \
             <form method=\"post\" class=\"narrow\" action=\"/profile/\">{}\n{}\
             <button class=\"btn\" type=\"submit\">Change password</button></form>",
            SLOTS[0],
            SLOTS[1],
            SLOTS[2],
            token_input(),
            SLOTS[3]
        );
        ProfilePage(Template::new(
            &shop_page("Your account", "", &content),
            15_000.0 * scale,
            500,
        ))
    }
}
