//! Byte scan: looks at eight bytes at a time for where the name or the value of a field ends, and whether two names are one.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = ONES << 7;

/// How many bytes there are before the first that is no part of a field's name: a blank, a control character, a colon,
/// or what is not ASCII.
pub fn name_length(bytes: &[u8]) -> usize {
    length(bytes, |word| {
        below(word, 0x21) | same(word, b':') | same(word, 0x7f) | word & TOPS
    })
}

/// How many there are before the first control character.
pub fn shown_length(bytes: &[u8]) -> usize {
    length(bytes, |word| below(word, 0x20) | same(word, 0x7f))
}

/// Whether both are the same but for the case of ASCII letters.
pub fn same_name(one: &[u8], other: &[u8]) -> bool {
    let same = |one: &[u8; 8], other: &[u8; 8]| {
        lower(u64::from_le_bytes(*one)) == lower(u64::from_le_bytes(*other))
    };
    // From both ends, which meet or overlap in all but very long names.
    match (
        one.first_chunk(),
        other.first_chunk(),
        one.last_chunk(),
        other.last_chunk(),
    ) {
        (Some(a), Some(b), Some(c), Some(d)) if one.len() == other.len() && one.len() <= 16 => {
            same(a, b) && same(c, d)
        }
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// ASCII letters in lower case, all else as it is.
fn lower(word: u64) -> u64 {
    let low = word & !TOPS;
    let from_a = low + ONES * u64::from(0x80 - b'A');
    let behind_z = low + ONES * u64::from(0x7f - b'Z');
    word | ((from_a & !behind_z & !word & TOPS) >> 2)
}

/// `ends` marks the bytes that end it, with certainty only the first of them; zero must be one.
fn length(bytes: &[u8], ends: impl Fn(u64) -> u64) -> usize {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let found = ends(u64::from_le_bytes(*word));
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    let found = ends(u64::from_le_bytes(word));
    bytes.len() - rest.len() + found.trailing_zeros() as usize / 8
}

/// The top bit of each byte below `limit`, which is at most 128; behind the first of them perhaps of others.
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & TOPS
}

/// The same of each that is `byte`.
fn same(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// Whether it may be in a token (RFC 9110, 5.6.2).
pub fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let (mut table, signs, mut at) = ([false; 256], b"!#$%&'*+-.^_`|~", 0);
        while at < 256 {
            table[at] = at < 128 && (at as u8).is_ascii_alphanumeric();
            at += 1;
        }
        at = 0;
        while at < signs.len() {
            table[signs[at] as usize] = true;
            at += 1;
        }
        table
    };
    TOKEN[byte as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_byte_by_byte(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1e..0x23_u8, 0x39..0x3c_u8, 0x7d..0x82_u8, 0x41..0x5b_u8], 0..40)) {
            let name = |b: &&u8| matches!(b, b'!'..=b'9' | b';'..=b'~');
            prop_assert_eq!(name_length(&bytes), bytes.iter().take_while(name).count());
            let shown = |b: &&u8| !b.is_ascii_control();
            prop_assert_eq!(shown_length(&bytes), bytes.iter().take_while(shown).count());
        }

        #[test]
        fn names_as_byte_by_byte(one in proptest::collection::vec(0x3e..0x82_u8, 0..20), at in 0..20_usize, bit in 0..8_u32) {
            let mut other = one.clone();
            prop_assert!(same_name(&one, &other));
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1 << bit;
            }
            prop_assert_eq!(same_name(&one, &other), one.eq_ignore_ascii_case(&other));
            prop_assert_eq!(same_name(&one, &other[1.min(other.len())..]), one.is_empty());
        }
    }
}
