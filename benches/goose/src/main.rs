//! The benches' user in Goose: one request, again and again, in the shape that SHAPE names.

use std::sync::LazyLock;

use goose::prelude::*;
use serde_json::{Value, json};

static SHAPE: LazyLock<String> = LazyLock::new(|| std::env::var("SHAPE").unwrap_or_default());
static JSON: LazyLock<Value> =
    LazyLock::new(|| json!({"id": 7, "name": "hoodie", "sizes": ["S", "M", "L"], "price": 29.9}));
const FORM: [(&str, &str); 4] = [
    ("quantity", "1"),
    ("variant", "3"),
    ("email", "somebody@example.com"),
    ("note", "a b&c"),
];

async fn step(user: &mut GooseUser) -> TransactionResult {
    let done = match SHAPE.as_str() {
        "GET" => user.get("/").await?,
        "POST json" => user.post_json("/", &*JSON).await?,
        "POST form" => user.post_form("/", &FORM).await?,
        "page" => user.get("/page").await?,
        "redirect" => user.get("/moved").await?,
        other => panic!("SHAPE={other:?}: one of GET, POST json, POST form, page, redirect"),
    };
    // As Locust does: the body is read, and then the connection may be used again.
    let _ = done.response?.bytes().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), GooseError> {
    GooseAttack::initialize()?
        .register_scenario(scenario!("visitor").register_transaction(transaction!(step)))
        .execute()
        .await?;
    Ok(())
}
