//! Postal addresses: reading them from a form, checking them as their country does, writing them out.

mod countries;
mod us;

pub(super) use countries::{COUNTRIES, PREFIXES};

use super::form::Form;

/// A checked and normalised address: city and state in capitals, the state as its code.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) company_name: String,
    pub(super) street_address_1: String,
    pub(super) street_address_2: String,
    pub(super) city: String,
    pub(super) city_area: String,
    pub(super) country_area: String,
    pub(super) postal_code: String,
    pub(super) country: String,
    pub(super) phone_prefix: String,
    pub(super) phone: String,
}

/// The field a complaint is about, and the complaint.
pub(super) type Errors = Vec<(&'static str, &'static str)>;

pub(super) const REQUIRED: &str = "This field is required.";
const NOT_FOR_COUNTRY: &str = "This value is not valid for the country.";
const NOT_FOR_STATE: &str = "This ZIP code does not belong to this state.";

/// Countries whose postal codes have a known shape: `9` is a digit, `A` a letter, the rest stands for
/// itself, `|` separates alternatives. Elsewhere any postal code will do, and none as well.
const POSTAL_CODES: [(&str, &str); 30] = [
    ("AT", "9999"),
    ("AU", "9999"),
    ("BE", "9999"),
    ("BR", "99999-999|99999999"),
    ("CA", "A9A 9A9|A9A9A9"),
    ("CH", "9999"),
    ("CN", "999999"),
    ("CZ", "999 99|99999"),
    ("DE", "99999"),
    ("DK", "9999"),
    ("ES", "99999"),
    ("FI", "99999"),
    ("FR", "99999"),
    (
        "GB",
        "A9 9AA|A99 9AA|AA9 9AA|AA99 9AA|A9A 9AA|AA9A 9AA|A99AA|A999AA|AA99AA|AA999AA|A9A9AA|AA9A9AA",
    ),
    ("HU", "9999"),
    ("IN", "999999|999 999"),
    ("IT", "99999"),
    ("JP", "999-9999|9999999"),
    ("KR", "99999"),
    ("MX", "99999"),
    ("NL", "9999 AA|9999AA"),
    ("NO", "9999"),
    ("NZ", "9999"),
    ("PL", "99-999"),
    ("PT", "9999-999"),
    ("RU", "999999"),
    ("SE", "999 99|99999"),
    ("TR", "99999"),
    ("UA", "99999"),
    ("ZA", "9999"),
];

impl Address {
    /// What a form holds, unchecked, with the country as given.
    pub(super) fn from_form(form: &Form) -> Address {
        let text = |name: &str| form.text(name).to_owned();
        Address {
            first_name: text("first_name"),
            last_name: text("last_name"),
            company_name: text("company_name"),
            street_address_1: text("street_address_1"),
            street_address_2: text("street_address_2"),
            city: text("city"),
            city_area: text("city_area"),
            country_area: text("country_area"),
            postal_code: text("postal_code"),
            country: text("country"),
            phone_prefix: text("phone_0"),
            phone: text("phone_1"),
        }
    }

    /// Normalises the address, unless something is wrong with it.
    pub(super) fn checked(mut self) -> (Address, Errors) {
        let mut errors = Errors::new();
        if self.street_address_1.is_empty() && self.street_address_2.is_empty() {
            errors.push(("street_address_1", REQUIRED));
            errors.push(("street_address_2", REQUIRED));
        }
        if self.city.is_empty() {
            errors.push(("city", REQUIRED));
        }
        if self.country.is_empty() {
            errors.push(("country", REQUIRED));
        } else if !COUNTRIES.iter().any(|(code, _)| *code == self.country) {
            errors.push(("country", "We do not ship there."));
        } else if self.country == "US" {
            self.check_us(&mut errors);
        } else {
            self.check_elsewhere(&mut errors);
        }
        if !self.phone.is_empty() && !phone_is_possible(&self.phone_prefix, &self.phone) {
            errors.push(("phone", "No telephone has this number."));
        }
        if errors.is_empty() {
            self.city = self.city.to_uppercase();
        }
        (self, errors)
    }

    fn check_us(&mut self, errors: &mut Errors) {
        let state = us::state_code(&self.country_area);
        match state {
            Some(code) => self.country_area = code.to_owned(),
            None if self.country_area.is_empty() => errors.push(("country_area", REQUIRED)),
            None => errors.push(("country_area", NOT_FOR_COUNTRY)),
        }
        if self.postal_code.is_empty() {
            errors.push(("postal_code", REQUIRED));
        } else if !us::is_zip(&self.postal_code) {
            errors.push(("postal_code", NOT_FOR_COUNTRY));
        } else if state.is_some_and(|state| !us::zip_fits(&self.postal_code, state)) {
            errors.push(("postal_code", NOT_FOR_STATE));
        }
    }

    fn check_elsewhere(&mut self, errors: &mut Errors) {
        let shapes = POSTAL_CODES
            .iter()
            .find(|(code, _)| *code == self.country)
            .map(|(_, shapes)| *shapes);
        self.postal_code = self.postal_code.to_uppercase();
        self.country_area = self.country_area.to_uppercase();
        match shapes {
            Some(_) if self.postal_code.is_empty() => errors.push(("postal_code", REQUIRED)),
            Some(shapes)
                if !shapes
                    .split('|')
                    .any(|shape| has_shape(&self.postal_code, shape)) =>
            {
                errors.push(("postal_code", NOT_FOR_COUNTRY));
            }
            _ => {}
        }
    }

    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
            .trim()
            .to_owned()
    }

    /// The lines of an address label, without empty ones.
    pub(super) fn lines(&self) -> Vec<String> {
        let country = COUNTRIES
            .iter()
            .find(|(code, _)| *code == self.country)
            .map_or("", |(_, name)| name);
        let place = format!("{}, {} {}", self.city, self.country_area, self.postal_code);
        let phone = if self.phone.is_empty() {
            String::new()
        } else {
            format!("{} {}", self.phone_prefix, self.phone)
        };
        let lines = [
            self.full_name(),
            self.company_name.clone(),
            self.street_address_1.clone(),
            self.street_address_2.clone(),
            place,
            country.to_owned(),
            phone,
        ];
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }
}

