//! Which page a path names. Methods are the views' own business: like the original's, most take any.

use uuid::Uuid;

/// Every route, with the pattern it is counted under.
macro_rules! routes {
    ($($name:ident $pattern:literal,)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Route { $($name),* }
        /// In the order of `Route`.
        pub(super) const PATTERNS: &[&str] = &[$($pattern),*];
    };
}

routes! {
    Home "/",
    Category "/products/category/<path>-<id>/",
    Product "/products/<slug>-<id>/",
    Add "/products/<slug>-<id>/add/",
    Cart "/cart/",
    CartSummary "/cart/summary/",
    CartUpdate "/cart/update/<variant>/",
    ShippingOptions "/cart/shipingoptions/",
    Checkout "/checkout/",
    CheckoutLogin "/checkout/login/",
    ShippingAddress "/checkout/shipping-address/",
    ShippingMethod "/checkout/shipping-method/",
    Summary "/checkout/summary/",
    RemoveVoucher "/checkout/remove_voucher/",
    Order "/order/<token>/",
    OrderPayment "/order/<token>/payment/",
    StartPayment "/order/<token>/payment/<variant>/",
    CancelPayment "/order/<token>/cancel-payment/",
    CreatePassword "/order/<token>/create-password/",
    Process "/process/<token>/",
    Signup "/account/signup/",
    Login "/account/login/",
    Logout "/account/logout/",
    Profile "/profile/",
    Search "/search/",
    Script "/jsi18n/",
    Health "/health/",
    Static "/static/<path>",
    NoSlash "(final slash missing)",
    NotFound "(not found)",
}

/// A route and what its path says beyond it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place<'a> {
    pub(super) route: Route,
    /// Product, category or variant number; a number too large for any is `u32::MAX`.
    pub(super) id: u32,
    /// Slug, category path, payment variant or asset path.
    pub(super) name: &'a str,
    /// Order or payment token.
    pub(super) token: Uuid,
}

impl<'a> Place<'a> {
    fn plain(route: Route) -> Place<'a> {
        Place {
            route,
            id: 0,
            name: "",
            token: Uuid::nil(),
        }
    }

    pub(super) fn find(path: &'a str) -> Place<'a> {
        if let Some(place) = resolve(path) {
            return place;
        }
        if !path.ends_with('/') && resolve(&format!("{path}/")).is_some() {
            return Place::plain(Route::NoSlash);
        }
        Place::plain(Route::NotFound)
    }
}

fn resolve(path: &str) -> Option<Place<'_>> {
    let plain = |route| Some(Place::plain(route));
    if let Some(rest) = path.strip_prefix("/products/") {
        return products(rest);
    }
    if let Some(rest) = path.strip_prefix("/checkout/") {
        // No end anchor on the steps: whatever follows still matches.
        let steps = [
            ("login/", Route::CheckoutLogin),
            ("shipping-address/", Route::ShippingAddress),
            ("shipping-method/", Route::ShippingMethod),
            ("summary/", Route::Summary),
            ("remove_voucher/", Route::RemoveVoucher),
        ];
        if rest.is_empty() {
            return plain(Route::Checkout);
        }
        return steps
            .iter()
            .find(|(step, _)| rest.starts_with(step))
            .and_then(|(_, route)| plain(*route));
    }
    if let Some(rest) = path.strip_prefix("/order/") {
        return order(rest);
    }
    if let Some(rest) = path.strip_prefix("/static/") {
        return Some(Place {
            name: rest,
            ..Place::plain(Route::Static)
        });
    }
    if let Some(rest) = path.strip_prefix("/process/") {
        return Some(Place {
            token: token(rest.strip_suffix('/')?)?,
            ..Place::plain(Route::Process)
        });
    }
    if let Some(variant) = path.strip_prefix("/cart/update/") {
        let id = number(variant.strip_suffix('/')?)?;
        return Some(Place {
            id,
            ..Place::plain(Route::CartUpdate)
        });
    }
    plain(match path {
        "/" => Route::Home,
        "/cart/" => Route::Cart,
        "/cart/summary/" => Route::CartSummary,
        "/cart/shipingoptions/" => Route::ShippingOptions,
        "/account/signup/" => Route::Signup,
        "/account/login/" => Route::Login,
        "/account/logout/" => Route::Logout,
        "/profile/" => Route::Profile,
        "/search/" => Route::Search,
        "/jsi18n/" => Route::Script,
        "/health/" => Route::Health,
        _ => return None,
    })
}

