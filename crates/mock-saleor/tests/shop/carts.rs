//! Adding to the cart, changing it, and whose cart it is.

use super::browser::Browser;
use super::{shop, shop_with};
use mock_saleor::Stock;

const ADD: &str = "/products/codemash-1/add/";

#[test]
fn the_add_to_cart_table() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/products/codemash-1/");
    let token = browser.cookies["csrftoken"].clone();
    for (fields, status, body) in [
        (
            &[("variant", "1"), ("quantity", "1")][..],
            200,
            "{\"next\": \"/cart/\"}",
        ),
        (&[("variant", "1"), ("quantity", "50")], 200, "{\"next\""),
        (&[("variant", "1"), ("quantity", "50")], 200, "{\"next\""),
        (&[("variant", "2"), ("quantity", "0")], 200, "{\"next\""),
        (&[("variant", "1")], 400, "{\"error\": {\"quantity\": [\""),
        (
            &[("variant", "1"), ("quantity", "")],
            400,
            "{\"error\": {\"quantity\": [\"",
        ),
        (
            &[("variant", "1"), ("quantity", "many")],
            400,
            "{\"error\": {\"quantity\": [\"",
        ),
        (
            &[("variant", "1"), ("quantity", "-1")],
            400,
            "{\"error\": {\"quantity\": [\"",
        ),
        (
            &[("variant", "1"), ("quantity", "51")],
            400,
            "{\"error\": {\"quantity\": [\"",
        ),
        (
            &[("variant", ""), ("quantity", "")],
            400,
            "{\"error\": {\"quantity\": [\"",
        ),
        (&[], 400, "{\"error\": {}}"),
        (&[("quantity", "1")], 500, "<h1>"),
        (&[("variant", "x"), ("quantity", "1")], 500, "<h1>"),
        (&[("variant", "999"), ("quantity", "1")], 500, "<h1>"),
        (&[("variant", "7"), ("quantity", "1")], 500, "<h1>"),
    ] {
        let page = browser.ajax(ADD, fields);
        assert_eq!(page.status, status, "{fields:?}: {}", page.body);
        assert!(page.body.starts_with(body), "{fields:?}: {}", page.body);
        assert_eq!(
            page.cookies(),
            if status == 500 { vec![] } else { vec!["cart"] },
            "{fields:?}"
        );
        match (status, page.body.len()) {
            (500, size) => assert_eq!(size, 27),
            (400, size) if fields.len() == 2 && fields[0].1.is_empty() => assert_eq!(size, 92),
            (400, size) if !fields.is_empty() => {
                assert!((50..=77).contains(&size), "{}", page.body)
            }
            (400, size) => assert_eq!(size, 13),
            _ => assert_eq!(page.header("Content-Type"), Some("application/json")),
        }
    }
    assert!(
        browser.get("/cart/").has("class=\"badge\">101<"),
        "1 + 50 + 50, the limit is on one submission"
    );
    assert_eq!(
        browser
            .ajax(
                "/products/nothing-999/add/",
                &[("variant", "1"), ("quantity", "1")]
            )
            .status,
        404
    );
    let json = [
        ("Content-Type", "application/json"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-CSRFToken", &token),
    ];
    let page = browser.send("POST", ADD, &json, r#"{"variant": 1, "quantity": 1}"#);
    assert_eq!((page.status, page.body.as_str()), (400, "{\"error\": {}}"));
    assert_eq!(shop.seen().adds, 4);
}

#[test]
fn without_ajax_there_are_pages() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/products/codemash-1/");
    let page = browser.post(
        "/products/any-slug-1/add/",
        &[("variant", "1"), ("quantity", "1")],
    );
    assert_eq!(
        (page.status, page.location(), page.cookies()),
        (302, "/cart/", vec!["cart".to_owned()])
    );
    let page = browser.post(ADD, &[("variant", "1"), ("quantity", "51")]);
    assert_eq!(
        (page.status, page.cookies()),
        (200, vec!["cart".to_owned(), "csrftoken".to_owned()])
    );
    assert!(page.has("variant-picker") && page.has("help-block"));
    let page = browser.get(ADD);
    assert_eq!(
        (page.status, page.location()),
        (302, "/products/codemash-1/")
    );
    assert_eq!(shop.seen().adds, 1);
}

#[test]
fn multipart_forms_are_read() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/products/codemash-1/");
    let token = browser.cookies["csrftoken"].clone();
    let field = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = field("variant", "3")
        + &field("quantity", "2")
        + &field("csrfmiddlewaretoken", &token)
        + "--b--\r\n";
    let page = browser.send(
        "POST",
        ADD,
        &[("Content-Type", "multipart/form-data; boundary=b")],
        &body,
    );
    assert_eq!(page.status, 302);
    assert!(browser.get("/cart/").has("Codemash (M)"));
}

