//! What a form sends: urlencoded or multipart fields, the last of a name counting.

/// The fields of one request.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body by its content type; a type that is no form (JSON, say) has no fields.
    pub(super) fn parse(content_type: &str, body: &[u8]) -> Form {
        let mut parts = content_type.split(';');
        let kind = parts.next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("multipart/form-data") {
            let boundary = parts.find_map(|part| part.trim().strip_prefix("boundary="));
            return boundary
                .map(|b| multipart(b.trim_matches('"'), body))
                .unwrap_or_default();
        }
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Form::urlencoded(body);
        }
        Form::default()
    }

    pub(super) fn urlencoded(body: &[u8]) -> Form {
        Form(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The field without the blanks around it; a missing one is empty.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.0.iter().any(|(key, _)| key.starts_with(prefix))
    }
}

/// Plain fields only; files are no part of any form of the shop.
fn multipart(boundary: &str, body: &[u8]) -> Form {
    let body = String::from_utf8_lossy(body);
    let separator = format!("--{boundary}");
    let mut fields = Vec::new();
    for part in body.split(separator.as_str()).skip(1) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let Some(name) = head.split(';').find_map(|p| p.trim().strip_prefix("name=")) else {
            continue;
        };
        let name = name.lines().next().unwrap_or_default().trim_matches('"');
        fields.push((
            name.to_owned(),
            value.strip_suffix("\r\n").unwrap_or(value).to_owned(),
        ));
    }
    Form(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings() {
        let form = Form::parse("application/x-www-form-urlencoded", b"a=1&b=x+y%21&a=2");
        assert_eq!(
            (form.get("a"), form.get("b"), form.get("c")),
            (Some("2"), Some("x y!"), None)
        );
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\n\
            Content-Disposition: form-data; name=\"b\"\r\n\r\nx\r\ny\r\n--XX--\r\n";
        let form = Form::parse("multipart/form-data; boundary=XX", body);
        assert_eq!((form.get("a"), form.get("b")), (Some("1"), Some("x\r\ny")));
        assert!(Form::parse("application/json", b"{\"a\": 1}").is_empty());
    }
}
