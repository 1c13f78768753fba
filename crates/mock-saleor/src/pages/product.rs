//! A product's page: with the variant picker, with a plain form, or sold out.

use serde_json::{Value, json};

use super::chrome::{shop_page, token_input};
use super::template::{SLOTS, Template, escape, money};
use crate::catalog::{CATEGORIES, COLOURS, Product};

/// The page of a product that can be bought and the one of the same product sold out.
///
/// Slot 0 of the first takes complaints about a form that was sent to it.
pub(super) fn pages(product: &Product, scale: f64) -> (Template, Template) {
    let picked = product.kind().attribute.is_some();
    let buying = if picked {
        picker(product)
    } else {
        form(product)
    };
    let sold_out =
        "<div class=\"alert alert-warning\">All gone: we have none of these at the moment.</div>";
    let (open, closed) = if picked {
        (29_470.0, 22_200.0)
    } else {
        (20_088.0, 19_000.0)
    };
    (
        Template::new(&page(product, &buying), open * scale, 0),
        Template::new(&page(product, sold_out), closed * scale, 0),
    )
}

fn page(product: &Product, buying: &str) -> String {
    let (name, price) = (escape(&product.name), money(product.price.into()));
    let category = &CATEGORIES[product.kind().category];
    let pictures = if product.id == 1 { 4 } else { 1 };
    let gallery: String = (1..=pictures)
        .map(|n| format!("            <img class=\"carousel-item\" src=\"/static/products/{}-{n}.svg\" alt=\"{name}, picture {n}\" width=\"540\" height=\"540\">\n", product.id))
        .collect();
    let thumbnails: String = (1..=pictures)
        .filter(|_| pictures > 1)
        .map(|n| format!("            <img class=\"thumbnail\" src=\"/static/products/{}-{n}.svg\" alt=\"\" width=\"60\" height=\"60\">\n", product.id))
        .collect();
    let content = format!(
        "      <ul class=\"breadcrumbs\"><li><a href=\"/\">Home</a></li><li><a href=\"/products/category/{}-{}/\">{}</a></li><li><a href=\"{url}\">{name}</a></li></ul>\n      \
         <div class=\"product\">\n        <div class=\"product__gallery\">\n          <div class=\"carousel\">\n{gallery}          </div>\n          \
         <div class=\"thumbnails\">\n{thumbnails}          </div>\n        </div>\n        \
         <div class=\"product__info\">\n          <h1 class=\"product__info__name\">{name}</h1>\n          \
         <h2 class=\"product__info__price\">{price}</h2>\n          {buying}\n          \
         <div class=\"product__info__description\"><h3>About it</h3><p>{}</p></div>\n          \
         <table class=\"product__info__attributes\"><tr><th>Kind</th><td>{}</td></tr><tr><th>Colour</th><td>{}</td></tr></table>\n        \
         </div>\n      </div>",
        category.slug,
        category.id,
        category.name,
        product.description,
        product.kind().name,
        COLOURS[product.colour].0,
        url = product.url(),
    );
    let canonical = format!("    <link rel=\"canonical\" href=\"{}\">\n", product.url());
    shop_page(&name, &canonical, &content)
}

/// The token stands outside of any form, then a container that a script makes into a picker.
fn picker(product: &Product) -> String {
    let data = escape(&picker_data(product).to_string());
    format!(
        "{}\n          {}<div id=\"variant-picker\" data-action=\"{}add/\" data-variant-picker-data=\"{data}\"></div>\n          \
         <noscript><p>Choosing a size needs JavaScript.</p></noscript>",
        token_input(),
        SLOTS[0],
        product.url()
    )
}

fn form(product: &Product) -> String {
    let options: String = product
        .variants
        .iter()
        .map(|variant| {
            format!(
                "<option value=\"{variant}\">{}, {}</option>",
                escape(&product.name),
                money(product.price.into())
            )
        })
        .collect();
    format!(
        "<form id=\"product-form\" class=\"form-product\" method=\"post\" action=\"{}add/\">{}\n            {}\
         <div class=\"form-group\"><label for=\"id_variant\">Variant</label><select id=\"id_variant\" name=\"variant\" class=\"form-control\">{options}</select></div>\n            \
         <div class=\"form-group\"><label for=\"id_quantity\">Quantity</label><input id=\"id_quantity\" type=\"number\" name=\"quantity\" min=\"0\" max=\"50\" value=\"1\" class=\"form-control\"></div>\n            \
         <button class=\"btn\" type=\"submit\">Add to cart</button></form>",
        product.url(),
        token_input(),
        SLOTS[0]
    )
}

fn price(cents: u32) -> Value {
    let amount = money(cents.into());
    json!({"currency": "USD", "gross": amount[1..], "grossLocalized": amount, "net": amount[1..], "netLocalized": amount})
}

fn picker_data(product: &Product) -> Value {
    let (name, values) = product.kind().attribute.unwrap_or(("", &[]));
    // Attribute and value numbers are the shop's own; a kind's values follow each other.
    let attribute = product.kind as u32 + 1;
    let value_number = |place: usize| attribute * 10 + place as u32;
    let slug = |text: &str| text.to_lowercase().replace(' ', "-");
    let values: Vec<Value> = values
        .iter()
        .enumerate()
        .map(
            |(place, value)| json!({"pk": value_number(place), "name": value, "slug": slug(value)}),
        )
        .collect();
    let variants: Vec<Value> = product
        .variants
        .iter()
        .enumerate()
        .map(|(place, variant)| {
            json!({
                "id": variant,
                "price": price(product.price),
                "priceUndiscounted": price(product.price),
                "attributes": {attribute.to_string(): value_number(place).to_string()},
                "priceLocalCurrency": null,
                "schemaData": {
                    "@type": "Offer", "itemCondition": "http://schema.org/NewCondition",
                    "priceCurrency": "USD", "price": money(product.price.into())[1..],
                    "sku": format!("{}-{}", product.id, 1336 + variant),
                    "availability": "http://schema.org/InStock",
                },
            })
        })
        .collect();
    let range = json!({"maxPrice": price(product.price), "minPrice": price(product.price)});
    json!({
        "availability": {"discount": null, "priceRange": range, "priceRangeUndiscounted": range, "priceRangeLocalCurrency": null},
        "variantAttributes": [{"pk": attribute, "name": name, "slug": slug(name), "values": values}],
        "variants": variants,
    })
}
