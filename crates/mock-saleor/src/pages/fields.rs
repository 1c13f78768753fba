//! Form fields: the address block with its long lists, and what is said about a field that is wrong.

use bytes::Bytes;

use super::template::escape;
use crate::address::{Address, COUNTRIES, Errors, PREFIXES, us_states};
use crate::body::ByteRope;

/// The options of a select, written out once; choosing one shares all the others.
struct Options {
    all: Bytes,
    /// Value, its label, and where its option is.
    places: Vec<(String, String, usize, usize)>,
}

impl Options {
    fn new(choices: impl Iterator<Item = (String, String)>) -> Options {
        let (mut all, mut places) = (String::new(), Vec::new());
        for (value, label) in choices {
            let start = all.len();
            all.push_str(&format!(
                "     <option value=\"{value}\">{}</option>\n",
                escape(&label)
            ));
            places.push((value, label, start, all.len()));
        }
        Options {
            all: Bytes::from(all),
            places,
        }
    }

    fn write(&self, pieces: &mut ByteRope, chosen: &str) {
        let Some((value, label, start, end)) =
            self.places.iter().find(|(value, ..)| value == chosen)
        else {
            pieces.push(self.all.clone());
            return;
        };
        pieces.push(self.all.slice(..*start));
        let option = format!(
            "     <option value=\"{value}\" selected>{}</option>\n",
            escape(label)
        );
        pieces.push(Bytes::from(option));
        pieces.push(self.all.slice(*end..));
    }
}

/// The long lists of the address form.
pub(crate) struct Choices {
    countries: Options,
    prefixes: Options,
    states: Options,
}

impl Choices {
    pub(super) fn new() -> Choices {
        let pair = |value: &str, label: &str| (value.to_owned(), label.to_owned());
        Choices {
            countries: Options::new(COUNTRIES.iter().map(|(code, name)| pair(code, name))),
            prefixes: Options::new(
                PREFIXES
                    .iter()
                    .map(|(name, code)| (format!("+{code}"), format!("{name} +{code}"))),
            ),
            states: Options::new(us_states().map(|(code, name)| pair(code, name))),
        }
    }

    pub(super) fn country_select(&self, pieces: &mut ByteRope, chosen: &str) {
        pieces.push(Bytes::from_static(
            b"<select id=\"id_country\" name=\"country\" class=\"form-control\">\n",
        ));
        self.countries.write(pieces, chosen);
        pieces.push(Bytes::from_static(b"</select>\n"));
    }
}

/// The complaint about one field, as the page shows it; empty if there is none.
pub(crate) fn error_list(errors: &Errors, field: &str) -> String {
    let texts = errors.iter().filter(|(name, _)| *name == field);
    texts
        .map(|(_, text)| format!("<span class=\"help-block\">{text}</span>"))
        .collect()
}

/// One text input with label, value and complaint.
pub(crate) fn input(name: &str, kind: &str, label: &str, value: &str, errors: &Errors) -> String {
    let complaint = error_list(errors, name);
    let wrong = if complaint.is_empty() {
        ""
    } else {
        " has-error"
    };
    format!(
        "<div class=\"form-group{wrong}\"><label for=\"id_{name}\">{label}</label>\
         <input id=\"id_{name}\" type=\"{kind}\" name=\"{name}\" value=\"{}\" class=\"form-control\">{complaint}</div>\n",
        escape(value)
    )
}

/// The block of address inputs, filled in and with complaints.
pub(crate) struct AddressBlock<'a> {
    pub(crate) address: &'a Address,
    pub(crate) errors: &'a Errors,
}

impl AddressBlock<'_> {
    pub(crate) fn write(&self, choices: &Choices) -> ByteRope {
        let (address, errors) = (self.address, self.errors);
        let text = |name: &str, label: &str, value: &str| input(name, "text", label, value, errors);
        let mut pieces = ByteRope::with_capacity(16);
        let mut start = String::from("<div class=\"i18n-address\">\n");
        start.push_str("<div class=\"form-row\">\n");
        start.push_str(&text("first_name", "First name", &address.first_name));
        start.push_str(&text("last_name", "Last name", &address.last_name));
        start.push_str("</div>\n");
        start.push_str(&text("company_name", "Company", &address.company_name));
        start.push_str(&text(
            "street_address_1",
            "Street and number",
            &address.street_address_1,
        ));
        start.push_str(&text(
            "street_address_2",
            "Second line",
            &address.street_address_2,
        ));
        start.push_str("<div class=\"form-row\">\n");
        start.push_str(&text("city", "City", &address.city));
        start.push_str(&text(
            "postal_code",
            if address.country == "US" {
                "ZIP code"
            } else {
                "Postal code"
            },
            &address.postal_code,
        ));
        start.push_str(
            "</div>\n<input id=\"id_city_area\" type=\"hidden\" name=\"city_area\" value=\"\">\n",
        );
        if address.country == "US" {
            start.push_str("<div class=\"form-group\"><label for=\"id_country_area\">State</label>\
                <select id=\"id_country_area\" name=\"country_area\" class=\"form-control\">\n<option value=\"\">–</option>\n");
            pieces.push(Bytes::from(start));
            let state = us_states().find(|(code, name)| {
                code.eq_ignore_ascii_case(&address.country_area)
                    || name.eq_ignore_ascii_case(&address.country_area)
            });
            self.states(choices, &mut pieces, state.map_or("", |(code, _)| code));
        } else {
            start.push_str(&text("country_area", "Region", &address.country_area));
            pieces.push(Bytes::from(start));
        }
        pieces.push(Bytes::from_static(
            b"<div class=\"form-group\"><label for=\"id_country\">Country</label>",
        ));
        choices.country_select(&mut pieces, &address.country);
        let middle = format!(
            "{}</div>\n<div class=\"form-row\">\n<div class=\"form-group\"><label for=\"id_phone_0\">Telephone</label>\
             <select id=\"id_phone_0\" name=\"phone_0\" class=\"form-control\">\n<option value=\"\">–</option>\n",
            error_list(errors, "country")
        );
        pieces.push(Bytes::from(middle));
        let prefix = if address.phone_prefix.is_empty() {
            "+1"
        } else {
            &address.phone_prefix
        };
        choices.prefixes.write(&mut pieces, prefix);
        let end = format!(
            "</select></div>\n<div class=\"form-group\"><label for=\"id_phone_1\">Number</label>\
             <input id=\"id_phone_1\" type=\"text\" name=\"phone_1\" value=\"{}\" class=\"form-control\">{}</div>\n</div>\n\
             <input id=\"id_preview\" type=\"hidden\" name=\"preview\" value=\"\">\n</div>\n",
            escape(&address.phone),
            error_list(errors, "phone")
        );
        pieces.push(Bytes::from(end));
        pieces
    }

    fn states(&self, choices: &Choices, pieces: &mut ByteRope, chosen: &str) {
        choices.states.write(pieces, chosen);
        let end = format!(
            "</select>{}</div>\n",
            error_list(self.errors, "country_area")
        );
        pieces.push(Bytes::from(end));
    }
}
