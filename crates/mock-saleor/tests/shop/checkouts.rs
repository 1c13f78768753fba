//! The checkout's guards and forms, for visitors and for users.

use super::browser::Browser;
use super::{address, shop};

const STEPS: [&str; 5] = [
    "/checkout/",
    "/checkout/shipping-address/",
    "/checkout/shipping-method/",
    "/checkout/summary/",
    "/checkout/login/",
];

/// Answers of the five addresses, by GET and by POST alike: a location, or "" for a page.
fn check(browser: &mut Browser, state: &str, expected: [&str; 5]) {
    for (step, location) in STEPS.into_iter().zip(expected) {
        let got = browser.get(step);
        let want = if location.is_empty() { 200 } else { 302 };
        assert_eq!(
            (got.status, got.location()),
            (want, location),
            "{state}: GET {step}"
        );
        let got = browser.post(step, &[("unknown", "field")]);
        assert_eq!(
            (got.status, got.location()),
            (want, location),
            "{state}: POST {step}"
        );
    }
}

#[test]
fn guards_of_a_visitor() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/account/signup/");
    check(&mut browser, "empty", ["/cart/"; 5]);
    browser.add_hoodie();
    let address_step = "/checkout/shipping-address/";
    let method_step = "/checkout/shipping-method/";
    check(
        &mut browser,
        "nothing yet",
        [address_step, "", address_step, method_step, ""],
    );
    let page = browser.post(address_step, &address(&[("email", "a@example.com")]));
    assert_eq!(
        (page.status, page.cookies()),
        (302, vec!["sessionid".to_owned()])
    );
    check(
        &mut browser,
        "address",
        [address_step, "", "", method_step, ""],
    );
    let page = browser.post(method_step, &[("method", "1")]);
    assert_eq!(
        (page.status, page.cookies()),
        (302, vec!["sessionid".to_owned()])
    );
    check(&mut browser, "method", [address_step, "", "", "", ""]);
    let page = browser.post("/checkout/summary/", &[("address", "shipping_address")]);
    assert_eq!(
        (page.status, page.cookies()),
        (302, vec!["sessionid".to_owned()])
    );
    check(&mut browser, "ordered", ["/cart/"; 5]);
    browser.add_hoodie();
    check(
        &mut browser,
        "ordered, and again",
        [address_step, "", address_step, method_step, ""],
    );
}

#[test]
fn guards_of_a_user() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.sign_up("a@example.com");
    check(
        &mut browser,
        "empty",
        ["/cart/", "/cart/", "/cart/", "/cart/", "/checkout/"],
    );
    browser.add_hoodie();
    let address_step = "/checkout/shipping-address/";
    let method_step = "/checkout/shipping-method/";
    check(
        &mut browser,
        "nothing yet",
        [address_step, "", address_step, method_step, "/checkout/"],
    );
    let page = browser.get(address_step);
    assert_eq!(
        page.cookies(),
        ["csrftoken", "sessionid"],
        "the e-mail is written at every rendering"
    );
    browser.check_out(("address", "new_address"));
    // The saved address counts now, but the e-mail is stored only by visiting the address step.
    browser.add_hoodie();
    assert_eq!(browser.get(method_step).location(), address_step);
    let page = browser.get(address_step);
    assert!(page.has("name=\"address\" value=\"new_address\""));
    assert_eq!(browser.get(method_step).status, 200);
    // Its number serves as the choice; somebody else's or none does not.
    let at = page.body.find("name=\"address\" value=\"").unwrap() + 22;
    let saved = page.body[at..].split('"').next().unwrap().to_owned();
    let page = browser.post(address_step, &[("address", "99999999")]);
    assert_eq!(
        (page.status, page.cookies()),
        (200, vec!["csrftoken".to_owned(), "sessionid".to_owned()])
    );
    let page = browser.post(address_step, &[("address", &saved)]);
    assert_eq!((page.status, page.location()), (302, method_step));
    browser.post(method_step, &[("method", "1")]);
    let page = browser.post("/checkout/summary/", &[("address", &saved)]);
    assert!(page.location().starts_with("/order/"));
    assert_eq!(shop.seen().orders, 2);
}

#[test]
fn what_needs_no_shipping_goes_straight_to_the_summary() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/account/signup/");
    // Variants 141 to 150 are the e-books of products 41 to 50.
    assert_eq!(
        browser
            .ajax(
                "/products/any-41/add/",
                &[("variant", "141"), ("quantity", "1")]
            )
            .status,
        200
    );
    let summary = "/checkout/summary/";
    check(&mut browser, "e-book", [summary, summary, summary, "", ""]);
    assert!(browser.get(summary).has("id=\"id_email\""));
    let page = browser.post(summary, &address(&[]));
    assert_eq!(page.status, 200, "the e-mail is missing");
    let page = browser.post(summary, &address(&[("email", "a@example.com")]));
    assert!(page.location().starts_with("/order/"), "{}", page.status);
}

#[test]
fn invalid_forms_are_shown_again() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let step = "/checkout/shipping-address/";
    let mail = ("email", "a@example.com");
    for (fields, errors) in [
        (address(&[]), 1),
        (address(&[("email", "no mail")]), 1),
        (address(&[mail, ("street_address_1", "")]), 2),
        (address(&[mail, ("postal_code", "90210")]), 1),
        (address(&[mail, ("country", "PL")]), 1),
        (address(&[mail, ("phone_0", "+1"), ("phone_1", "12")]), 1),
        (address(&[mail, ("city", ""), ("country_area", "")]), 2),
        (address(&[mail, ("discount-voucher", "FREESHIPPING")]), 1),
        (address(&[mail, ("preview", "1"), ("country", "PL")]), 0),
    ] {
        let page = browser.post(step, &fields);
        assert_eq!(
            (page.status, page.cookies()),
            (200, vec!["csrftoken".to_owned()]),
            "{fields:?}"
        );
        assert_eq!(
            page.body.matches("help-block").count(),
            errors,
            "{fields:?}"
        );
    }
    assert_eq!(
        browser.get("/checkout/shipping-method/").location(),
        step,
        "nothing was stored"
    );
    assert_eq!(
        browser
            .post(step, &address(&[mail, ("country_area", "ohio")]))
            .status,
        302
    );
    for method in ["", "3", "UPC"] {
        let page = browser.post("/checkout/shipping-method/", &[("method", method)]);
        assert_eq!(
            (page.status, page.body.matches("help-block").count()),
            (200, 1),
            "{method}"
        );
    }
    browser.post("/checkout/shipping-method/", &[("method", "2")]);
    for address in ["", "999", "nonsense"] {
        let page = browser.post("/checkout/summary/", &[("address", address)]);
        assert_eq!(
            (page.status, page.body.matches("help-block").count()),
            (200, 5),
            "{address}"
        );
        assert_eq!(page.cookies(), ["csrftoken"]);
    }
    assert!(browser.get(step).has("value=\"SANDUSKY\""));
    let billed = address(&[
        ("address", "new_address"),
        ("city", "Columbus"),
        ("postal_code", "43004"),
    ]);
    assert!(
        browser
            .post("/checkout/summary/", &billed)
            .location()
            .starts_with("/order/")
    );
    assert_eq!(shop.seen().orders, 1);
}

#[test]
fn trailing_text_after_a_step_still_matches() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    assert_eq!(
        browser.get("/checkout/shipping-address/whatever").status,
        200
    );
    assert_eq!(browser.get("/checkout/whatever").status, 404);
}
