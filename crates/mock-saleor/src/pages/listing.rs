//! Pages that list products: the front page, categories with their filter, search.

use bytes::{Buf, Bytes};
use serde_json::json;

use super::chrome::shop_page;
use super::template::{SLOTS, Template, escape, filling, money};
use crate::body::ByteRope;
use crate::catalog::{CATEGORIES, Catalog, Product};

/// How a listing is ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Sort {
    #[default]
    Unsorted,
    Name,
    NameDown,
    Price,
    PriceDown,
}

impl Sort {
    pub(crate) fn parse(text: &str) -> Sort {
        match text {
            "name" => Sort::Name,
            "-name" => Sort::NameDown,
            "price" => Sort::Price,
            "-price" => Sort::PriceDown,
            _ => Sort::Unsorted,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Sort::Unsorted => "",
            Sort::Name => "name",
            Sort::NameDown => "-name",
            Sort::Price => "price",
            Sort::PriceDown => "-price",
        }
    }

    pub(crate) fn apply(self, products: &mut [&Product]) {
        match self {
            Sort::Unsorted => {}
            Sort::Name => products.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::NameDown => products.sort_by(|a, b| b.name.cmp(&a.name)),
            Sort::Price => products.sort_by_key(|product| product.price),
            Sort::PriceDown => products.sort_by_key(|product| std::cmp::Reverse(product.price)),
        }
    }
}

/// A product's card by its number minus one, in the front page's size and the categories'.
pub(super) struct Cards {
    front: Vec<Bytes>,
    category: Vec<Bytes>,
}

const FRONT_CARD: f64 = 2_270.0;
const CATEGORY_CARD: f64 = 2_900.0;

impl Cards {
    pub(super) fn new(catalog: &Catalog, scale: f64) -> Cards {
        let cards = |size: f64, pictures| {
            catalog
                .products
                .iter()
                .map(|product| Bytes::from(card(product, (size * scale) as usize, pictures)))
                .collect()
        };
        Cards {
            front: cards(FRONT_CARD, 1),
            category: cards(CATEGORY_CARD, 2),
        }
    }
}

fn card(product: &Product, size: usize, pictures: u32) -> String {
    let (id, url, name, price) = (
        product.id,
        product.url(),
        escape(&product.name),
        money(product.price.into()),
    );
    let hover = if pictures > 1 {
        format!(
            "<img class=\"hover\" src=\"/static/products/{id}-2.svg\" alt=\"\" width=\"255\" height=\"255\">"
        )
    } else {
        String::new()
    };
    let data = json!({
        "@context": "http://schema.org/", "@type": "Product", "name": product.name, "url": url,
        "image": format!("/static/products/{id}-1.svg"), "description": product.description,
        "offers": {"@type": "Offer", "priceCurrency": "USD", "price": price.trim_start_matches('$'),
            "availability": "http://schema.org/InStock"},
    });
    let card = format!(
        "      <div class=\"product-list\">\n        <a class=\"product-list__link\" href=\"{url}\">\n          \
         <span class=\"product-list__image\"><img src=\"/static/products/{id}-1.svg\" alt=\"{name}\" width=\"255\" height=\"255\">{hover}</span>\n          \
         <span class=\"product-list-item-name\" title=\"{name}\">{name}</span>\n          \
         <span class=\"product-list-item-price\">{price}</span>\n        </a>\n        \
         <script type=\"application/ld+json\">{data}</script>\n      </div>\n"
    );
    let padding = filling(size.saturating_sub(card.len()));
    card + &padding
}

pub(super) fn home(catalog: &Catalog, cards: &Cards, scale: f64) -> Template {
    let featured = catalog
        .featured()
        .map(|product| &cards.front[product.id as usize - 1]);
    let featured: String = featured.map(|card| String::from_utf8_lossy(card)).collect();
    let content = format!(
        "      <section class=\"home__hero\"><h1>The Hoodiepocalypse is near</h1>\n        \
         <p>One hoodie, six sizes, and everybody wants it at once.</p>\n        \
         <a class=\"btn\" href=\"/products/codemash-1/\">Get the hoodie</a></section>\n      \
         <h2>Picked for you</h2>\n      <section class=\"home__featured\">\n{featured}      </section>\n      \
         <section class=\"home__blocks\">\n        \
         <a class=\"home__block home__block--apparel\" href=\"/products/category/apparel-1/\">Everything to wear</a>\n        \
         <a class=\"home__block home__block--groceries\" href=\"/products/category/groceries-3/\">Coffee and sweets</a>\n      </section>"
    );
    Template::new(&shop_page("Home", "", &content), 31_396.0 * scale, 0)
}

/// One category (or the search), with slots for what a query changes.
pub(crate) struct Listing {
    categories: Vec<Template>,
    fronts: Vec<Template>,
    search: Template,
    cards: Cards,
}

/// Products on one page of a category.
pub(crate) const PAGE: usize = 16;

impl Listing {
    pub(super) fn new(catalog: &Catalog, cards: Cards, scale: f64) -> Listing {
        let shown = |place: usize| catalog.in_category(place).count().min(PAGE) as f64;
        let size = |place: usize| match place {
            0 => 43_907.0 * scale,
            2 => 58_988.0 * scale,
            _ => (14_900.0 + CATEGORY_CARD * shown(place)) * scale,
        };
        let category = |place: usize| {
            let slots = (CATEGORY_CARD * scale * shown(place)) as usize;
            Template::new(&category_page(place), size(place), slots + 430)
        };
        let search = format!(
            "      <h1>Search</h1>\n      <p class=\"search__count\">{}</p>\n      \
             <div class=\"product-grid\" id=\"search-results\">\n{}      </div>\n{}",
            SLOTS[0], SLOTS[1], SLOTS[2]
        );
        let mut listing = Listing {
            categories: (0..CATEGORIES.len()).map(category).collect(),
            fronts: Vec::new(),
            search: Template::new(&shop_page("Search", "", &search), 13_060.0 * scale, 40),
            cards,
        };
        for place in 0..CATEGORIES.len() {
            let front = listing.front_page(catalog, place);
            listing.fronts.push(Template::new(&front, size(place), 0));
        }
        listing
    }

