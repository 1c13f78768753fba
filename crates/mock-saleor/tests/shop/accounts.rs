//! Signing up, logging in and out: answers, cookies, and what becomes of the cart.

use super::browser::Browser;
use super::shop;

#[test]
fn signing_up() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.get("/account/signup/");
    for (email, password) in [("", "x"), ("a@example.com", ""), ("no mail", "x")] {
        let page = browser.post(
            "/account/signup/",
            &[("email", email), ("password", password)],
        );
        assert_eq!(
            (page.status, page.cookies()),
            (200, vec!["csrftoken".to_owned()]),
            "{email} {password}"
        );
        assert!(page.has("help-block") && page.has("alert-danger"));
        assert!(
            page.body.len().abs_diff(14_400) < 720,
            "{}",
            page.body.len()
        );
    }
    let page = browser.post(
        "/account/signup/",
        &[
            ("email", "a@example.com"),
            ("password", "x"),
            ("next", "/cart/"),
        ],
    );
    assert_eq!((page.status, page.location()), (302, "/cart/"));
    assert_eq!(page.cookies(), ["csrftoken", "sessionid"]);
    let page = browser.get("/");
    assert!(page.has("alert-success") && page.has("/account/logout/"));
    assert_eq!(
        page.cookies(),
        ["sessionid"],
        "the page that shows the message"
    );
    let page = browser.get("/");
    assert!(!page.has("alert-success") && page.cookies().is_empty());
    let mut other = Browser::new(shop.addr());
    other.get("/account/signup/");
    let page = other.post(
        "/account/signup/",
        &[("email", "A@example.com"), ("password", "y")],
    );
    assert_eq!(page.status, 200, "an e-mail that is taken");
    assert_eq!(shop.seen().registrations, 1);
}

#[test]
fn logging_in_and_out() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.sign_up("a@example.com");
    let session = browser.cookies["sessionid"].clone();
    let page = browser.get("/account/logout/");
    assert_eq!(
        (page.status, page.location(), page.cookies()),
        (302, "/", vec!["sessionid".to_owned()])
    );
    assert_ne!(browser.cookies["sessionid"], session);
    let page = browser.get("/account/logout/");
    assert_eq!(
        (page.status, page.location()),
        (302, "/account/login/?next=/account/logout/")
    );
    let page = browser.get("/account/login/?next=/profile/");
    assert!(page.has("name=\"next\" value=\"/profile/\""));
    let page = browser.submit(
        &page,
        "/account/login/",
        &[("username", "a@example.com"), ("password", "y")],
    );
    assert_eq!(page.status, 200);
    assert!(page.has("alert-danger"));
    let before = browser.cookies["sessionid"].clone();
    let fields = [
        ("username", "a@example.com"),
        ("password", "x"),
        ("next", "http://elsewhere.example/"),
    ];
    let page = browser.post("/account/login/", &fields);
    assert_eq!((page.status, page.location()), (302, "/"));
    assert_eq!(page.cookies(), ["csrftoken", "sessionid"]);
    assert_ne!(browser.cookies["sessionid"], before);
    assert_eq!(browser.get("/profile/").status, 200);
    assert_eq!(shop.seen().logins, 1);
}

#[test]
fn signing_up_leaves_the_cart_behind_and_logging_in_adopts_it() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.add_hoodie();
    browser.sign_up("a@example.com");
    assert!(browser.get("/").has("class=\"badge\">0<"));
    let stale = browser.cookies["cart"].clone();
    let page = browser.get("/account/login/");
    assert!(
        page.cookies().contains(&"-cart".to_owned()),
        "{:?}",
        page.cookies()
    );
    assert!(browser.get("/").has("class=\"badge\">1<"));
    let mut stranger = Browser::new(shop.addr());
    stranger.cookies.insert("cart".into(), stale);
    assert!(
        stranger.get("/").has("class=\"badge\">0<"),
        "it is the account's now"
    );
    // The next one is not merged in: it takes the first one's place.
    browser.get("/account/logout/");
    browser.get("/products/codemash-1/");
    browser.ajax(
        "/products/codemash-1/add/",
        &[("variant", "2"), ("quantity", "5")],
    );
    browser.get("/account/login/");
    browser.post(
        "/account/login/",
        &[("username", "a@example.com"), ("password", "x")],
    );
    assert!(browser.get("/").has("class=\"badge\">5<"));
}

#[test]
fn a_session_nobody_knows_is_taken_away() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.cookies.insert("sessionid".into(), "a".repeat(32));
    assert_eq!(browser.get("/").cookies(), ["-sessionid"]);
    assert!(browser.get("/").cookies().is_empty());
}

#[test]
fn the_password_can_be_changed() {
    let shop = shop();
    let mut browser = Browser::new(shop.addr());
    browser.sign_up("a@example.com");
    let page = browser.post(
        "/profile/",
        &[
            ("old_password", "y"),
            ("new_password1", "z"),
            ("new_password2", "z"),
        ],
    );
    assert_eq!(page.status, 200);
    let page = browser.post(
        "/profile/",
        &[
            ("old_password", "x"),
            ("new_password1", "z"),
            ("new_password2", "z"),
        ],
    );
    assert_eq!((page.status, page.location()), (302, "/profile/"));
    browser.get("/account/logout/");
    let page = browser.post(
        "/account/login/",
        &[("username", "a@example.com"), ("password", "z")],
    );
    assert_eq!(page.status, 302);
}
