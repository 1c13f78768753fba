//! HdrHistogram's own format (V2, compressed), which its tools read in every language.

use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::counts::{Counts, LONGEST, last};

/// What the compressed, and the plain, bytes begin with.
const COMPRESSED: u32 = 0x1c84_9314;
const PLAIN: u32 = 0x1c84_9313;
const DIGITS: u32 = 3;
/// Bytes of the plain header.
const HEADER: usize = 40;
/// More than every bucket in use takes, nine bytes each: whoever unpacks to more is no histogram of ours.
const MOST: u64 = 1 << 20;

/// Why bytes are no histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHistogram {
    /// It is no such text.
    Foreign,
    /// It ends too early, or what it says does not fit together.
    Damaged,
    /// It was written with another precision.
    Precision {
        /// Significant digits.
        digits: u32,
        /// The lowest value that it tells apart.
        lowest: u64,
    },
    /// Unpacked, it would be longer than any histogram of ours.
    TooLong,
}

impl fmt::Display for NoHistogram {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Foreign => write!(f, "expected HdrHistogram's compressed V2 format"),
            Self::Damaged => write!(f, "it is damaged or cut short"),
            Self::Precision { digits, lowest } => write!(
                f,
                "it has {digits} digits from {lowest}, expected {DIGITS} from 1 (ns)"
            ),
            Self::TooLong => write!(f, "it has times above 1 h"),
        }
    }
}

impl std::error::Error for NoHistogram {}

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
    let mut plain = Vec::with_capacity(HEADER + payload.len());
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

/// What `encode` has written, bucket for bucket: `take` is told each bucket that has any, in order.
///
/// A reader of our own, for all that the bytes may say: the crate `hdrhistogram` makes room for whatever length they
/// claim, up to 4 GiB, and a table of 450 kB for each name.
pub fn decode(bytes: &[u8], mut take: impl FnMut(u16, u64)) -> Result<(), NoHistogram> {
    let mut rest = bytes;
    if u32::from_be_bytes(next(&mut rest).ok_or(NoHistogram::Foreign)?) != COMPRESSED {
        return Err(NoHistogram::Foreign);
    }
    let packed = u32::from_be_bytes(next(&mut rest).ok_or(NoHistogram::Damaged)?);
    if u32::try_from(rest.len()) != Ok(packed) {
        return Err(NoHistogram::Damaged);
    }
    let mut plain = Vec::new();
    let mut unpacker = ZlibDecoder::new(rest).take(MOST);
    if unpacker.read_to_end(&mut plain).is_err() {
        return Err(NoHistogram::Damaged);
    }
    let mut rest = plain.as_slice();
    let mut head = || next(&mut rest).map(u32::from_be_bytes);
    let (Some(cookie), Some(length), Some(offset), Some(digits)) = (head(), head(), head(), head())
    else {
        return Err(NoHistogram::Damaged);
    };
    let mut bound = || next(&mut rest).map(u64::from_be_bytes);
    let (Some(lowest), Some(_highest), Some(ratio)) = (bound(), bound(), bound()) else {
        return Err(NoHistogram::Damaged);
    };
    if cookie != PLAIN || offset != 0 || ratio != 1_f64.to_bits() {
        return Err(NoHistogram::Foreign);
    }
    if (digits, lowest) != (DIGITS, 1) {
        return Err(NoHistogram::Precision { digits, lowest });
    }
    if u32::try_from(rest.len()) != Ok(length) {
        return Err(NoHistogram::Damaged);
    }
    let mut place = 0_u64;
    while !rest.is_empty() {
        let number = pull(&mut rest).ok_or(NoHistogram::Damaged)?;
        let Ok(count) = u64::try_from(number) else {
            place = place.saturating_add(number.unsigned_abs());
            continue;
        };
        if count > 0 {
            match u16::try_from(place) {
                Ok(index) if index <= last() => take(index, count),
                _ => return Err(NoHistogram::TooLong),
            }
        }
        place = place.saturating_add(1);
    }
    Ok(())
}

/// The next bytes, so many as fit.
fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

/// What `push` has written.
fn pull(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for place in 0..9 {
        let [byte] = next(rest)?;
        if place == 8 {
            number |= u64::from(byte) << 56;
            break;
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}