/// The US states by code, for the form's list.
pub(super) fn us_states() -> impl Iterator<Item = (&'static str, &'static str)> {
    us::STATES.iter().map(|(code, name, _)| (*code, *name))
}

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, form)| match form {
                b'9' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_alphabetic(),
                other => byte == other,
            })
}

/// 7 to 15 digits with the prefix, and exactly ten after +1 (or after no prefix at all).
fn phone_is_possible(prefix: &str, number: &str) -> bool {
    let decent = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || " +-().".contains(c))
    };
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let prefix = prefix.trim_start_matches('+');
    let known = prefix.is_empty() || PREFIXES.iter().any(|(_, code)| prefix == code.to_string());
    if !decent(number) || !known {
        return false;
    }
    match prefix {
        "" | "1" => {
            digits(number) == 10
                || (digits(number) == 11 && number.trim_start_matches('+').starts_with('1'))
        }
        _ => digits(number) >= 4 && (7..=15).contains(&(digits(prefix) + digits(number))),
    }
}

/// Whether something looks like an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let local_fine = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    local_fine
        && local
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{}|~.-".contains(c))
        && (domain == "localhost" || (domain.contains('.') && domain.split('.').all(label)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn us(state: &str, zip: &str) -> Address {
        Address {
            street_address_1: "1 Main Street".into(),
            city: "Sandusky".into(),
            country_area: state.into(),
            postal_code: zip.into(),
            country: "US".into(),
            ..Address::default()
        }
    }

    fn complaints(address: Address) -> Vec<&'static str> {
        address
            .checked()
            .1
            .iter()
            .map(|(field, _)| *field)
            .collect()
    }

    #[test]
    fn zip_and_state_must_agree() {
        for (state, zip) in [
            ("OH", "44870"),
            ("ohio", "43001"),
            ("NY", "10001"),
            ("New York", "06390"),
            ("CA", "90210-1234"),
            ("DC", "20001"),
            ("GU", "96921"),
            ("GU", "96932"),
            ("PW", "96940"),
            ("HI", "96798"),
            ("WY", "83414"),
            ("TX", "73301"),
            ("PR", "00601"),
            ("NV", "88901"),
            ("MA", "05544"),
            ("FL", "34102"),
        ] {
            assert_eq!(complaints(us(state, zip)), [] as [&str; 0], "{state} {zip}");
        }
        for (state, zip) in [
            ("OH", "90210"),
            ("NY", "15001"),
            ("GU", "96933"),
            ("HI", "96799"),
            ("FL", "34001"),
            ("DC", "20100"),
            ("OH", "4487"),
            ("OH", "448700"),
            ("OH", "44870-1"),
            ("OH", "4487a"),
            ("KY", "42800"),
        ] {
            assert_eq!(complaints(us(state, zip)), ["postal_code"], "{state} {zip}");
        }
        assert_eq!(complaints(us("Ontario", "44870")), ["country_area"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let blank = Address {
            country: "US".into(),
            ..Address::default()
        };
        let fields = [
            "street_address_1",
            "street_address_2",
            "city",
            "country_area",
            "postal_code",
        ];
        assert_eq!(complaints(blank), fields);
        let mut second_line = us("OH", "44870");
        second_line.street_address_2 = std::mem::take(&mut second_line.street_address_1);
        assert!(complaints(second_line).is_empty());
        assert_eq!(
            complaints(Address {
                country: String::new(),
                ..us("OH", "44870")
            }),
            ["country"]
        );
        assert_eq!(
            complaints(Address {
                country: "ZZ".into(),
                ..us("OH", "44870")
            }),
            ["country"]
        );
        assert_eq!(
            complaints(Address {
                country: "PL".into(),
                ..us("OH", "44870")
            }),
            ["postal_code"]
        );
        assert!(
            complaints(Address {
                country: "PL".into(),
                ..us("", "00-950")
            })
            .is_empty()
        );
        assert!(
            complaints(Address {
                country: "IE".into(),
                ..us("", "")
            })
            .is_empty()
        );
    }

    #[test]
    fn stored_in_capitals_with_the_state_as_code() {
        let address = us("ohio", "44870").checked().0;
        assert_eq!(
            (address.city.as_str(), address.country_area.as_str()),
            ("SANDUSKY", "OH")
        );
    }

    #[test]
    fn telephones() {
        for (prefix, number, fine) in [
            ("+1", "419 555 0100", true),
            ("+1", "123", false),
            ("+48", "123456789", true),
            ("+48", "12", false),
            ("", "4195550100", true),
            ("+1", "call me", false),
            ("+999", "4195550100", false),
        ] {
            let address = Address {
                phone_prefix: prefix.into(),
                phone: number.into(),
                ..us("OH", "44870")
            };
            assert_eq!(complaints(address).is_empty(), fine, "{prefix} {number}");
        }
    }

    #[test]
    fn e_mail_addresses() {
        for good in ["a@example.com", "a.b+c@sub.example.org", "x@localhost"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            "a@-x.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
