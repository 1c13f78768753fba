//! Putting things into the cart, changing quantities, looking at it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::address::REQUIRED;
use super::context::RequestContext;
use super::cookies::{self, Cookies};
use super::pages::money;
use super::reply::{Content, Reply};

/// Most of one kind in one submission; a line may hold more.
const MOST: i64 = 50;

impl RequestContext<'_> {
    /// The visitor's cart, opened if there is none; an anonymous one goes into the cookie each time.
    fn cart_or_new(&mut self) -> Uuid {
        let cart = self.cart_id().unwrap_or_else(|| self.shop.open_cart());
        match self
            .account_id()
            .and_then(|account| self.shop.accounts.get_mut(&account))
        {
            Some(account) => {
                account.cart = Some(cart);
                self.own(cart);
            }
            None => self.cookies.push(self.shop.cookies.cart(&cart)),
        }
        cart
    }

    pub(super) fn add(&mut self, product: u32) -> Reply {
        let Some(product) = self.store.catalog.product(product) else {
            return self.missing();
        };
        if !self.ask.is_post() {
            return Reply::redirect(product.url());
        }
        let form = &self.ask.form;
        let variant = form
            .text("variant")
            .parse()
            .ok()
            .filter(|variant| product.variants.contains(variant));
        let errors = if form.is_empty() {
            json!({})
        } else {
            match (read_quantity(form.text("quantity")), variant) {
                // The original's form crashes here instead of reporting, before any cookie is set.
                (Ok(_), None) => return Reply::failure(),
                (Ok(quantity), Some(variant)) => {
                    let cart = self.cart_or_new();
                    let held = self
                        .shop
                        .carts
                        .get(&cart)
                        .map_or(0, |cart| cart.quantity(variant));
                    match self.shortage(variant, quantity, held) {
                        None => return self.added(cart, variant, held.saturating_add(quantity)),
                        Some(text) => return self.refused(product, &json!({"quantity": [text]})),
                    }
                }
                (Err(text), Some(_)) => json!({"quantity": [text]}),
                (Err(text), None) if form.text("variant").is_empty() => {
                    json!({"variant": [REQUIRED], "quantity": [text]})
                }
                (Err(text), None) => {
                    json!({"variant": ["There is no such variant."], "quantity": [text]})
                }
            }
        };
        self.cart_or_new();
        self.refused(product, &errors)
    }

    fn added(&mut self, cart: Uuid, variant: u32, quantity: u32) -> Reply {
        if let Some(cart) = self.shop.carts.get_mut(&cart) {
            cart.set(variant, quantity);
        }
        self.shop.counters.adds += 1;
        if self.ask.ajax {
            return Reply::new(200, Content::Json, r#"{"next": "/cart/"}"#);
        }
        Reply::redirect("/cart/")
    }

    fn refused(&mut self, product: &super::catalog::Product, errors: &Value) -> Reply {
        if self.ask.ajax {
            return Reply::json(400, &json!({"error": errors}));
        }
        let texts = errors
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, texts)| texts[0].as_str());
        let complaint = texts.collect::<Vec<_>>().join(" ");
        self.product_page(product, &complaint)
    }

    /// What to say when there is not enough left for `quantity` more on top of `held`.
    fn shortage(&self, variant: u32, quantity: u32, held: u32) -> Option<String> {
        let available = self.shop.available(&self.store.catalog, variant)?;
        if quantity.saturating_add(held) <= available {
            return None;
        }
        Some(match available.saturating_sub(held) {
            0 => "Sorry, this one is sold out for now, come back".to_owned(),
            left => format!("We have only {left} more of it."),
        })
    }

    /// Cuts quantities down to what is there; says whether it had to.
    fn cut_to_stock(&mut self) -> bool {
        let Some(id) = self.cart_id() else {
            return false;
        };
        let mut cut = false;
        for (variant, quantity) in self.cart_lines() {
            let available = self.shop.available(&self.store.catalog, variant);
            if let (Some(available), Some(cart)) = (available, self.shop.carts.get_mut(&id))
                && quantity > available
            {
                cart.set(variant, available);
                cut = true;
            }
        }
        cut
    }

    pub(super) fn cart_page(&mut self) -> Reply {
        if self.cut_to_stock() {
            self.flash(
                "warning",
                "There are fewer left than you wanted; the quantities in your cart have been reduced.",
            );
        }
        let lines = self.shown(&self.cart_lines());
        let pages = &self.store.pages;
        if lines.is_empty() {
            return self.page(&pages.cart.empty, &[]);
        }
        let subtotal = lines.iter().map(|line| line.total()).sum();
        let slots = pages
            .cart
            .slots(&lines, subtotal, &self.token(), &pages.fields);
        self.page(&pages.cart.full, &slots)
    }

    pub(super) fn cart_summary(&mut self) -> Reply {
        let lines = self.shown(&self.cart_lines());
        Reply::new(200, Content::Page, self.store.pages.cart.summary(&lines))
    }

    pub(super) fn shipping_options(&mut self) -> Reply {
        let country = self.ask.form.get("country").unwrap_or("US");
        let pages = &self.store.pages;
        Reply::page(pages.cart.shipping_options(country, &pages.fields))
    }

    pub(super) fn cart_update(&mut self, variant: u32) -> Reply {
        if self.store.catalog.owner(variant).is_none() {
            return self.missing();
        }
        if !self.ask.is_post() || !self.ask.ajax {
            return Reply::redirect("/cart/");
        }
        let quantity = match read_quantity(self.ask.form.text("quantity")) {
            Ok(quantity) => quantity,
            Err(text) => return Reply::json(400, &json!({"error": {"quantity": [text]}})),
        };
        let id = self.cart_id();
        let held = id
            .and_then(|id| self.shop.carts.get(&id))
            .map_or(0, |cart| cart.quantity(variant));
        if held == 0 && quantity > 0 {
            return Reply::failure(); // the original does not expect a line that is not there
        }
        if let Some(text) = self.shortage(variant, quantity, 0) {
            return Reply::json(400, &json!({"error": {"quantity": [text]}}));
        }
        if let Some(cart) = id.and_then(|id| self.shop.carts.get_mut(&id)) {
            cart.set(variant, quantity);
        }
        let lines = self.shown(&self.cart_lines());
        let amount = |cents: u64| {
            if cents == 0 {
                json!(0)
            } else {
                json!(money(cents))
            }
        };
        let total = lines.iter().map(|line| line.total()).sum();
        let subtotal = lines
            .iter()
            .filter(|line| line.variant == variant)
            .map(|line| line.total())
            .sum();
        let items: u32 = lines.iter().map(|line| line.quantity).sum();
        Reply::json(
            200,
            &json!({
                "variantId": variant.to_string(),
                "subtotal": amount(subtotal),
                "total": amount(total),
                "cart": {"numItems": items, "numLines": lines.len()},
            }),
        )
    }

    /// Makes the anonymous cart the account's own; an earlier one of the account is given up.
    pub(super) fn adopt_cart(&mut self) {
        let (Some(account), Some(cart)) = (self.account_id(), self.cookie_cart()) else {
            return;
        };
        if let Some(account) = self.shop.accounts.get_mut(&account) {
            let previous = account
                .cart
                .replace(cart)
                .filter(|previous| *previous != cart);
            if let Some(previous) = previous {
                self.shop.carts.remove(&previous);
            }
            self.own(cart);
            self.cookies.push(Cookies::deletion(cookies::CART));
        }
    }

    fn own(&mut self, cart: Uuid) {
        if let Some(cart) = self.shop.carts.get_mut(&cart) {
            cart.owned = true;
        }
    }
}

/// A quantity from 0 to 50, or what is wrong with it.
fn read_quantity(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() {
        return Err(REQUIRED);
    }
    let number: i64 = text.parse().map_err(|_| "Write a whole number.")?;
    if number > MOST {
        return Err("You can take at most fifty of a kind at a time");
    }
    u32::try_from(number).map_err(|_| "Write a number that is not smaller than zero, 0.")
}
