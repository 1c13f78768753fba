//! The checkout: guards first, then the step's form; the state is what cart and session say at each request.

use super::address::{Address, Errors, REQUIRED, is_email};
use super::context::RequestContext;
use super::order::Order;
use super::pages::{AddressBlock, Review};
use super::reply::Reply;

/// Delivery methods by the number of their world-wide price: name, US cents.
pub(super) const METHODS: [(u32, &str, u32); 2] = [(1, "UPC", 1_140), (2, "DHL", 2_360)];

const NEW_ADDRESS: &str = "new_address";
const SAME_ADDRESS: &str = "shipping_address";
const NO_VOUCHER: &str = "This code gives no discount.";

/// How far a visitor has come.
struct State {
    lines: Vec<(u32, u32)>,
    ships: bool,
    email: Option<String>,
    address: Option<Address>,
    method: Option<u32>,
}

/// What a form's address choice came to.
enum Chosen {
    Address(Address),
    /// The new address was typed in and is wrong, or the choice is none of those offered.
    Wrong(Address, Errors),
}

impl RequestContext<'_> {
    fn state(&self) -> State {
        let lines = self.cart_lines();
        let ships = lines.iter().any(|(variant, _)| {
            self.store
                .catalog
                .owner(*variant)
                .is_some_and(|product| product.kind().shippable)
        });
        let session = self.session();
        let default = self.account().and_then(|account| {
            let default = account.default_address?;
            account
                .addresses
                .iter()
                .find(|(id, _)| *id == default)
                .map(|(_, address)| address.clone())
        });
        State {
            lines,
            ships,
            email: session.and_then(|session| session.email.clone()),
            address: session
                .and_then(|session| session.shipping.clone())
                .or(default),
            method: session.and_then(|session| session.method),
        }
    }

    pub(super) fn checkout(&mut self) -> Reply {
        let state = self.state();
        Reply::redirect(match (state.lines.is_empty(), state.ships) {
            (true, _) => "/cart/",
            (false, false) => "/checkout/summary/",
            (false, true) => "/checkout/shipping-address/",
        })
    }

    pub(super) fn checkout_login(&mut self) -> Reply {
        if self.account().is_some() {
            return Reply::redirect("/checkout/");
        }
        if self.cart_lines().is_empty() {
            return Reply::redirect("/cart/");
        }
        self.page(&self.store.pages.checkout.login, &[])
    }

    /// Any field of the promo form makes a POST a voucher entry; no voucher is valid here.
    fn promo(&self) -> &'static str {
        if self.ask.is_post() && self.ask.form.has_prefix("discount-") {
            NO_VOUCHER
        } else {
            ""
        }
    }

    pub(super) fn shipping_address(&mut self) -> Reply {
        let state = self.state();
        if state.lines.is_empty() {
            return Reply::redirect("/cart/");
        }
        if !state.ships {
            return Reply::redirect("/checkout/summary/");
        }
        let own_email = self.account().map(|account| account.email.clone());
        if let Some(email) = &own_email {
            // The original writes it at every visit of this step.
            self.session_mut().email = Some(email.clone());
        }
        let promo = self.promo();
        let form = &self.ask.form;
        let (mut block, mut errors) = (state.address.clone().unwrap_or_else(us), Errors::new());
        let mut email = state.email.clone().unwrap_or_default();
        if self.ask.is_post() && promo.is_empty() {
            let previewed = !form.text("preview").is_empty();
            let chosen = match &own_email {
                Some(_) => self.chosen_address(None),
                None => typed(Address::from_form(form)),
            };
            if own_email.is_none() {
                email = form.text("email").to_owned();
                errors = email_errors(&email);
            }
            match chosen {
                Chosen::Address(address) if errors.is_empty() && !previewed => {
                    let session = self.session_mut();
                    session.shipping = Some(address);
                    session.email = own_email.or(Some(email));
                    return Reply::redirect("/checkout/shipping-method/");
                }
                Chosen::Address(address) => block = address,
                Chosen::Wrong(address, wrong) => {
                    block = address;
                    if !previewed {
                        errors.extend(wrong);
                    }
                }
            }
            if previewed {
                errors.clear();
            }
        }
        let choice = self.address_choice(&state, own_email.is_some(), false);
        let asked = own_email.is_none().then_some(email.as_str());
        let pages = &self.store.pages;
        let block = AddressBlock {
            address: &block,
            errors: &errors,
        };
        let fields =
            pages
                .checkout
                .address_fields(&pages.fields, asked, &choice.0, &choice.1, &block);
        self.step(
            &pages.checkout.shipping_address,
            fields,
            &state,
            false,
            promo,
        )
    }

    pub(super) fn shipping_method(&mut self) -> Reply {
        let state = self.state();
        if state.lines.is_empty() {
            return Reply::redirect("/cart/");
        }
        if !state.ships {
            return Reply::redirect("/checkout/summary/");
        }
        if state.email.is_none() || state.address.is_none() {
            return Reply::redirect("/checkout/shipping-address/");
        }
        let promo = self.promo();
        let mut errors = Errors::new();
        if self.ask.is_post() && promo.is_empty() {
            let sent = self.ask.form.text("method");
            let method = sent
                .parse()
                .ok()
                .filter(|id| METHODS.iter().any(|(known, ..)| known == id));
            if method.is_some() {
                let address = state.address.clone();
                let session = self.session_mut();
                session.method = method;
                session.shipping = address;
                return Reply::redirect("/checkout/summary/");
            }
            errors.push((
                "method",
                if sent.is_empty() {
                    REQUIRED
                } else {
                    "Choose one of the delivery methods on offer."
                },
            ));
        }
        let pages = &self.store.pages;
        let fields = pages.checkout.method_fields(state.method, &errors);
        self.step(&pages.checkout.shipping_method, fields, &state, true, promo)
    }

    pub(super) fn summary(&mut self) -> Reply {
        let state = self.state();
        if state.lines.is_empty() {
            return Reply::redirect("/cart/");
        }
        if state.ships
            && (state.email.is_none() || state.address.is_none() || state.method.is_none())
        {
            return Reply::redirect("/checkout/shipping-method/");
        }
        let own_email = self.account().map(|account| account.email.clone());
        let asks_email = !state.ships && own_email.is_none();
        let promo = self.promo();
        let form = &self.ask.form;
        let (mut block, mut errors) = (us(), Errors::new());
        let mut email = state
            .email
            .clone()
            .or_else(|| own_email.clone())
            .unwrap_or_default();
        if self.ask.is_post() && promo.is_empty() {
            let chosen = if asks_email {
                email = form.text("email").to_owned();
                errors = email_errors(&email);
                typed(Address::from_form(form))
            } else {
                self.chosen_address(state.address.as_ref().filter(|_| state.ships))
            };
            let previewed = !form.text("preview").is_empty();
            match chosen {
                Chosen::Address(billing) if errors.is_empty() && !previewed => {
                    return self.place_order(state, own_email.unwrap_or(email), billing);
                }
                Chosen::Address(address) => block = address,
                Chosen::Wrong(address, wrong) => {
                    block = address;
                    errors.extend(wrong);
                }
            }
            if previewed {
                errors.clear();
            }
        }
        let choice = self.address_choice(&state, !asks_email, state.ships);
        let asked = asks_email.then_some(email.as_str());
        let pages = &self.store.pages;
        let block = AddressBlock {
            address: &block,
            errors: &errors,
        };
        let fields =
            pages
                .checkout
                .address_fields(&pages.fields, asked, &choice.0, &choice.1, &block);
        self.step(&pages.checkout.summary, fields, &state, true, promo)
    }

    /// The address radios on offer and the one to be checked.
    fn address_choice(
        &self,
        state: &State,
        offered: bool,
        ships: bool,
    ) -> (Vec<(String, String)>, String) {
        if !offered {
            return (Vec::new(), String::new());
        }
        let mut radios = Vec::new();
        if ships {
            radios.push((
                SAME_ADDRESS.to_owned(),
                "Same as the delivery address".to_owned(),
            ));
        }
        let saved = self
            .account()
            .map(|account| account.addresses.as_slice())
            .unwrap_or_default();
        for (id, address) in saved {
            radios.push((id.to_string(), address.lines().join(", ")));
        }
        radios.push((NEW_ADDRESS.to_owned(), "Another address, below".to_owned()));
        let known = saved
            .iter()
            .find(|(_, address)| Some(address) == state.address.as_ref());
        let sent = self.ask.form.text("address");
        let checked = match known {
            _ if radios.iter().any(|(value, _)| value == sent) => sent.to_owned(),
            _ if ships => SAME_ADDRESS.to_owned(),
            Some((id, _)) => id.to_string(),
            None => NEW_ADDRESS.to_owned(),
        };
        (radios, checked)
    }

    /// What `address` in the form stands for; `same` is offered as the shipping address if there.
    fn chosen_address(&self, same: Option<&Address>) -> Chosen {
        let form = &self.ask.form;
        let choice = form.text("address");
        if let (SAME_ADDRESS, Some(address)) = (choice, same) {
            return Chosen::Address(address.clone());
        }
        let saved = self.account().and_then(|account| {
            account
                .addresses
                .iter()
                .find(|(id, _)| id.to_string() == choice)
                .map(|(_, address)| address.clone())
        });
        match (saved, choice) {
            (Some(address), _) => Chosen::Address(address),
            (None, NEW_ADDRESS) => typed(Address::from_form(form)),
            // No choice made, or none of those offered: the form below is checked and found wanting,
            // by the rules of the country it would have stood at.
            (None, _) => {
                let mut address = Address::from_form(form);
                if address.country.is_empty() {
                    address.country = "US".to_owned();
                }
                match typed(address) {
                    Chosen::Address(address) => Chosen::Wrong(address, Errors::new()),
                    wrong => wrong,
                }
            }
        }
    }

    fn step(
        &mut self,
        template: &super::pages::Template,
        fields: super::body::ByteRope,
        state: &State,
        with_address: bool,
        promo: &'static str,
    ) -> Reply {
        let lines = self.shown(&state.lines);
        let address = state.address.as_ref().filter(|_| with_address);
        let review = Review {
            lines: &lines,
            address,
            method: state.method.filter(|_| state.ships),
            ships: state.ships,
        };
        let slots = self.store.pages.checkout.slots(fields, &review, promo);
        self.page(template, &slots)
    }

    fn place_order(&mut self, state: State, email: String, billing: Address) -> Reply {
        let catalog = &self.store.catalog;
        let short = |(variant, quantity): &(u32, u32)| {
            self.shop
                .available(catalog, *variant)
                .is_some_and(|available| *quantity > available)
        };
        if state.lines.iter().any(short) {
            return Reply::redirect("/cart/");
        }
        let account = self.account_id();
        if let Some(account) = account {
            for address in state
                .address
                .iter()
                .filter(|_| state.ships)
                .chain([&billing])
            {
                self.shop.save_address(account, address);
            }
        }
        let method = METHODS
            .iter()
            .find(|(id, ..)| state.ships && Some(*id) == state.method);
        let order = Order {
            number: self.shop.number(),
            account,
            email,
            lines: state.lines,
            shipping: method.map_or(0, |(.., cents)| (*cents).into()),
            address: state.address.filter(|_| state.ships).unwrap_or(billing),
            payments: Vec::new(),
        };
        self.shop.allocate(&self.store.catalog, &order.lines);
        if let Some(cart) = self.cart_id() {
            self.shop.carts.remove(&cart);
        }
        self.session_mut().end_checkout();
        let token = uuid::Uuid::new_v4();
        self.shop.orders.insert(token, order);
        if let Some(account) = account {
            self.shop.list_order(account, token);
        }
        self.shop.counters.orders += 1;
        Reply::redirect(format!("/order/{token}/payment/"))
    }
}

fn us() -> Address {
    // Where a loopback address is taken to be.
    Address {
        country: "US".to_owned(),
        ..Address::default()
    }
}

fn typed(address: Address) -> Chosen {
    let without_country = address.country.is_empty();
    let (mut address, mut errors) = address.checked();
    if without_country {
        // The US rules tell what else is missing.
        address.country = "US".to_owned();
        let (_, rest) = address.clone().checked();
        errors.retain(|(field, _)| *field == "country");
        errors.extend(rest);
    }
    if errors.is_empty() {
        Chosen::Address(address)
    } else {
        Chosen::Wrong(address, errors)
    }
}

fn email_errors(email: &str) -> Errors {
    match email {
        "" => vec![("email", REQUIRED)],
        email if is_email(email) => Errors::new(),
        _ => vec![("email", "Enter a valid e-mail address.")],
    }
}
