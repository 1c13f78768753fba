//! NamePatterns: what the names have in common for which there was no room, to tell a person which request needs a name.

use serde::{Deserialize, Serialize};

/// NamePatterns that are told apart; of more, those that are seen most survive.
const SHAPES: usize = 64;
/// Characters of a name that are looked at and kept.
const LENGTH: usize = 200;
/// Hexadecimal letters without a digit that no word has in a row.
const HEXADECIMAL: usize = 8;

/// Names of one shape, counted by request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The name with a `*` for whatever looks drawn or counted.
    pub shape: String,
    /// The first such name.
    pub example: String,
    /// Requests.
    pub count: u64,
}

/// The most frequent shapes, by the algorithm "space-saving": any shape with more than 1/64 of the requests is there.
#[derive(Debug, Clone, Default)]
pub struct NamePatterns(Vec<Shape>);

impl NamePatterns {
    /// Counts `times` requests of a name.
    pub fn add(&mut self, name: &str, times: u64) {
        let name = kept(name);
        self.count(&shape(name), name, times);
    }

    /// Counts requests of a shape that is known.
    pub fn count(&mut self, shape: &str, example: &str, times: u64) {
        let (shape, example) = (kept(shape), kept(example));
        if let Some(known) = self.0.iter_mut().find(|known| known.shape == shape) {
            known.count = known.count.saturating_add(times);
            return;
        }
        let mut new = Shape {
            shape: shape.to_owned(),
            example: example.to_owned(),
            count: times,
        };
        if self.0.len() < SHAPES {
            self.0.push(new);
        } else if let Some(rarest) = self.0.iter_mut().min_by_key(|known| known.count) {
            new.count = new.count.saturating_add(rarest.count);
            *rarest = new;
        }
    }

    /// The shape of most requests.
    pub fn worst(&self) -> Option<&Shape> {
        self.0
            .iter()
            .rev() // the first of several
            .max_by_key(|known| known.count)
    }

    /// All that are kept.
    pub fn all(&self) -> &[Shape] {
        &self.0
    }
}

fn kept(name: &str) -> &str {
    let end = name.char_indices().nth(LENGTH).map(|(end, _)| end);
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

/// A name with a `*` in place of numbers, hexadecimal digits and words that no person would choose.
#[must_use]
pub fn shape(name: &str) -> String {
    let mut shape = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let word = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        if word == 0 {
            shape.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            let (word, after) = rest.split_at(word);
            push_word(&mut shape, word);
            rest = after;
        }
    }
    shape
}

fn push_word(shape: &mut String, word: &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let numbers = word
        .split(|c| !is_digit(c))
        .filter(|part| !part.is_empty())
        .count();
    let hexadecimal = word.chars().all(|c| c.is_ascii_hexdigit());
    // Groups of a UUID may happen to have no digit.
    let goes_on = shape.ends_with("*-");
    if numbers > 1 || (hexadecimal && (numbers > 0 || word.len() >= HEXADECIMAL || goes_on)) {
        if goes_on {
            shape.pop();
        } else {
            shape.push('*');
        }
    } else if numbers == 1 {
        let mut parts = word.split(is_digit).filter(|part| !part.is_empty());
        if word.starts_with(is_digit) {
            shape.push('*');
            shape.extend(parts);
        } else {
            shape.extend(parts.next());
            shape.push('*');
            shape.extend(parts);
        }
    } else {
        shape.push_str(word);
    }
}
