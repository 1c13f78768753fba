//! What the shop remembers: sessions, carts, accounts, orders and what is allocated, all bounded.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::address::Address;
use super::bounded_map::BoundedMap;
use super::catalog::Catalog;
use super::config::Config;
use super::cookies::Cookies;
use super::order::Order;
use super::pages::Pages;
use super::routes::PATTERNS;
use super::seen::Counters;

/// What never changes while the shop is open.
pub(super) struct Store {
    pub(super) config: Config,
    pub(super) catalog: Catalog,
    pub(super) pages: Pages,
    /// Host and port the shop is reached at.
    pub(super) address: String,
}

pub(super) type SessionKey = [u8; 32];

#[derive(Default)]
pub(super) struct Session {
    pub(super) account: Option<u32>,
    pub(super) flashes: Vec<(&'static str, String)>,
    /// The checkout so far.
    pub(super) email: Option<String>,
    pub(super) shipping: Option<Address>,
    pub(super) method: Option<u32>,
}

impl Session {
    /// Forgets the checkout, as once the order exists.
    pub(super) fn end_checkout(&mut self) {
        (self.email, self.shipping, self.method) = (None, None, None);
    }
}

#[derive(Default)]
pub(super) struct Cart {
    /// Variant and quantity, in the order of adding.
    pub(super) lines: Vec<(u32, u32)>,
    /// An account's cart is not to be had by the cookie any more.
    pub(super) owned: bool,
}

impl Cart {
    pub(super) fn quantity(&self, variant: u32) -> u32 {
        self.lines
            .iter()
            .find(|(v, _)| *v == variant)
            .map_or(0, |(_, quantity)| *quantity)
    }

    /// Sets a line's quantity; at zero there is no line.
    pub(super) fn set(&mut self, variant: u32, quantity: u32) {
        match self.lines.iter_mut().find(|(v, _)| *v == variant) {
            Some(line) => line.1 = quantity,
            None => self.lines.push((variant, quantity)),
        }
        self.lines.retain(|(_, quantity)| *quantity > 0);
    }

    pub(super) fn items(&self) -> u32 {
        self.lines
            .iter()
            .fold(0, |sum, (_, quantity)| sum.saturating_add(*quantity))
    }
}

pub(super) struct Account {
    pub(super) email: String,
    pub(super) password: [u8; 32],
    pub(super) cart: Option<Uuid>,
    /// Saved addresses by number, oldest first; at most `ADDRESSES_KEPT`.
    pub(super) addresses: Vec<(u32, Address)>,
    pub(super) default_address: Option<u32>,
    pub(super) orders: Vec<Uuid>,
}

const ADDRESSES_KEPT: usize = 10;
const ORDERS_LISTED: usize = 20;

pub(super) struct Shop {
    pub(super) cookies: Cookies,
    pub(super) counters: Counters,
    pub(super) rng: SmallRng,
    pub(super) sessions: BoundedMap<SessionKey, Session>,
    pub(super) carts: BoundedMap<Uuid, Cart>,
    pub(super) accounts: BoundedMap<u32, Account>,
    accounts_by_email: HashMap<String, u32>,
    pub(super) orders: BoundedMap<Uuid, Order>,
    /// Payment to order, for the return from 3-D Secure.
    pub(super) payments: BoundedMap<Uuid, Uuid>,
    allocated: HashMap<u32, u32>,
    next_number: u32,
}

impl Shop {
    pub(super) fn new(config: &Config) -> Shop {
        Shop {
            cookies: Cookies::new(rand::rng().random()),
            counters: Counters::new(PATTERNS.len()),
            rng: SmallRng::seed_from_u64(config.seed),
            sessions: BoundedMap::new(config.keep),
            carts: BoundedMap::new(config.keep),
            accounts: BoundedMap::new(config.keep),
            accounts_by_email: HashMap::new(),
            orders: BoundedMap::new(config.keep),
            payments: BoundedMap::new(config.keep),
            allocated: HashMap::new(),
            next_number: 1,
        }
    }

    /// The one place of the shop that reads the clock.
    pub(super) fn tick(&mut self) {
        self.cookies.set_now(unix_seconds());
    }

    pub(super) fn number(&mut self) -> u32 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// Pieces of a variant that may still be sold; none is endless.
    pub(super) fn available(&self, catalog: &Catalog, variant: u32) -> Option<u32> {
        let quantity = *catalog
            .quantities
            .as_ref()?
            .get((variant as usize).checked_sub(1)?)?;
        Some(quantity.saturating_sub(self.allocated.get(&variant).copied().unwrap_or(0)))
    }

    pub(super) fn allocate(&mut self, catalog: &Catalog, lines: &[(u32, u32)]) {
        if catalog.quantities.is_some() {
            for (variant, quantity) in lines {
                *self.allocated.entry(*variant).or_default() += quantity;
            }
        }
    }

    /// Makes a session and returns its key.
    pub(super) fn open_session(&mut self, session: Session) -> SessionKey {
        const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut rng = rand::rng();
        let key: SessionKey = std::array::from_fn(|_| DIGITS[rng.random_range(0..DIGITS.len())]);
        self.sessions.insert(key, session);
        key
    }

    pub(super) fn open_cart(&mut self) -> Uuid {
        let cart = Uuid::new_v4();
        self.carts.insert(cart, Cart::default());
        cart
    }

    pub(super) fn account_by_email(&self, email: &str) -> Option<u32> {
        self.accounts_by_email.get(&email.to_lowercase()).copied()
    }

    /// Opens an account; the oldest one is forgotten with its e-mail when there are too many.
    pub(super) fn open_account(&mut self, email: &str, password: &str) -> u32 {
        let id = self.number();
        let account = Account {
            email: email.to_owned(),
            password: self.cookies.digest(password),
            cart: None,
            addresses: Vec::new(),
            default_address: None,
            orders: Vec::new(),
        };
        self.accounts_by_email.insert(email.to_lowercase(), id);
        if let Some((_, oldest)) = self.accounts.insert(id, account) {
            self.accounts_by_email.remove(&oldest.email.to_lowercase());
        }
        id
    }

    /// Puts an address into an account's book, once, and makes the first one the default.
    pub(super) fn save_address(&mut self, account: u32, address: &Address) {
        let number = self.number();
        let Some(account) = self.accounts.get_mut(&account) else {
            return;
        };
        if account.addresses.iter().any(|(_, known)| known == address) {
            return;
        }
        account.addresses.push((number, address.clone()));
        if account.addresses.len() > ADDRESSES_KEPT {
            // The default, which is the first, stays.
            account.addresses.remove(1);
        }
        account.default_address.get_or_insert(number);
    }

    pub(super) fn list_order(&mut self, account: u32, order: Uuid) {
        if let Some(account) = self.accounts.get_mut(&account) {
            account.orders.insert(0, order);
            account.orders.truncate(ORDERS_LISTED);
        }
    }
}

/// Seconds since 1970 by the wall clock; 0 before.
#[allow(clippy::disallowed_methods)] // the one place that reads the wall clock
fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
