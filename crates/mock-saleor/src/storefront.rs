//! Looking around: front page, categories, products, search.

use super::catalog::{CATEGORIES, Product};
use super::context::RequestContext;
use super::form::Form;
use super::pages::{PAGE, Sort};
use super::reply::Reply;
use super::routes::Place;

impl RequestContext<'_> {
    pub(super) fn home(&mut self) -> Reply {
        self.page(&self.store.pages.home, &[])
    }

    pub(super) fn category(&mut self, place: &Place<'_>) -> Reply {
        let Some(number) = CATEGORIES
            .iter()
            .position(|category| category.id == place.id)
        else {
            return self.missing();
        };
        let category = &CATEGORIES[number];
        if place.name != category.slug {
            return Reply::moved(format!(
                "/products/category/{}-{}/",
                category.slug, category.id
            ));
        }
        let listing = &self.store.pages.listing;
        if let (true, Some(front)) = (self.ask.query.is_empty(), listing.category(number, true)) {
            return self.page(front, &[]);
        }
        let query = Form::urlencoded(self.ask.query.as_bytes());
        let prices = [query.text("price_0"), query.text("price_1")];
        let cents = |text: &str| text.parse::<f64>().ok().map(|price| (price * 100.0) as u64);
        let (from, to) = (
            cents(prices[0]).unwrap_or(0),
            cents(prices[1]).unwrap_or(u64::MAX),
        );
        let mut products: Vec<&Product> = self.store.catalog.in_category(number).collect();
        products.retain(|product| (from..=to).contains(&u64::from(product.price)));
        let sort = Sort::parse(query.text("sort_by"));
        sort.apply(&mut products);
        let Some((page, pages)) = paged(query.get("page"), products.len()) else {
            return self.missing();
        };
        let shown = products.chunks(PAGE).nth(page - 1).unwrap_or_default();
        let slots = listing.category_slots(shown, (page, pages), sort, prices);
        match listing.category(number, false) {
            Some(template) => self.page(template, &slots),
            None => self.missing(),
        }
    }

    pub(super) fn product(&mut self, place: &Place<'_>) -> Reply {
        let Some(product) = self.store.catalog.product(place.id) else {
            return self.missing();
        };
        if place.name != product.slug {
            return Reply::moved(product.url());
        }
        self.product_page(product, "")
    }

    /// A product's page, with complaints about a form that was sent to it.
    pub(super) fn product_page(&mut self, product: &Product, complaint: &str) -> Reply {
        let (open, sold_out) = &self.store.pages.products[product.id as usize - 1];
        let gone = product
            .variants
            .iter()
            .all(|variant| self.shop.available(&self.store.catalog, *variant) == Some(0));
        if gone {
            return self.page(sold_out, &[]);
        }
        if complaint.is_empty() {
            return self.page(open, &[]);
        }
        self.page(
            open,
            &[format!("<span class=\"help-block\">{complaint}</span>").into()],
        )
    }

    pub(super) fn search(&mut self) -> Reply {
        let query = Form::urlencoded(self.ask.query.as_bytes());
        let wanted = query.text("q").trim().to_lowercase();
        let fits = |product: &&Product| !wanted.is_empty() && product.has_words(&wanted);
        let hits: Vec<&Product> = self.store.catalog.products.iter().filter(fits).collect();
        let Some((page, pages)) = paged(query.get("page"), hits.len()) else {
            return self.missing();
        };
        let shown = hits.chunks(PAGE).nth(page - 1).unwrap_or_default();
        let listing = &self.store.pages.listing;
        let slots = listing.search_slots(query.text("q"), hits.len(), shown, (page, pages));
        self.page(listing.search(), &slots)
    }
}

/// Page asked for and pages there are; none if it is no number or there are not so many.
fn paged(asked: Option<&str>, products: usize) -> Option<(usize, usize)> {
    let pages = products.div_ceil(PAGE).max(1);
    let page = match asked {
        None => 1,
        Some("last") => pages,
        Some(number) => number.parse().ok()?,
    };
    (1..=pages).contains(&page).then_some((page, pages))
}
