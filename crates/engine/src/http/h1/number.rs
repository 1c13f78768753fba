//! Number: what Python's `int()` makes of bytes off the wire, since http.client and urllib3 read numbers by it.

/// `int(text, radix)`, for radix 10 or 16; beyond `i128` the nearest that fits. `None` where Python raises.
pub fn python_int(text: &[u8], radix: u32) -> Option<i128> {
    // Nearly all of them are like this.
    if radix == 10
        && let Some(value) = digits(text)
    {
        return Some(value.into());
    }
    let blank = |b: &u8| matches!(b, b'\t'..=b'\r' | b' ');
    let start = text.iter().take_while(|b| blank(b)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|b| blank(b)).count();
    let text = &text[start..end];
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = match digits {
        [b'0', b'x' | b'X', b'_', rest @ ..] if radix == 16 => rest,
        [b'0', b'x' | b'X', rest @ ..] if radix == 16 => rest,
        digits => digits,
    };
    let mut value: i128 = 0;
    let mut after_digit = false;
    for &byte in digits {
        if byte == b'_' && after_digit {
            after_digit = false; // one between two digits
            continue;
        }
        let digit = char::from(byte).to_digit(radix)?;
        value = value
            .saturating_mul(i128::from(radix))
            .saturating_add(i128::from(digit));
        after_digit = true;
    }
    after_digit.then_some(if negative { -value } else { value })
}

/// A number that is nothing but digits, and not too many of them.
fn digits(text: &[u8]) -> Option<u64> {
    if !(1..=18).contains(&text.len()) {
        return None;
    }
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_reads_them() {
        for (text, radix, want) in [
            (&b"42"[..], 10, Some(42)),
            (b" +4_2\r\n", 10, Some(42)),
            (b"-5", 16, Some(-5)),
            (b"0x_1f", 16, Some(31)),
            (b"0X1F ", 16, Some(31)),
            (b"ffffffffffffffffffffffffffffffffffff", 16, Some(i128::MAX)),
            (b"", 10, None),
            (b"-", 10, None),
            (b"0x", 16, None),
            (b"4__2", 10, None),
            (b"_4", 10, None),
            (b"4_", 10, None),
            (b"0x1f", 10, None),
            (b"4 2", 10, None),
            (b"\xb2", 10, None),
        ] {
            assert_eq!(python_int(text, radix), want, "{text:?}");
        }
    }
}
