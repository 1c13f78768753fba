//! Pages: statuses, sizes, landmarks, header sets, and which of them set a cookie.

use super::browser::Browser;
use super::{address, shop, shop_with};
use mock_saleor::{Config, MockSaleor, Stock};

fn near(got: usize, size: usize) -> bool {
    got.abs_diff(size) * 20 <= size
}

#[test]
fn every_page_has_its_status_size_landmarks_and_cookies() {
    let shop = shop();
    let none: &[&str] = &[];
    let token = &["csrftoken"][..];
    for (path, status, size, landmarks, cookies) in [
        (
            "/",
            200,
            31_396,
            &[
                "home__featured",
                "class=\"badge\">0<",
                "application/ld+json",
                "name=\"q\"",
            ][..],
            none,
        ),
        (
            "/products/category/apparel-1/",
            200,
            43_907,
            &[
                "id=\"category-page\"",
                "sort_by=-price",
                "rel=\"canonical\"",
            ],
            none,
        ),
        (
            "/products/category/groceries-3/",
            200,
            58_988,
            &["price_0"],
            none,
        ),
        (
            "/products/category/groceries-3/?page=2",
            200,
            0,
            &["product-list"],
            none,
        ),
        (
            "/products/category/groceries-3/?page=3",
            404,
            104,
            &[],
            none,
        ),
        (
            "/products/category/groceries-3/?page=x",
            404,
            104,
            &[],
            none,
        ),
        ("/products/category/wrong-1/?page=9", 301, 0, &[], none),
        ("/products/category/none-9/", 404, 99, &[], none),
        (
            "/products/codemash-1/",
            200,
            29_470,
            &[
                "<div id=\"variant-picker\" data-action=\"/products/codemash-1/add/\" data-variant-picker-data=\"{&quot;",
            ],
            token,
        ),
        ("/products/hoodie-1/", 301, 0, &[], none),
        ("/products/nothing-61/", 404, 94, &[], none),
        (
            "/account/signup/",
            200,
            14_066,
            &[
                "id=\"id_email\"",
                "id=\"id_password\"",
                "action=\"/account/signup/\"",
            ],
            token,
        ),
        (
            "/account/login/",
            200,
            14_176,
            &["id=\"id_username\"", "id=\"id_password\""],
            token,
        ),
        ("/account/logout/", 302, 0, &[], none),
        ("/profile/", 302, 0, &[], none),
        ("/cart/", 200, 13_304, &[], none),
        ("/cart/summary/", 200, 358, &["cart-dropdown__empty"], none),
        (
            "/cart/shipingoptions/",
            200,
            0,
            &["id=\"id_country\""],
            none,
        ),
        (
            "/search/?q=codemash",
            200,
            15_333,
            &["/products/codemash-1/"],
            none,
        ),
        ("/search/?q=codemash&page=2", 404, 81, &[], none),
        (
            "/search/?q=Hoodie",
            200,
            0,
            &["/products/codemash-1/"],
            none,
        ),
        (
            "/search/?q=codemash+hoodie",
            200,
            15_333,
            &["/products/codemash-1/", "1 found"],
            none,
        ),
        ("/search/?q=codemash+mug", 200, 0, &["0 found"], none),
        ("/search/", 200, 0, &[], none),
        ("/jsi18n/", 200, 3_189, &[], none),
        ("/health/", 200, 0, &[], none),
        ("/checkout/remove_voucher/", 405, 0, &[], none),
        ("/nowhere", 404, 81, &[], none),
        ("/order/12/", 404, 83, &[], none),
    ] {
        let page = Browser::new(shop.addr()).get(path);
        assert_eq!(page.status, status, "{path}");
        assert!(
            size == 0 || near(page.body.len(), size),
            "{path}: {} bytes",
            page.body.len()
        );
        for landmark in landmarks {
            assert!(page.has(landmark), "{path}: no {landmark}");
        }
        assert_eq!(page.cookies(), cookies, "{path}");
    }
}

#[test]
fn header_sets() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    let html = Some("text/html; charset=utf-8");
    let usual = Some("Accept-Language, Cookie");
    for (path, kind, vary, language) in [
        ("/", html, usual, Some("en")),
        ("/checkout/", html, usual, Some("en")),
        ("/products/x-1/", html, usual, Some("en")),
        ("/nowhere/", Some("text/html"), usual, Some("en")),
        ("/checkout", html, None, None),
        (
            "/account/login/",
            html,
            Some("Cookie, Accept-Language"),
            Some("en"),
        ),
        ("/static/images/logo.svg", Some("image/svg+xml"), None, None),
        ("/health/", Some("text/plain"), None, None),
    ] {
        let page = browser.get(path);
        let got = (
            page.header("Content-Type"),
            page.header("Vary"),
            page.header("Content-Language"),
        );
        assert_eq!(got, (kind, vary, language), "{path}");
        for absent in ["Server", "Date", "ETag", "Connection", "X-Frame-Options"] {
            assert_eq!(page.header(absent), None, "{path}");
        }
    }
    let login = browser.get("/account/login/");
    assert!(login.header("Expires").is_some());
    assert!(
        login
            .header("Cache-Control")
            .unwrap()
            .starts_with("max-age=0, no-cache")
    );
    assert_eq!(
        browser.get("/checkout/remove_voucher/").header("Allow"),
        Some("POST")
    );
    assert!(
        browser
            .get("/static/images/logo.svg")
            .header("Last-Modified")
            .is_some()
    );
}

