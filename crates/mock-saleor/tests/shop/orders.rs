//! Paying, and what can be done with an order.

use super::browser::Browser;
use super::{address, shop, shop_with};
use mock_saleor::Stock;

const FORM: [(&str, &str); 3] = [
    ("status", "confirmed"),
    ("fraud_status", "unknown"),
    ("gateway_response", "3ds-disabled"),
];

fn pay<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FORM
        .into_iter()
        .filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    changes.iter().copied().chain(kept).collect()
}

#[test]
fn a_payment_ends_as_the_dummy_form_says() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    for (changes, ending, paid) in [
        (&[][..], "create-password/", true),
        (&[("status", "preauth")], "create-password/", true),
        (&[("status", "rejected")], "", false),
        (&[("status", "waiting")], "", false),
    ] {
        browser.add_hoodie();
        let order = browser.check_out(("email", "a@example.com"));
        let page = browser.post(&format!("{order}payment/"), &[("method", "default")]);
        assert_eq!(
            (page.status, page.location()),
            (302, format!("{order}payment/default/").as_str())
        );
        let page = browser.post(&format!("{order}payment/default/"), &pay(changes));
        let want = format!("http://{}{order}{ending}", shop.addr());
        assert_eq!(
            (page.status, page.location()),
            (302, want.as_str()),
            "{changes:?}"
        );
        let page = browser.get(&format!("{order}payment/"));
        let pending = changes == [("status", "waiting")];
        assert_eq!(
            (page.has("payment-method-form"), page.has("payment_id")),
            (!paid && !pending, pending),
            "{changes:?}"
        );
    }
    assert_eq!(shop.seen().payments, 2);
}

/// The amounts on a page, by the text before them.
fn amount(page: &str, before: &str) -> f64 {
    let at = page
        .find(before)
        .unwrap_or_else(|| panic!("{before} in {page}"));
    let rest = &page[at + before.len()..];
    let from = rest.find('$').unwrap() + 1;
    let to = rest[from..].find('<').unwrap();
    rest[from..from + to].parse().unwrap()
}

#[test]
fn what_is_to_be_paid_is_the_total_of_the_page_before() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let page = browser.get("/checkout/shipping-address/");
    let goods = amount(&page.body, "Total, without delivery</span><strong>");
    browser.post(
        "/checkout/shipping-address/",
        &address(&[("email", "a@example.com")]),
    );
    let page = browser.get("/checkout/shipping-method/");
    assert_eq!(
        amount(&page.body, "Total, without delivery</span><strong>"),
        goods
    );
    browser.post("/checkout/shipping-method/", &[("method", "2")]);
    let page = browser.get("/checkout/summary/");
    let delivery = amount(&page.body, "Delivery by DHL</span><strong>");
    let total = amount(&page.body, "Total</span><strong>");
    assert!((total - goods - delivery).abs() < 0.001);
    let order = browser.post("/checkout/summary/", &[("address", "shipping_address")]);
    let page = browser.get(order.location());
    assert_eq!(amount(&page.body, "To pay: <strong>"), total);
    assert!(page.has(&format!("${delivery:.2} of it for delivery")));
}

