//! What is for sale: sixty products in four categories, the same for a seed at every run.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::config::Stock;

/// A kind of goods: which category, which variants, what it is drawn as.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) category: usize,
    /// The attribute that tells variants apart, and its values; none means one variant.
    pub(super) attribute: Option<(&'static str, &'static [&'static str])>,
    pub(super) shippable: bool,
    words: [&'static str; 4],
}

pub(super) const KINDS: [Kind; 6] = [
    Kind {
        name: "T-Shirt",
        category: 0,
        attribute: Some(("Size", &["XS", "S", "M", "L", "XL", "XXL"])),
        shippable: true,
        words: ["hoodie", "tee", "sweater", "shirt"],
    },
    Kind {
        name: "Mug",
        category: 1,
        attribute: None,
        shippable: true,
        words: ["mug", "cup", "beaker", "stein"],
    },
    Kind {
        name: "Coffee",
        category: 2,
        attribute: Some(("Bag", &["100 g", "250 g", "500 g", "1 kg"])),
        shippable: true,
        words: ["roast", "beans", "blend", "espresso"],
    },
    Kind {
        name: "Candy",
        category: 2,
        attribute: Some(("Box", &["small", "medium", "large"])),
        shippable: true,
        words: ["toffees", "drops", "pralines", "liquorice"],
    },
    Kind {
        name: "E-book",
        category: 3,
        attribute: None,
        shippable: false,
        words: ["handbook", "notes", "primer", "tales"],
    },
    Kind {
        name: "Book",
        category: 3,
        attribute: Some(("Cover", &["soft", "hard"])),
        shippable: true,
        words: ["atlas", "novel", "reader", "almanac"],
    },
];

pub(super) struct Category {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) slug: &'static str,
    pub(super) intro: &'static str,
}

pub(super) const CATEGORIES: [Category; 4] = [
    Category {
        id: 1,
        name: "Apparel",
        slug: "apparel",
        intro: "Soft things for people who stand in queues.",
    },
    Category {
        id: 2,
        name: "Accessories",
        slug: "accessories",
        intro: "For the desk, and what stands on it.",
    },
    Category {
        id: 3,
        name: "Groceries",
        slug: "groceries",
        intro: "Beans by day, sweets by night.",
    },
    Category {
        id: 4,
        name: "Books",
        slug: "books",
        intro: "On paper and off it.",
    },
];

pub(super) const COLOURS: [(&str, &str); 5] = [
    ("blue", "#3b6fb6"),
    ("white", "#cfd6dd"),
    ("green", "#3f8f63"),
    ("red", "#b8443f"),
    ("violet", "#6d55a3"),
];

pub(super) struct Product {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) kind: usize,
    pub(super) colour: usize,
    /// US cents.
    pub(super) price: u32,
    pub(super) description: String,
    pub(super) variants: Vec<u32>,
    /// What a search looks through, in lower case.
    searched: String,
}

impl Product {
    pub(super) fn kind(&self) -> &'static Kind {
        &KINDS[self.kind]
    }

    /// Whether all these words (in lower case) are in its name, kind or description.
    pub(super) fn has_words(&self, wanted: &str) -> bool {
        wanted
            .split_whitespace()
            .all(|word| self.searched.contains(word))
    }

    pub(super) fn url(&self) -> String {
        format!("/products/{}-{}/", self.slug, self.id)
    }

    /// What sets a variant apart: `XS`; empty for a product with one variant.
    pub(super) fn variant_name(&self, variant: u32) -> &'static str {
        let place = self
            .variants
            .iter()
            .position(|v| *v == variant)
            .unwrap_or_default();
        self.kind()
            .attribute
            .and_then(|(_, values)| values.get(place).copied())
            .unwrap_or_default()
    }
}

pub(super) struct Catalog {
    pub(super) products: Vec<Product>,
    /// Pieces by variant number minus one; none is endless.
    pub(super) quantities: Option<Vec<u32>>,
    owners: Vec<usize>,
}

impl Catalog {
    pub(super) fn new(seed: u64, stock: Stock) -> Catalog {
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut products, mut owners) = (Vec::new(), Vec::new());
        for id in 1..=60u32 {
            let kind = ((id - 1) / 10) as usize;
            let name = if id == 1 {
                "Codemash".to_owned()
            } else {
                name(&mut rng, &KINDS[kind], id)
            };
            let mut description = description(&mut rng);
            if id == 1 {
                description.insert_str(0, "The hoodie of the conference. ");
            }
            let count = KINDS[kind].attribute.map_or(1, |(_, values)| values.len());
            let variants = (0..count).map(|_| {
                owners.push(products.len());
                owners.len() as u32
            });
            products.push(Product {
                id,
                slug: slug(&name),
                kind,
                colour: if id == 1 {
                    0
                } else {
                    rng.random_range(0..COLOURS.len())
                },
                price: rng.random_range(500..9_999),
                variants: variants.collect(),
                searched: format!("{name} {} {description}", KINDS[kind].name).to_lowercase(),
                description,
                name,
            });
        }
        let quantities = match stock {
            Stock::Endless => None,
            Stock::Each(pieces) => Some(vec![pieces; owners.len()]),
            Stock::Sample => Some(owners.iter().map(|_| rng.random_range(1..=50)).collect()),
        };
        Catalog {
            products,
            quantities,
            owners,
        }
    }

    pub(super) fn product(&self, id: u32) -> Option<&Product> {
        self.products.get((id as usize).checked_sub(1)?)
    }

    /// The product a variant belongs to.
    pub(super) fn owner(&self, variant: u32) -> Option<&Product> {
        self.products
            .get(*self.owners.get((variant as usize).checked_sub(1)?)?)
    }

    pub(super) fn in_category(&self, category: usize) -> impl Iterator<Item = &Product> {
        self.products
            .iter()
            .filter(move |product| product.kind().category == category)
    }

    /// The eight of the front page, the hoodie first.
    pub(super) fn featured(&self) -> impl Iterator<Item = &Product> {
        [1, 12, 23, 4, 52, 35, 47, 8]
            .into_iter()
            .filter_map(|id| self.product(id))
    }
}

