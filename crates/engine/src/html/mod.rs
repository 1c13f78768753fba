//! Finds elements in a page as Beautiful Soup over `html.parser` finds them, without building a tree.

mod names;
mod page;
mod query;
mod references;
mod scan;
mod selector;
mod tag;
mod text;

pub use page::{Page, words};
pub use query::{Query, Unsupported, Wanted};
pub use scan::{DOCUMENT, Element, Rules};
pub use selector::Selector;
pub use text::{Only, only_string, strings};