#[test]
fn finite_stock_runs_out_by_orders_only() {
    let shop = shop_with(Stock::Each(12));
    let mut browser = Browser::new(shop.addr());
    browser.get("/products/codemash-1/");
    let mut add = |quantity: &str| browser.ajax(ADD, &[("variant", "1"), ("quantity", quantity)]);
    assert_eq!(add("10").status, 200);
    let page = add("3");
    assert_eq!(page.status, 400);
    assert!(page.has("only 2 more"), "{}", page.body);
    assert_eq!(add("2").status, 200);
    let page = add("1");
    assert_eq!((page.status, page.body.len()), (400, 75));

    let mut other = Browser::new(shop.addr());
    other.add_hoodie(); // a full cart reserves nothing
    browser.check_out(("email", "a@example.com"));
    let page = other.post(ADD, &[("variant", "1"), ("quantity", "1")]);
    assert_eq!(page.status, 200);
    let page = other.ajax(ADD, &[("variant", "1"), ("quantity", "1")]);
    assert_eq!((page.status, page.body.len()), (400, 75));
    let page = other.get("/cart/");
    assert!(
        page.has("alert-warning") && page.has("class=\"badge\">0<"),
        "the line at zero disappears"
    );
}

#[test]
fn stock_gone_meanwhile_rolls_the_order_back() {
    let shop = shop_with(Stock::Each(1));
    let (mut one, mut two) = (Browser::new(shop.addr()), Browser::new(shop.addr()));
    one.add_hoodie();
    two.add_hoodie();
    two.follow("/checkout/");
    two.post(
        "/checkout/shipping-address/",
        &super::address(&[("email", "b@example.com")]),
    );
    two.post("/checkout/shipping-method/", &[("method", "1")]);
    one.check_out(("email", "a@example.com"));
    let page = two.post("/checkout/summary/", &[("address", "shipping_address")]);
    assert_eq!((page.status, page.location()), (302, "/cart/"));
    assert_eq!(shop.seen().orders, 1);
}

#[test]
fn quantities_are_updated_by_script() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let page = browser.ajax("/cart/update/1/", &[("quantity", "3")]);
    assert_eq!((page.status, page.cookies().len()), (200, 0));
    let data: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(
        (
            &data["variantId"],
            &data["cart"]["numItems"],
            &data["cart"]["numLines"]
        ),
        (&"1".into(), &3.into(), &1.into())
    );
    assert!(
        data["subtotal"].as_str().unwrap().starts_with('$') && data["subtotal"] == data["total"]
    );
    let page = browser.ajax("/cart/update/1/", &[("quantity", "0")]);
    let data: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(
        (&data["total"], &data["cart"]["numItems"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        browser
            .ajax("/cart/update/1/", &[("quantity", "many")])
            .status,
        400
    );
    assert_eq!(
        browser
            .ajax("/cart/update/999/", &[("quantity", "1")])
            .status,
        404
    );
    assert_eq!(
        browser.ajax("/cart/update/2/", &[("quantity", "1")]).status,
        500
    );
    let page = browser.get("/cart/update/1/");
    assert_eq!((page.status, page.location()), (302, "/cart/"));
}

#[test]
fn a_cookie_that_was_tampered_with_is_no_cart() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let good = browser.cookies["cart"].clone();
    assert!(browser.get("/").has("class=\"badge\">1<"));
    for bad in [
        good.replacen(&good[..1], if good.starts_with('a') { "b" } else { "a" }, 1),
        "x".into(),
        "a:b:c".into(),
    ] {
        browser.cookies.insert("cart".into(), bad);
        assert!(browser.get("/").has("class=\"badge\">0<"));
    }
    browser.add_hoodie();
    assert_ne!(
        browser.cookies["cart"].split(':').next(),
        good.split(':').next()
    );
}

#[test]
fn the_cart_keeps_its_number_and_a_user_has_no_cart_cookie() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let number = |browser: &Browser| {
        browser.cookies["cart"]
            .split(':')
            .next()
            .unwrap()
            .to_owned()
    };
    let first = number(&browser);
    browser.add_hoodie();
    assert_eq!(number(&browser), first);
    let mut user = Browser::new(shop.addr());
    user.sign_up("a@example.com");
    user.add_hoodie();
    assert!(!user.cookies.contains_key("cart"));
    assert!(user.get("/").has("class=\"badge\">1<"));
}