fn name(rng: &mut SmallRng, kind: &Kind, id: u32) -> String {
    const HOUSES: [&str; 24] = [
        "Harbour", "Meadow", "Lantern", "Granite", "Juniper", "Copper", "Heron", "Saffron",
        "Willow", "Ember", "Orchard", "Tundra", "Marble", "Falcon", "Clover", "Indigo", "Birch",
        "Comet", "Velvet", "Quarry", "Poppy", "Thistle", "Walnut", "Drift",
    ];
    const TRADES: [&str; 8] = [
        "Lane", "& Sons", "Works", "Supply", "Brothers", "Row", "Mill", "Studio",
    ];
    let house = HOUSES[(rng.random_range(0..4) * 6 + id as usize) % HOUSES.len()];
    format!(
        "{house} {} {}",
        TRADES[rng.random_range(0..TRADES.len())],
        kind.words[rng.random_range(0..4)]
    )
}

fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn description(rng: &mut SmallRng) -> String {
    const SENTENCES: [&str; 16] = [
        "Made in small numbers by people who would rather make it twice than send out a bad one.",
        "It gets better with use, and it is meant to be used every day.",
        "The colour stays what it was on the first day, sun or no sun.",
        "Nothing about it is loud, which is why it goes with everything else.",
        "We looked for one like it for years before we had it made ourselves.",
        "It comes in a plain box that is good for keeping things in afterwards.",
        "Each one is looked at twice before it leaves the house.",
        "Those who have one tend to come back for another, mostly as a present.",
        "A quiet companion for long days in front of a screen.",
        "It has been to three conferences and a wedding, and nobody complained.",
        "Should it ever let you down, send it back and we will have a word with it.",
        "Light enough to be taken along, solid enough to be left out in the rain.",
        "The first batch was gone within a day, so we made the second one larger.",
        "There are cheaper ones, and we have tried them all.",
        "It was drawn on a napkin once, and hardly anything has changed since then.",
        "Ideal for people who stand in queues, and for those who model them.",
    ];
    let start = rng.random_range(0..SENTENCES.len());
    // A step without a common factor with the number of sentences: none comes twice.
    let step = [3, 5, 7, 9][rng.random_range(0..4)];
    let chosen = (0..9).map(|n| SENTENCES[(start + n * step) % SENTENCES.len()]);
    chosen.collect::<Vec<_>>().join(" ")
}

/// Filling of no meaning, `length` bytes of it.
pub(super) fn prose(rng: &mut SmallRng, length: usize) -> String {
    const WORDS: [&str; 48] = [
        "made",
        "for",
        "long",
        "days",
        "and",
        "short",
        "nights",
        "with",
        "care",
        "by",
        "people",
        "who",
        "like",
        "what",
        "they",
        "do",
        "it",
        "keeps",
        "its",
        "shape",
        "colour",
        "after",
        "many",
        "washes",
        "every",
        "piece",
        "is",
        "looked",
        "at",
        "twice",
        "before",
        "leaving",
        "the",
        "house",
        "nothing",
        "comes",
        "loose",
        "or",
        "fades",
        "in",
        "sun",
        "a",
        "quiet",
        "companion",
        "on",
        "way",
        "to",
        "work",
    ];
    let mut text = String::with_capacity(length + 16);
    let mut start = true;
    while text.len() < length {
        let word = WORDS[rng.random_range(0..WORDS.len())];
        if start {
            text.push_str(&word[..1].to_uppercase());
            text.push_str(&word[1..]);
        } else {
            text.push(' ');
            text.push_str(word);
        }
        start = rng.random_range(0..9) == 0;
        if start {
            text.push_str(". ");
        }
    }
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_funnels_hoodie_is_where_it_should_be() {
        for seed in [1, 2, 99] {
            let catalog = Catalog::new(seed, Stock::Endless);
            let hoodie = catalog.product(1).unwrap();
            assert_eq!(
                (hoodie.url().as_str(), hoodie.variants.as_slice()),
                ("/products/codemash-1/", &[1, 2, 3, 4, 5, 6][..])
            );
            assert_eq!(catalog.product(2).unwrap().variants, [7, 8, 9, 10, 11, 12]);
            assert_eq!(catalog.owners.len(), 60 + 10 + 40 + 30 + 10 + 20);
            assert_eq!(catalog.owner(170).unwrap().id, 60);
            assert!(catalog.owner(0).is_none() && catalog.owner(171).is_none());
            assert_eq!(catalog.in_category(2).count(), 20);
        }
    }

    #[test]
    fn a_seed_fixes_names_and_prices() {
        let digest = |seed| {
            let catalog = Catalog::new(seed, Stock::Sample);
            (
                catalog
                    .products
                    .iter()
                    .map(|p| (p.name.clone(), p.price))
                    .collect::<Vec<_>>(),
                catalog.quantities,
            )
        };
        assert_eq!(digest(3), digest(3));
        assert_ne!(digest(3), digest(4));
    }
}
