//! One visit: a request with its visitor's session, cart and token, from routing to the finished reply.

use bytes::Bytes;
use uuid::Uuid;

use super::body::ByteRope;
use super::cookies::{self, Cookies};
use super::csrf::Token;
use super::pages::{
    CartLine, Refusal, Template, TemplateValues, asset, escape, forbidden, not_found,
};
use super::reply::{Content, Reply};
use super::request::ShopRequest;
use super::routes::{Place, Route};
use super::shop::{Account, Session, SessionKey, Shop, Store};

pub(super) struct RequestContext<'a> {
    pub(super) shop: &'a mut Shop,
    pub(super) store: &'a Store,
    pub(super) ask: &'a ShopRequest<'a>,
    session: Option<SessionKey>,
    session_modified: bool,
    token: Option<Token>,
    token_used: bool,
    /// What all token fields of one page carry.
    rendered: Bytes,
    /// The views' own cookies.
    pub(super) cookies: Vec<String>,
}

impl<'a> RequestContext<'a> {
    /// Answers a request.
    pub(super) fn answer(
        shop: &'a mut Shop,
        store: &'a Store,
        ask: &'a ShopRequest<'a>,
        place: &Place<'a>,
    ) -> Reply {
        let key = ask
            .session_cookie
            .and_then(|cookie| SessionKey::try_from(cookie.as_bytes()).ok());
        let mut visit = RequestContext {
            session: key.filter(|key| shop.sessions.contains(key)),
            session_modified: false,
            token: ask.csrf_cookie.map(Token::from_cookie),
            token_used: false,
            rendered: Bytes::new(),
            cookies: Vec::new(),
            shop,
            store,
            ask,
        };
        match place.route {
            Route::NotFound => return Reply::new(404, Content::Bare, not_found(ask.path)),
            Route::NoSlash => return visit.with_slash(),
            Route::Health => return Reply::new(200, Content::Text, ""),
            Route::Static => {
                return match asset(place.name, &store.catalog) {
                    Some((content, body)) => Reply::new(200, content, body),
                    None => Reply::new(404, Content::Bare, not_found(ask.path)),
                };
            }
            _ => {}
        }
        if let Some(refusal) = visit.refusal(place.route) {
            return Reply::new(403, Content::Bare, forbidden(refusal));
        }
        let reply = visit.view(place);
        visit.finish(reply)
    }

    fn view(&mut self, place: &Place<'a>) -> Reply {
        match place.route {
            Route::Home => self.home(),
            Route::Category => self.category(place),
            Route::Product => self.product(place),
            Route::Add => self.add(place.id),
            Route::Cart => self.cart_page(),
            Route::CartSummary => self.cart_summary(),
            Route::CartUpdate => self.cart_update(place.id),
            Route::ShippingOptions => self.shipping_options(),
            Route::Checkout => self.checkout(),
            Route::CheckoutLogin => self.checkout_login(),
            Route::ShippingAddress => self.shipping_address(),
            Route::ShippingMethod => self.shipping_method(),
            Route::Summary => self.summary(),
            Route::RemoveVoucher if self.ask.is_post() => Reply::redirect("/checkout/summary/"),
            Route::RemoveVoucher => Reply::not_allowed(),
            Route::Order => self.order_details(place.token),
            Route::OrderPayment => self.order_payment(place.token),
            Route::StartPayment => self.start_payment(place.token, place.name),
            Route::CancelPayment => self.cancel_payment(place.token),
            Route::CreatePassword => self.create_password(place.token),
            Route::Process => self.process_payment(place.token),
            Route::Signup => self.signup(),
            Route::Login => self.login(),
            Route::Logout => self.logout(),
            Route::Profile => self.profile(),
            Route::Search => self.search(),
            Route::Script => Reply::new(200, Content::Script, self.store.pages.script.clone()),
            Route::Health | Route::Static | Route::NoSlash | Route::NotFound => self.missing(),
        }
    }

    /// The 404 page, for what has a route but does not exist.
    pub(super) fn missing(&self) -> Reply {
        Reply::new(404, Content::Bare, not_found(self.ask.path))
    }

    fn with_slash(&self) -> Reply {
        let query = if self.ask.query.is_empty() {
            String::new()
        } else {
            format!("?{}", self.ask.query)
        };
        Reply {
            content: Content::Plain,
            ..Reply::moved(format!("{}/{query}", self.ask.path))
        }
    }

    /// Why the CSRF check refuses the request, if it does.
    fn refusal(&self, route: Route) -> Option<Refusal> {
        if self.ask.is_safe() || route == Route::Process {
            return None;
        }
        if self.ask.https {
            let Some(referer) = self.ask.referer else {
                return Some(Refusal::NoReferer);
            };
            let host = referer
                .strip_prefix("https://")
                .and_then(|rest| rest.split(['/', '?', '#']).next());
            if host != Some(self.ask.host) {
                return Some(Refusal::BadToken);
            }
        }
        let Some(token) = &self.token else {
            return Some(Refusal::NoCookie);
        };
        // The header counts only when the field is missing or empty.
        let field = self.ask.form.get("csrfmiddlewaretoken").unwrap_or_default();
        let sent = if field.is_empty() {
            self.ask.csrf_header
        } else {
            field
        };
        (!token.matches(sent)).then_some(Refusal::BadToken)
    }

