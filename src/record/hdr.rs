//! HdrHistogram's own format (V2, compressed), which its tools read in every language.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::counts::{Counts, LONGEST};

/// What the compressed, and the plain, bytes begin with.
const COMPRESSED: u32 = 0x1c84_9314;
const PLAIN: u32 = 0x1c84_9313;
const DIGITS: u32 = 3;

/// The counts, unit 1 ns. The crate `hdrhistogram` needs a table of 350 kB to write a handful of them.
pub fn encode(counts: &Counts) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut next = 0;
    counts.each(|index, count| {
        match i64::from(index) - next {
            0 => {}
            1 => push(&mut payload, 0),
            empty => push(&mut payload, -empty),
        }
        push(&mut payload, i64::try_from(count).unwrap_or(i64::MAX));
        next = i64::from(index) + 1;
    });
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX); // far below 1 MB
    let mut plain = Vec::with_capacity(40 + payload.len());
    for field in [PLAIN, length(&payload), 0, DIGITS] {
        plain.extend(field.to_be_bytes());
    }
    for bound in [1, LONGEST, 1_f64.to_bits()] {
        plain.extend(bound.to_be_bytes());
    }
    plain.extend(payload);
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    // A vector takes whatever is written.
    let packed = packer.write_all(&plain).and_then(|()| packer.finish());
    let packed = packed.unwrap_or_default();
    let mut bytes = Vec::with_capacity(8 + packed.len());
    for field in [COMPRESSED, length(&packed)] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(packed);
    bytes
}

/// A count, or below zero so many buckets without any: seven bits a byte, the sign in the lowest, all eight of the
/// ninth byte.
fn push(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest <= 0x7f {
            break;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}