fn products(rest: &str) -> Option<Place<'_>> {
    let slugged = |text: &'_ str, slash: bool| {
        !text.is_empty()
            && text.bytes().all(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b"-_".contains(&b)
                    || (slash && b == b'/')
            })
    };
    let rest = rest.strip_suffix('/')?;
    let (rest, route) = match (rest.strip_prefix("category/"), rest.strip_suffix("/add")) {
        (Some(rest), _) => (rest, Route::Category),
        (None, Some(rest)) => (rest, Route::Add),
        (None, None) => (rest, Route::Product),
    };
    let (name, id) = rest.rsplit_once('-')?;
    if !slugged(name, route == Route::Category) {
        return None;
    }
    Some(Place {
        id: number(id)?,
        name,
        ..Place::plain(route)
    })
}

fn order(rest: &str) -> Option<Place<'_>> {
    let (order, rest) = rest.split_once('/')?;
    let (route, name) = match rest {
        "" => (Route::Order, ""),
        "payment/" => (Route::OrderPayment, ""),
        "cancel-payment/" => (Route::CancelPayment, ""),
        "create-password/" => (Route::CreatePassword, ""),
        other => {
            let variant = other.strip_prefix("payment/")?.strip_suffix('/')?;
            let word = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            if variant.is_empty() || !variant.bytes().all(word) {
                return None;
            }
            (Route::StartPayment, variant)
        }
    };
    Some(Place {
        token: token(order)?,
        name,
        ..Place::plain(route)
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// A token in the one form the routes know: lower case, with dashes.
fn token(text: &str) -> Option<Uuid> {
    let plain = text.len() == 36
        && text
            .bytes()
            .all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    plain.then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_routes() {
        let uuid = "0b5e0a52-7c52-4f0c-9d3c-2f3f1c0a9e11";
        for (path, route, id, name) in [
            ("/", Route::Home, 0, ""),
            (
                "/products/category/apparel-1/",
                Route::Category,
                1,
                "apparel",
            ),
            ("/products/category/a/b-12/", Route::Category, 12, "a/b"),
            ("/products/codemash-1/", Route::Product, 1, "codemash"),
            (
                "/products/a-b-2-99999999999/",
                Route::Product,
                u32::MAX,
                "a-b-2",
            ),
            ("/products/codemash-1/add/", Route::Add, 1, "codemash"),
            ("/products/codemash-1/add", Route::NoSlash, 0, ""),
            ("/products/Codemash-1/", Route::NotFound, 0, ""),
            ("/products/-1/", Route::NotFound, 0, ""),
            ("/products/", Route::NotFound, 0, ""),
            ("/cart/update/7/", Route::CartUpdate, 7, ""),
            ("/cart/update/x/", Route::NotFound, 0, ""),
            ("/checkout", Route::NoSlash, 0, ""),
            ("/checkout/summary/and/more", Route::Summary, 0, ""),
            (
                &format!("/order/{uuid}/payment/default/"),
                Route::StartPayment,
                0,
                "default",
            ),
            (&format!("/order/{uuid}/"), Route::Order, 0, ""),
            (
                &format!("/order/{}/", uuid.to_uppercase()),
                Route::NotFound,
                0,
                "",
            ),
            (&format!("/process/{uuid}/"), Route::Process, 0, ""),
            ("/order/123/", Route::NotFound, 0, ""),
            ("/static/css/x.css", Route::Static, 0, "css/x.css"),
            ("/nowhere", Route::NotFound, 0, ""),
        ] {
            let place = Place::find(path);
            assert_eq!(
                (place.route, place.id, place.name),
                (route, id, name),
                "{path}"
            );
        }
        assert_eq!(PATTERNS[Route::NotFound as usize], "(not found)");
    }
}
