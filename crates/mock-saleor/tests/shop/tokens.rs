//! CSRF: when a POST is let in, and when not.

use super::browser::{Browser, FORM, encoded};
use super::{address, shop};

#[test]
fn what_is_let_in_and_what_is_refused() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    let add = "/products/codemash-1/add/";
    let fields = [("variant", "1"), ("quantity", "1")];
    let refused = browser.send("POST", add, &[FORM], &encoded(&fields));
    assert_eq!(
        (refused.status, refused.body.len()),
        (403, 1374),
        "no cookie"
    );
    assert!(refused.cookies().is_empty());
    assert_eq!(refused.header("Content-Type"), Some("text/html"));

    let page = browser.get("/products/codemash-1/");
    let older = page.token().to_owned();
    let newer = browser.get("/products/codemash-1/").token().to_owned();
    let cookie = browser.cookies["csrftoken"].clone();
    assert!(
        older != newer && older != cookie,
        "masked anew at each rendering"
    );
    let mut send = |field: &str, header: &str, status: u16| {
        let mut body = fields.to_vec();
        if !field.is_empty() {
            body.push(("csrfmiddlewaretoken", field));
        }
        let mut headers = vec![FORM];
        if !header.is_empty() {
            headers.push(("X-CSRFToken", header));
        }
        let page = browser.send("POST", add, &headers, &encoded(&body));
        assert_eq!(page.status, status, "field {field:?} header {header:?}");
        if status == 403 {
            assert_eq!(page.body.len(), 1007);
            assert!(page.cookies().is_empty());
        }
    };
    for token in [&older, &newer, &cookie] {
        send(token, "", 302);
        send("", token, 302);
    }
    let wrong = "a".repeat(64);
    send("", "", 403);
    send(&wrong, "", 403);
    send(&wrong, &older, 403); // a bad field is not made up for by the header
    send(&older, &wrong, 302);
    send(&older[1..], "", 403);
    send("not a token", "", 403);
}

#[test]
fn the_check_comes_after_the_route_and_before_the_view() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    assert_eq!(browser.post("/nowhere/", &[]).status, 404);
    assert_eq!(browser.post("/products/nothing-999/add/", &[]).status, 403);
    assert_eq!(browser.send("DELETE", "/", &[], "").status, 403);
    assert_eq!(browser.send("OPTIONS", "/", &[], "").status, 200);
    let page = browser.post("/checkout", &[]);
    assert_eq!((page.status, page.location()), (301, "/checkout/"));
    assert_eq!(
        (page.header("Vary"), page.header("Content-Language")),
        (None, None)
    );
    browser.get("/account/signup/");
    assert_eq!(browser.post("/products/nothing-999/add/", &[]).status, 404);
}

#[test]
fn the_cookie_keeps_its_value_and_rotates_at_signup_and_login() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    let form = browser.get("/account/signup/");
    let first = browser.cookies["csrftoken"].clone();
    browser.get("/account/login/");
    assert_eq!(browser.cookies["csrftoken"], first);
    browser.sign_up("a@example.com");
    let second = browser.cookies["csrftoken"].clone();
    assert_ne!(first, second);
    let stale = browser.submit(
        &form,
        "/account/signup/",
        &[("email", "b@example.com"), ("password", "x")],
    );
    assert_eq!((stale.status, stale.body.len()), (403, 1007));
    browser.get("/account/logout/");
    let page = browser.post(
        "/account/login/",
        &[("username", "a@example.com"), ("password", "x")],
    );
    assert_eq!(page.status, 302);
    assert_ne!(browser.cookies["csrftoken"], second);
}

#[test]
fn over_https_the_referer_counts() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    let page = browser.get("/account/signup/");
    let body = encoded(&[("csrfmiddlewaretoken", page.token())]);
    let https = ("X-Forwarded-Proto", "https");
    let own = format!("https://{}/account/signup/", shop.addr());
    for (headers, status, size) in [
        (vec![FORM, https], 403, Some(1465)),
        (
            vec![FORM, https, ("Referer", "https://elsewhere.example/")],
            403,
            Some(1007),
        ),
        (vec![FORM, https, ("Referer", &own)], 200, None),
    ] {
        let page = browser.send("POST", "/account/signup/", &headers, &body);
        assert_eq!(page.status, status, "{headers:?}");
        assert!(
            size.is_none_or(|size| size == page.body.len()),
            "{headers:?}"
        );
    }
}

#[test]
fn several_forms_of_a_page_share_one_token() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let page = browser.follow("/checkout/");
    assert_eq!(page.body.matches(page.token()).count(), 2);
    let page = browser.submit(
        &page,
        "/checkout/shipping-address/",
        &address(&[("email", "a@example.com")]),
    );
    assert_eq!(page.status, 302);
}