    /// The token for this page's forms; rendering it sets the cookie.
    pub(super) fn token(&mut self) -> Bytes {
        self.token_used = true;
        if self.rendered.is_empty() {
            let token = self.token.get_or_insert_with(Token::new);
            self.rendered = Bytes::copy_from_slice(&token.secret.masked());
        }
        self.rendered.clone()
    }

    /// A new secret: tokens of earlier pages are refused from now on.
    pub(super) fn rotate_token(&mut self) {
        self.token = Some(Token::new());
        self.rendered = Bytes::new();
        self.token_used = true;
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.shop.sessions.get(self.session.as_ref()?)
    }

    /// The session to write to, made if there is none; its cookie goes out with the reply.
    pub(super) fn session_mut(&mut self) -> &mut Session {
        self.session_modified = true;
        let key = match self.session {
            Some(key) if self.shop.sessions.contains(&key) => key,
            _ => self.shop.open_session(Session::default()),
        };
        self.session = Some(key);
        self.shop.sessions.get_or_default(key)
    }

    /// Moves the session under a new key; `keep` false empties it.
    pub(super) fn renew_session(&mut self, keep: bool) {
        let old = self
            .session
            .take()
            .and_then(|key| self.shop.sessions.remove(&key));
        let session = if keep {
            old.unwrap_or_default()
        } else {
            Session::default()
        };
        self.session = Some(self.shop.open_session(session));
        self.session_modified = true;
    }

    pub(super) fn flash(&mut self, level: &'static str, text: impl Into<String>) {
        let text = text.into();
        self.session_mut().flashes.push((level, text));
    }

    pub(super) fn account_id(&self) -> Option<u32> {
        self.session()?
            .account
            .filter(|account| self.shop.accounts.contains(account))
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.shop.accounts.get(&self.session()?.account?)
    }

    /// The cart the cookie names, if it is there.
    pub(super) fn cookie_cart(&self) -> Option<Uuid> {
        let cart = self.shop.cookies.read_cart(self.ask.cart_cookie?)?;
        self.shop.carts.get(&cart).filter(|cart| !cart.owned)?;
        Some(cart)
    }

    /// The visitor's open cart: the account's, or the one the cookie names.
    pub(super) fn cart_id(&self) -> Option<Uuid> {
        match self.account() {
            Some(account) => account.cart.filter(|cart| self.shop.carts.contains(cart)),
            None => self.cookie_cart(),
        }
    }

    pub(super) fn cart_lines(&self) -> Vec<(u32, u32)> {
        let cart = self.cart_id().and_then(|cart| self.shop.carts.get(&cart));
        cart.map(|cart| cart.lines.clone()).unwrap_or_default()
    }

    /// Lines with all a page says about them.
    pub(super) fn shown(&self, lines: &[(u32, u32)]) -> Vec<CartLine> {
        let line = |(variant, quantity): &(u32, u32)| {
            let product = self.store.catalog.owner(*variant)?;
            Some(CartLine {
                variant: *variant,
                product: product.id,
                name: product.name.clone(),
                variant_name: product.variant_name(*variant),
                url: product.url(),
                quantity: *quantity,
                price: product.price,
            })
        };
        lines.iter().filter_map(line).collect()
    }

    /// Fills a template for this visitor.
    pub(super) fn page(&mut self, template: &Template, slots: &[ByteRope]) -> Reply {
        let token = if template.has_token {
            self.token()
        } else {
            Bytes::new()
        };
        let mut fill = TemplateValues {
            token,
            slots,
            ..TemplateValues::default()
        };
        if template.has_chrome {
            let cart = self.cart_id().and_then(|cart| self.shop.carts.get(&cart));
            fill.items = cart.map_or(0, |cart| cart.items());
            fill.signed_in = self.account().is_some();
            fill.flash = self.take_flashes();
        }
        Reply::page(template.fill(&fill))
    }

    fn take_flashes(&mut self) -> Bytes {
        if self
            .session()
            .is_none_or(|session| session.flashes.is_empty())
        {
            return Bytes::new();
        }
        let flashes = std::mem::take(&mut self.session_mut().flashes);
        let shown = flashes.iter().map(|(level, text)| {
            format!("\n      <div class=\"alert alert-{level}\" role=\"alert\">\n        {}\n      </div>", escape(text))
        });
        Bytes::from(shown.collect::<String>())
    }

    fn finish(mut self, mut reply: Reply) -> Reply {
        reply.cookies.append(&mut self.cookies);
        if let (true, Some(token)) = (self.token_used, &self.token) {
            reply.cookies.push(self.shop.cookies.csrf(&token.value));
        }
        match self.session {
            Some(key) if self.session_modified => {
                reply.cookies.push(self.shop.cookies.session(&key))
            }
            None if self.ask.session_cookie.is_some() => {
                reply.cookies.push(Cookies::deletion(cookies::SESSION))
            }
            _ => {}
        }
        if self.ask.path.starts_with("/account/login/") && reply.content == Content::Page {
            reply.content = Content::Login;
            reply.expires = Some(self.shop.cookies.date());
        }
        reply
    }
}
