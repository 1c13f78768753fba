//! The mock shop, asked over a real socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods)] // tests may look at the clock

mod accounts;
mod browser;
mod carts;
mod checkouts;
mod orders;
mod pages;
mod serving;
mod tokens;
mod ways;

use mock_saleor::{Config, MockSaleor, Stock};

use browser::Browser;

/// A shop with the default knobs.
fn shop() -> MockSaleor {
    MockSaleor::start(Config::default()).unwrap()
}

fn shop_with(stock: Stock) -> MockSaleor {
    MockSaleor::start(Config {
        stock,
        ..Config::default()
    })
    .unwrap()
}

const ADDRESS: [(&str, &str); 8] = [
    ("first_name", "Ada"),
    ("last_name", "Lovelace"),
    ("street_address_1", "1 Main Street"),
    ("city", "Sandusky"),
    ("country_area", "OH"),
    ("postal_code", "44870"),
    ("country", "US"),
    ("phone", "whatever is here is ignored"),
];

/// The address with more fields before it; a later field of the same name would win.
fn address<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = ADDRESS
        .into_iter()
        .filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    more.iter().copied().chain(kept).collect()
}

impl Browser {
    /// Looks at the hoodie and puts one into the cart.
    fn add_hoodie(&mut self) {
        self.get("/products/codemash-1/");
        let page = self.ajax(
            "/products/codemash-1/add/",
            &[("variant", "1"), ("quantity", "1")],
        );
        assert_eq!(
            (page.status, page.body.as_str()),
            (200, r#"{"next": "/cart/"}"#)
        );
    }

    fn sign_up(&mut self, email: &str) {
        let form = self.get("/account/signup/");
        let page = self.submit(
            &form,
            "/account/signup/",
            &[("email", email), ("password", "x")],
        );
        assert_eq!((page.status, page.location()), (302, "/"));
    }

    /// Goes from a full cart to a placed order; returns its path, `/order/<token>/`.
    fn check_out(&mut self, who: (&str, &str)) -> String {
        let page = self.follow("/checkout/");
        let page = self.submit(&page, "/checkout/shipping-address/", &address(&[who]));
        assert_eq!(
            (page.status, page.location()),
            (302, "/checkout/shipping-method/")
        );
        let page = self.get("/checkout/shipping-method/");
        let page = self.submit(&page, "/checkout/shipping-method/", &[("method", "1")]);
        assert_eq!((page.status, page.location()), (302, "/checkout/summary/"));
        let page = self.get("/checkout/summary/");
        let page = self.submit(
            &page,
            "/checkout/summary/",
            &[("address", "shipping_address")],
        );
        assert_eq!(page.status, 302);
        page.location().strip_suffix("payment/").unwrap().to_owned()
    }
}
