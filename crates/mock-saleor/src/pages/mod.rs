//! The pages: templates made once with holes for what differs between visitors, and the pieces for the holes.

mod account;
mod assets;
mod cart;
mod checkout;
mod chrome;
mod fields;
mod listing;
mod order;
mod product;
mod template;

use bytes::Bytes;

use super::catalog::Catalog;
use super::config::Config;

pub(super) use account::ProfilePage;
pub(super) use assets::asset;
pub(super) use cart::{CartLine, CartPages};
pub(super) use checkout::{CheckoutPages, Review};
pub(super) use chrome::{Refusal, forbidden, not_found};
pub(super) use fields::{AddressBlock, Choices, error_list, input};
pub(super) use listing::{Listing, PAGE, Sort};
pub(super) use order::OrderPages;
pub(super) use template::{Template, TemplateValues, escape, money};

/// Every template of the shop, made when it opens.
pub(super) struct Pages {
    pub(super) home: Template,
    pub(super) listing: Listing,
    /// By product: with picker or form, and sold out.
    pub(super) products: Vec<(Template, Template)>,
    pub(super) signup: Template,
    pub(super) login: Template,
    pub(super) profile: ProfilePage,
    pub(super) cart: CartPages,
    pub(super) checkout: CheckoutPages,
    pub(super) order: OrderPages,
    pub(super) fields: Choices,
    pub(super) script: Bytes,
}

impl Pages {
    pub(super) fn new(catalog: &Catalog, config: &Config) -> Pages {
        let scale = config.page_size;
        let fields = Choices::new();
        let cards = listing::Cards::new(catalog, scale);
        Pages {
            home: listing::home(catalog, &cards, scale),
            products: catalog
                .products
                .iter()
                .map(|product| product::pages(product, scale))
                .collect(),
            signup: account::signup(scale),
            login: account::login(scale),
            profile: ProfilePage::new(scale),
            cart: CartPages::new(&fields, scale),
            checkout: CheckoutPages::new(&fields, scale),
            order: OrderPages::new(scale),
            listing: Listing::new(catalog, cards, scale),
            fields,
            script: assets::translations(),
        }
    }
}