    /// A category's first page with its slots filled in for good: what nearly every visitor asks for.
    fn front_page(&self, catalog: &Catalog, place: usize) -> String {
        let products: Vec<&Product> = catalog.in_category(place).collect();
        let pages = products.len().div_ceil(PAGE);
        let shown = products.chunks(PAGE).next().unwrap_or_default();
        let slots = self.category_slots(shown, (1, pages), Sort::Unsorted, ["", ""]);
        slots
            .into_iter()
            .zip(SLOTS)
            .fold(category_page(place), |html, (mut slot, mark)| {
                let text = slot.copy_to_bytes(slot.len());
                html.replacen(mark, &String::from_utf8_lossy(&text), 1)
            })
    }

    /// A category's page with slots, or its first page without a query, which has none.
    pub(crate) fn category(&self, place: usize, plain: bool) -> Option<&Template> {
        if plain {
            self.fronts.get(place)
        } else {
            self.categories.get(place)
        }
    }

    pub(crate) fn search(&self) -> &Template {
        &self.search
    }

    /// The slots of a category page: cards, links to other pages, sort links, filter values.
    pub(crate) fn category_slots(
        &self,
        products: &[&Product],
        (page, pages): (usize, usize),
        sort: Sort,
        prices: [&str; 2],
    ) -> Vec<ByteRope> {
        let mut grid = ByteRope::with_capacity(products.len() + 1);
        for product in products {
            grid.push(self.cards.category[product.id as usize - 1].clone());
        }
        if products.is_empty() {
            grid.push(Bytes::from_static(
                b"<p class=\"nothing\">No product matches.</p>",
            ));
        }
        let sorts = [
            (Sort::Name, "A to Z"),
            (Sort::NameDown, "Z to A"),
            (Sort::Price, "cheapest"),
            (Sort::PriceDown, "dearest"),
        ];
        let sorts: String = sorts
            .iter()
            .map(|(other, label)| {
                let chosen = if *other == sort {
                    " class=\"chosen\""
                } else {
                    ""
                };
                format!(
                    "<a{chosen} href=\"?sort_by={}\">{label}</a>\n",
                    other.name()
                )
            })
            .collect();
        let query = |name: &str, value: &str| {
            format!(
                "<input type=\"number\" step=\"any\" name=\"{name}\" value=\"{}\" class=\"form-control\">",
                escape(value)
            )
        };
        let filter = format!(
            "{}{}<input type=\"hidden\" name=\"sort_by\" value=\"{}\">",
            query("price_0", prices[0]),
            query("price_1", prices[1]),
            sort.name()
        );
        vec![
            grid,
            paging(page, pages, &format!("sort_by={}&amp;", sort.name())).into(),
            sorts.into(),
            filter.into(),
        ]
    }

    /// The slots of a page of search results.
    pub(crate) fn search_slots(
        &self,
        query: &str,
        hits: usize,
        products: &[&Product],
        (page, pages): (usize, usize),
    ) -> Vec<ByteRope> {
        let count = if query.is_empty() {
            "Enter a search term above.".to_owned()
        } else {
            format!("{hits} found for “{}”", escape(query))
        };
        let mut grid = ByteRope::with_capacity(products.len());
        for product in products {
            grid.push(self.cards.front[product.id as usize - 1].clone());
        }
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        vec![
            count.into(),
            grid,
            paging(page, pages, &format!("q={}&amp;", escape(&query))).into(),
        ]
    }
}

fn paging(page: usize, pages: usize, query: &str) -> String {
    if pages < 2 {
        return String::new();
    }
    let links = (1..=pages).map(|number| {
        let chosen = if number == page {
            " class=\"chosen\""
        } else {
            ""
        };
        format!("<a{chosen} href=\"?{query}page={number}\">{number}</a>\n")
    });
    format!(
        "<nav class=\"pagination\">{}</nav>",
        links.collect::<String>()
    )
}

fn category_page(place: usize) -> String {
    let category = &CATEGORIES[place];
    let (id, slug, name, intro) = (category.id, category.slug, category.name, category.intro);
    let content = format!(
        "      <div id=\"category-page\">\n        <ul class=\"breadcrumbs\"><li><a href=\"/\">Home</a></li>\
         <li><a href=\"/products/category/{slug}-{id}/\">{name}</a></li></ul>\n        \
         <h1>{name}</h1>\n        <p>{intro}</p>\n        <div class=\"category__columns\">\n        \
         <form class=\"filters-menu\" method=\"get\">\n          <h3>Price, $</h3>\n          {}\n          \
         <button class=\"btn btn--small\" type=\"submit\">Filter</button>\n          <h3>Sort</h3>\n          \
         <div class=\"sort-by\">{}</div>\n        </form>\n        <div>\n        <div class=\"product-grid\">\n{}        </div>\n        {}\n        </div>\n        </div>\n      </div>",
        SLOTS[3], SLOTS[2], SLOTS[0], SLOTS[1]
    );
    let canonical =
        format!("    <link rel=\"canonical\" href=\"/products/category/{slug}-{id}/\">\n");
    shop_page(name, &canonical, &content)
}
