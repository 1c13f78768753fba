//! Pages of HTML: the scanner and all that reads what it found take any text without a panic, and keep elements nested.

#![no_main]

use engine::html::{DOCUMENT, Page, Query, Rules, Selector, Wanted, only_string, strings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mixed_slashes = data.len() % 2 == 0;
    if let Some(selector) = Selector::parse(text.lines().next().unwrap_or_default()) {
        let page = Page::scan("<p class=a id=b><b c='d'></b>", Rules { mixed_slashes });
        page.and_then(|page| selector.matches(&page, "<p class=a id=b><b c='d'></b>", DOCUMENT, 9));
    }
    let Some(page) = Page::scan(text, Rules { mixed_slashes }) else {
        if let Some(mut part) = Page::begin(text, Rules { mixed_slashes }) {
            let _ = Query::default().first(&mut part, text);
            assert!(!part.finish(text) && !part.finish(text));
        }
        return;
    };
    let elements = page.elements();
    for element in elements.iter().rev().take(9) {
        // Read as far as asked is the same as read whole.
        let query = Query {
            names: Some(vec![element.name(text).to_ascii_lowercase()]),
            ..Query::default()
        };
        let mut part = Page::begin(text, Rules { mixed_slashes }).expect("the whole was read");
        let first = query.first(&mut part, text).expect("nothing is odd");
        assert_eq!(first, query.matches(&page, text, DOCUMENT).next());
        assert!(part.elements().len() <= elements.len() && part.finish(text));
        assert_eq!(format!("{part:?}"), format!("{page:?}"));
    }
    for (at, element) in elements.iter().enumerate() {
        let index = u32::try_from(at).expect("few elements");
        assert!(element.start < element.inside && element.inside <= element.close);
        assert!(element.close as usize <= text.len());
        assert!(element.after > index && element.after as usize <= elements.len());
        if let Some(parent) = page.get(element.parent) {
            assert!(parent.inside <= element.start && element.close <= parent.close);
            assert!(element.parent < index && element.after <= parent.after);
        } else {
            assert_eq!(element.parent, DOCUMENT);
        }
        for attribute in element.attributes(text) {
            let name = attribute.name.to_ascii_lowercase();
            assert!(element.attribute(text, &name).is_some());
            let query = Query {
                attributes: vec![(name, Wanted::AnyOf(vec![attribute.value().into_owned()]))],
                ..Query::default()
            };
            let _ = query.matches(&page, text, element.parent).count();
        }
        strings(&page, text, index, &mut |string| assert!(!string.is_empty()));
        let _ = only_string(&page, text, index);
    }
    strings(&page, text, DOCUMENT, &mut |string| assert!(!string.is_empty()));
});