#[test]
fn other_answers_of_the_gateway() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let order = browser.check_out(("email", "a@example.com"));
    let payment = format!("{order}payment/");
    let dummy = format!("{order}payment/default/");
    let page = browser.post(&payment, &[("method", "gold")]);
    assert!(page.status == 200 && page.has("errorlist"));
    assert_eq!(browser.get(&format!("{order}payment/other/")).status, 404);
    for changes in [
        &[("status", "")][..],
        &[("fraud_status", "maybe")],
        &[("gateway_response", "3ds-redirect")],
    ] {
        let page = browser.post(&dummy, &pay(changes));
        assert!(page.status == 200 && page.has("help-block"), "{changes:?}");
    }
    let page = browser.post(&dummy, &pay(&[("gateway_response", "failure")]));
    assert_eq!(
        (page.status, page.location(), page.cookies()),
        (302, payment.as_str(), vec!["sessionid".to_owned()])
    );
    assert!(browser.get(&payment).has("alert-warning"));
    // Waiting blocks another try until it is cancelled.
    browser.post(&dummy, &pay(&[("status", "waiting")]));
    assert_eq!(browser.get(&dummy).location(), payment);
    let page = browser.get(&payment);
    let mark = "name=\"payment_id\" value=\"";
    let at = page.body.find(mark).unwrap() + mark.len();
    let waiting = page.body[at..at + 36].to_owned();
    let cancel = format!("{order}cancel-payment/");
    let page = browser.post(&cancel, &[("payment_id", "no such")]);
    assert_eq!((page.status, page.body.len()), (403, 0));
    let page = browser.post(&cancel, &[("payment_id", &waiting)]);
    assert_eq!(
        (page.status, page.location()),
        (302, payment.as_str()),
        "{waiting}"
    );
    // By way of 3-D Secure.
    let page = browser.post(
        &dummy,
        &pay(&[
            ("gateway_response", "3ds-redirect"),
            ("verification_result", "confirmed"),
        ]),
    );
    assert!(
        page.location().starts_with("/process/")
            && page.location().ends_with("?verification_result=confirmed")
    );
    let page = browser.get(page.location());
    assert_eq!(
        page.location(),
        format!("http://{}{order}create-password/", shop.addr())
    );
    assert_eq!(browser.get(&dummy).location(), order);
}

#[test]
fn knowing_the_address_is_enough_but_for_the_address() {
    let shop = shop();
    let mut owner = Browser::new(shop.addr());
    owner.sign_up("a@example.com");
    owner.add_hoodie();
    let order = owner.check_out(("address", "new_address"));
    assert!(owner.get(&order).has("SANDUSKY"));
    let mut stranger = Browser::new(shop.addr());
    let page = stranger.get(&order);
    assert!(page.status == 200 && !page.has("SANDUSKY") && page.cookies().is_empty());
    assert_eq!(
        stranger.get(&format!("{order}payment/default/")).status,
        200
    );
    assert_eq!(
        stranger
            .get("/order/00000000-0000-4000-8000-000000000000/")
            .status,
        404
    );
    assert!(owner.get("/profile/").has(&order));
    assert_eq!(
        owner.get(&format!("{order}create-password/")).location(),
        order
    );
}

#[test]
fn a_password_after_the_order_makes_an_account() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let order = browser.check_out(("email", "a@example.com"));
    let path = format!("{order}create-password/");
    let page = browser.get(&path);
    assert!(page.has("id=\"id_password\"") && !page.has("id_username"));
    assert_eq!(browser.post(&path, &[("password", "")]).status, 200);
    let page = browser.post(&path, &[("password", "x")]);
    assert_eq!((page.status, page.location()), (302, order.as_str()));
    assert_eq!(page.cookies(), ["csrftoken", "sessionid"]);
    assert!(
        browser.get(&order).has("SANDUSKY"),
        "the order is the account's now"
    );
    assert_eq!(shop.seen().registrations, 1);
    browser.get("/account/logout/");
    assert!(
        browser.get(&path).has("id_username"),
        "there is an account to log in to"
    );
}

#[test]
fn an_order_takes_from_the_stock_and_a_second_summary_finds_no_cart() {
    let shop = shop_with(Stock::Each(1));
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    browser.check_out(("email", "a@example.com"));
    assert_eq!(
        browser
            .post("/checkout/summary/", &[("address", "shipping_address")])
            .location(),
        "/cart/"
    );
    let page = browser.ajax(
        "/products/codemash-1/add/",
        &[("variant", "1"), ("quantity", "1")],
    );
    assert_eq!(page.status, 400);
    shop.reset();
    browser.add_hoodie();
    assert_eq!((shop.seen().orders, shop.seen().adds), (0, 1));
}