#[test]
fn cookies_look_as_the_original_sends_them() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/account/signup/");
    let page = browser.post(
        "/account/signup/",
        &[("email", "a@example.com"), ("password", "x")],
    );
    let cookies: Vec<_> = page
        .headers
        .iter()
        .filter(|(name, _)| name == "Set-Cookie")
        .map(|(_, v)| v)
        .collect();
    let shape = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect()
    };
    for (cookie, name, length, rest) in [
        (cookies[0], "  csrftoken=", 64, "Max-Age=99999999; Path=/"),
        (
            cookies[1],
            "  sessionid=",
            32,
            "HttpOnly; Max-Age=9999999; Path=/",
        ),
    ] {
        let value = cookie.strip_prefix(name).unwrap();
        let (value, attributes) = value.split_once("; expires=").unwrap();
        assert!(
            value.len() == length && value.chars().all(|c| c.is_ascii_alphanumeric()),
            "{cookie}"
        );
        let (date, attributes) = attributes.split_once(" GMT; ").unwrap();
        assert_eq!(
            shape(&date[3..7]) + &date[7..8] + &shape(&date[11..]),
            ", 99--9999 99:99:99",
            "{cookie}"
        );
        assert_eq!(shape(attributes), rest);
    }
    browser.cookies.clear();
    browser.get("/products/codemash-1/");
    let page = browser.ajax(
        "/products/codemash-1/add/",
        &[("variant", "1"), ("quantity", "1")],
    );
    let cart = page
        .headers
        .iter()
        .find(|(name, _)| name == "Set-Cookie")
        .unwrap()
        .1
        .clone();
    let value = cart
        .strip_prefix("  cart=")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let parts: Vec<_> = value.split(':').collect();
    assert_eq!(
        (parts[0].len(), parts[1].len(), parts[2].len()),
        (36, 6, 27)
    );
    assert!(cart.ends_with("; Max-Age=315360000; Path=/") && !cart.contains("HttpOnly"));
}

#[test]
fn checkout_and_order_pages_have_the_originals_sizes() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    let mut check = |path: &str, size: usize, landmarks: &[&str]| {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            near(page.body.len(), size),
            "{path}: {} bytes",
            page.body.len()
        );
        for landmark in landmarks {
            assert!(page.has(landmark), "{path}: no {landmark}");
        }
    };
    check(
        "/cart/",
        27_390,
        &[
            "cart__line",
            "action=\"/cart/update/1/\"",
            "cart-subtotal",
            "cart__submit",
        ],
    );
    check("/cart/summary/", 1_636, &["data-quantity=\"1\""]);
    check("/checkout/login/", 7_260, &["/account/login/"]);
    check(
        "/checkout/shipping-address/",
        30_759,
        &[
            "checkout__shipping",
            "id=\"id_email\"",
            "i18n-address",
            "id=\"id_phone_0\"",
            "name=\"preview\"",
            "discount-voucher",
        ],
    );
    let order = {
        browser.post(
            "/checkout/shipping-address/",
            &address(&[("email", "a@example.com")]),
        );
        let page = browser.get("/checkout/shipping-method/");
        assert!(near(page.body.len(), 9_102), "{}", page.body.len());
        assert!(page.has("id=\"id_method_0\" type=\"radio\" name=\"method\" value=\"1\" checked"));
        browser.post("/checkout/shipping-method/", &[("method", "2")]);
        let page = browser.get("/checkout/summary/");
        assert!(near(page.body.len(), 31_221), "{}", page.body.len());
        assert!(page.has("value=\"shipping_address\" checked") && page.has("SANDUSKY, OH 44870"));
        browser
            .post("/checkout/summary/", &[("address", "shipping_address")])
            .location()
            .to_owned()
    };
    let page = browser.get(&order);
    assert!(
        near(page.body.len(), 16_281)
            && page.has("payment-method-form")
            && page.has("id=\"id_method_0\"")
    );
    let page = browser.get(&format!("{order}default/"));
    assert!(
        near(page.body.len(), 15_215)
            && page.has("id=\"payment-form\"")
            && page.has("id=\"id_verification_result\"")
    );
    let page = browser.get(order.strip_suffix("payment/").unwrap());
    assert!(near(page.body.len(), 15_135) && page.has("order-details__product"));
    let page = browser.get(&order.replace("payment/", "create-password/"));
    assert!(near(page.body.len(), 7_654), "{}", page.body.len());
}

#[test]
fn page_size_scales_pages() {
    let shop = MockSaleor::start(Config {
        page_size: 2.0,
        ..Config::default()
    })
    .unwrap();
    assert!(near(
        Browser::new(shop.addr()).get("/").body.len(),
        2 * 31_396
    ));
    let shop = MockSaleor::start(Config {
        page_size: 0.0,
        ..Config::default()
    })
    .unwrap();
    let page = Browser::new(shop.addr()).get("/");
    assert!(
        page.body.len() < 25_000 && page.has("home__featured"),
        "{}",
        page.body.len()
    );
}

#[test]
fn a_sold_out_product_shows_neither_picker_nor_token() {
    let shop = shop_with(Stock::Each(0));
    let page = Browser::new(shop.addr()).get("/products/codemash-1/");
    assert_eq!((page.status, page.cookies().len()), (200, 0));
    assert!(
        page.has("alert-warning")
            && !page.has("variant-picker\"")
            && !page.has("csrfmiddlewaretoken")
    );
    assert!(near(page.body.len(), 22_200), "{}", page.body.len());
}

#[test]
fn a_seed_fixes_the_shop() {
    let page = |seed| {
        let shop = MockSaleor::start(Config {
            seed,
            ..Config::default()
        })
        .unwrap();
        Browser::new(shop.addr())
            .get("/products/category/apparel-1/")
            .body
    };
    assert_eq!(page(5), page(5));
    assert_ne!(page(5), page(6));
}
