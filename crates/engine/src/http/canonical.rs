//! Plain: tells the URLs that need no preparation, which neither requests nor geventhttpclient would change a byte of.

/// Whether `text` is such a URL: lower-case host of letters, digits and hyphens, a port if any, a path without
/// dot segments or escapes, perhaps a query.
#[must_use]
pub fn is_canonical(text: &str) -> bool {
    let text = text.as_bytes();
    let Some(rest) = text
        .strip_prefix(b"http://")
        .or_else(|| text.strip_prefix(b"https://"))
    else {
        return false;
    };
    let Some(slash) = rest.iter().position(|&byte| byte == b'/') else {
        return false;
    };
    let (authority, target) = rest.split_at(slash);
    is_authority(authority) && is_target(target)
}

fn is_authority(authority: &[u8]) -> bool {
    let mut parts = authority.splitn(2, |&byte| byte == b':');
    let host = parts.next().unwrap_or_default();
    if !parts.next().is_none_or(is_port) {
        return false;
    }
    let mut labels = host.rsplit(|&byte| byte == b'.');
    let last = labels.next().unwrap_or_default();
    is_label(last) && last.first() != Some(&b'_') && labels.all(is_label)
}

fn is_port(port: &[u8]) -> bool {
    let plain = port.iter().all(u8::is_ascii_digit) && port.first() != Some(&b'0');
    let number = std::str::from_utf8(port)
        .ok()
        .and_then(|text| text.parse::<u16>().ok());
    plain && number.is_some()
}

/// A name between the dots of a host: an underscore may begin it.
fn is_label(label: &[u8]) -> bool {
    let end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match label {
        [only] => end(*only) || *only == b'_',
        [first, between @ .., last] => {
            between.len() <= 61
                && (end(*first) || *first == b'_')
                && end(*last)
                && between
                    .iter()
                    .all(|&byte| end(byte) || byte == b'_' || byte == b'-')
        }
        [] => false,
    }
}

fn is_target(target: &[u8]) -> bool {
    let mut parts = target.splitn(2, |&byte| byte == b'?');
    let path = parts.next().unwrap_or_default();
    let of_path = |byte: u8| is_query_byte(byte) && byte != b'?' || byte == b'\'';
    path.get(1) != Some(&b'/')
        && path.iter().all(|&byte| of_path(byte))
        && !target.windows(2).any(|pair| pair == b"/.")
        && parts
            .next()
            .is_none_or(|query| !query.is_empty() && query.iter().all(|&byte| is_query_byte(byte)))
}

fn is_query_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_~!$&()*+,;=:@/?.-".contains(&byte)
}
