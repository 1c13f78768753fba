//! The states a US address may name, and the beginnings of their ZIP codes.

/// Code, name, and alternatives of ZIP prefixes, where `[..]` is one digit out of a set or range.
pub(super) const STATES: [(&str, &str, &str); 62] = [
    ("AL", "Alabama", "3[56]"),
    ("AK", "Alaska", "99[5-9]"),
    ("AS", "American Samoa", "96799"),
    ("AZ", "Arizona", "8[56]"),
    ("AR", "Arkansas", "71[6-9]|72"),
    ("AA", "Armed Forces (AA)", "340"),
    ("AE", "Armed Forces (AE)", "09"),
    ("AP", "Armed Forces (AP)", "96[2-6]"),
    ("CA", "California", "9[0-5]|96[01]"),
    ("CO", "Colorado", "8[01]"),
    ("CT", "Connecticut", "06"),
    ("DE", "Delaware", "19[7-9]"),
    ("DC", "District of Columbia", "20[02-5]|569"),
    ("FL", "Florida", "3[23]|34[1-9]"),
    ("GA", "Georgia", "3[01]|398|39901"),
    ("GU", "Guam", "969[12]|9693[12]"),
    ("HI", "Hawaii", "967[0-8]|9679[0-8]|968"),
    ("ID", "Idaho", "83[2-9]"),
    ("IL", "Illinois", "6[0-2]"),
    ("IN", "Indiana", "4[67]"),
    ("IA", "Iowa", "5[0-2]"),
    ("KS", "Kansas", "6[67]"),
    ("KY", "Kentucky", "4[01]|42[0-7]"),
    ("LA", "Louisiana", "70|71[0-5]"),
    ("ME", "Maine", "039|04"),
    ("MH", "Marshall Islands", "969[67]"),
    ("MD", "Maryland", "20[6-9]|21"),
    ("MA", "Massachusetts", "01|02[0-7]|05501|05544"),
    ("MI", "Michigan", "4[89]"),
    ("FM", "Micronesia", "9694[1-4]"),
    ("MN", "Minnesota", "55|56[0-7]"),
    ("MS", "Mississippi", "38[6-9]|39[0-7]"),
    ("MO", "Missouri", "6[3-5]"),
    ("MT", "Montana", "59"),
    ("NE", "Nebraska", "6[89]"),
    ("NV", "Nevada", "889|89"),
    ("NH", "New Hampshire", "03[0-8]"),
    ("NJ", "New Jersey", "0[78]"),
    ("NM", "New Mexico", "87|88[0-4]"),
    ("NY", "New York", "1[0-4]|06390|00501|00544"),
    ("NC", "North Carolina", "2[78]"),
    ("ND", "North Dakota", "58"),
    ("MP", "Northern Mariana Islands", "9695[0-2]"),
    ("OH", "Ohio", "4[3-5]"),
    ("OK", "Oklahoma", "7[34]"),
    ("OR", "Oregon", "97"),
    ("PW", "Palau", "96939|96940"),
    ("PA", "Pennsylvania", "1[5-8]|19[0-6]"),
    ("PR", "Puerto Rico", "00[679]"),
    ("RI", "Rhode Island", "02[89]"),
    ("SC", "South Carolina", "29"),
    ("SD", "South Dakota", "57"),
    ("TN", "Tennessee", "37|38[0-5]"),
    ("TX", "Texas", "7[5-9]|885|73301|73344"),
    ("UT", "Utah", "84"),
    ("VT", "Vermont", "05"),
    ("VI", "Virgin Islands", "008"),
    ("VA", "Virginia", "201|2[23]|24[0-6]"),
    ("WA", "Washington", "98|99[0-4]"),
    ("WV", "West Virginia", "24[7-9]|2[56]"),
    ("WI", "Wisconsin", "5[34]"),
    ("WY", "Wyoming", "82|83[01]|83414"),
];

/// The code of a state given by code or name, in any case.
pub(super) fn state_code(text: &str) -> Option<&'static str> {
    let found = STATES
        .iter()
        .find(|(code, name, _)| code.eq_ignore_ascii_case(text) || name.eq_ignore_ascii_case(text));
    found.map(|(code, _, _)| *code)
}

/// Whether a ZIP code is five digits with an optional four, and begins as the state's do.
pub(super) fn zip_fits(zip: &str, state: &str) -> bool {
    STATES.iter().any(|(code, _, prefixes)| {
        *code == state
            && prefixes
                .split('|')
                .any(|prefix| begins(zip.as_bytes(), prefix.as_bytes()))
    })
}

pub(super) fn is_zip(zip: &str) -> bool {
    let (five, four) = zip.split_once('-').unwrap_or((zip, "0000"));
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    digits(five, 5) && digits(four, 4)
}

fn begins(mut text: &[u8], mut prefix: &[u8]) -> bool {
    while let Some((first, rest)) = prefix.split_first() {
        let Some((digit, digits)) = text.split_first() else {
            return false;
        };
        text = digits;
        if *first != b'[' {
            if first != digit {
                return false;
            }
            prefix = rest;
            continue;
        }
        let Some(end) = rest.iter().position(|b| *b == b']') else {
            return false;
        };
        let set = &rest[..end];
        let ranged = |at: usize| set.get(at + 1) == Some(&b'-') && at + 2 < set.len();
        let hit = (0..set.len())
            .any(|at| set[at] == *digit || (ranged(at) && (set[at]..=set[at + 2]).contains(digit)));
        if !hit {
            return false;
        }
        prefix = &rest[end + 1..];
    }
    true
}
