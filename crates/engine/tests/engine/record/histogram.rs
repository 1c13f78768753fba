//! P1 to P4 of one histogram.

use std::io::Write;

use engine::histogram::{Histogram, NoHistogram};
use flate2::{Compression, write::ZlibEncoder};
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{HOUR, any_times, assert_close, counted, exact, shares, times};

proptest! {
    #[test]
    fn p1_precision(times in times(), share in 0.0..=1.0_f64) {
        let histogram = counted(&times);
        let mut sorted = times;
        sorted.sort_unstable();
        let mut shares = shares();
        shares.extend([0.0, share, 1.0]);
        for (told, share) in histogram.quantiles(&shares).unwrap().iter().zip(&shares) {
            assert_close(*told, exact(&sorted, *share))?;
        }
        prop_assert_eq!(histogram.min(), sorted.first().copied());
        prop_assert_eq!(histogram.max(), sorted.last().copied());
        let sum: i128 = sorted.iter().map(|ns| i128::from(*ns)).sum();
        prop_assert_eq!(histogram.mean(), Some(sum as f64 / sorted.len() as f64));
    }

    #[test]
    fn p2_order(times in any_times()) {
        let histogram = counted(&times);
        match histogram.quantiles(&shares()) {
            None => prop_assert!(times.is_empty()),
            Some(quantiles) => {
                prop_assert!(quantiles.is_sorted());
                prop_assert!(quantiles.first() >= histogram.min().as_ref());
                prop_assert!(quantiles.last() <= histogram.max().as_ref());
            }
        }
    }

    #[test]
    fn p3_nothing_is_lost_at_the_edges(times in any_times()) {
        let histogram = counted(&times);
        let outside = times.iter().filter(|ns| !(0..=HOUR).contains(*ns)).count() as u64;
        prop_assert_eq!(histogram.count(), times.len() as u64);
        prop_assert_eq!(histogram.out_of_range(), outside);
        prop_assert_eq!(histogram.max(), times.iter().max().copied());
        prop_assert_eq!(histogram.min(), times.iter().min().copied());
        let within: u64 = histogram.buckets().iter().map(|(_, count)| count).sum();
        prop_assert_eq!(within + outside, histogram.count());
    }

    #[test]
    fn p4_histograms_merge(parts in vec(any_times(), 0..5), order in any::<Index>()) {
        let unsplit = counted(&parts.concat());
        let mut parts: Vec<Histogram> = parts.iter().map(|times| counted(times)).collect();
        if !parts.is_empty() {
            let by = order.index(parts.len());
            parts.rotate_left(by);
        }
        let mut merged = Histogram::default();
        parts.iter().for_each(|part| merged.merge(part));
        prop_assert_eq!(&merged, &unsplit);
        prop_assert_eq!(merged.buckets(), unsplit.buckets());
        // (a + b) + c = a + (b + c)
        let mut folded = Histogram::default();
        for part in parts.iter().rev() {
            let mut next = part.clone();
            next.merge(&folded);
            folded = next;
        }
        prop_assert_eq!(&folded, &unsplit);
        let unpacked = unsplit.pack().unpack();
        prop_assert_eq!(unpacked, Some(unsplit));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_buckets_are_hdr_histograms(times in times(), more in 0..1_u64 << 62, few in 0..62_u32) {
        let mut ours = counted(&times);
        let mut theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(1, HOUR as u64, 3).unwrap();
        times.iter().for_each(|ns| theirs.record(*ns as u64).unwrap());
        let told: Vec<(u64, u64)> = theirs
            .iter_recorded()
            .map(|step| (theirs.lowest_equivalent(step.value_iterated_to()), step.count_at_value()))
            .collect();
        prop_assert_eq!(ours.buckets(), told);
        let (time, more) = (times[0] / 2, (more >> few).max(1_u64));
        ours.record_ns(time, more);
        theirs.record_n(time as u64, more).unwrap();
        let sent: hdrhistogram::Histogram<u64> =
            Deserializer::new().deserialize(&mut &*ours.to_hdr()).unwrap();
        prop_assert_eq!(sent, theirs);
    }
}

fn wrapped(plain: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain).unwrap();
    let packed = packer.finish().unwrap();
    let length = (packed.len() as u32).to_be_bytes();
    [&0x1c84_9314_u32.to_be_bytes(), &length, packed.as_slice()].concat()
}

/// A histogram's plain bytes, with a length, a number of digits and a lowest value as told.
fn plain(length: usize, digits: u32, lowest: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in [0x1c84_9313, length as u32, 0, digits] {
        bytes.extend(field.to_be_bytes());
    }
    for bound in [lowest, HOUR as u64, 1_f64.to_bits()] {
        bytes.extend(bound.to_be_bytes());
    }
    bytes.extend(payload);
    bytes
}

proptest! {
    #[test]
    fn what_was_written_is_read(times in any_times(), cut in any::<Index>(), bit in any::<Index>()) {
        let ours = counted(&times);
        let bytes = ours.to_hdr();
        let read = Histogram::from_hdr(&bytes).unwrap();
        prop_assert_eq!(read.buckets(), ours.buckets());
        prop_assert_eq!(read.count(), ours.count() - ours.out_of_range());
        // The format has no more than that, so neither has what is read again.
        prop_assert_eq!(&Histogram::from_hdr(&read.to_hdr()).unwrap(), &read);
        prop_assert!(Histogram::from_hdr(&bytes[..cut.index(bytes.len())]).is_err());
        let mut damaged = bytes.clone();
        damaged[bit.index(bytes.len() * 8) / 8] ^= 1 << (bit.index(bytes.len() * 8) % 8);
        if let Ok(other) = Histogram::from_hdr(&damaged) {
            prop_assert_eq!(other, read); // zlib's header has a bit or two that mean nothing
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80)) {
        let _ = Histogram::from_hdr(&bytes);
        let _ = Histogram::from_hdr(&wrapped(&bytes));
        let told = Histogram::from_hdr(&wrapped(&plain(bytes.len(), 3, 1, &bytes)));
        if let Ok(told) = told {
            prop_assert_eq!(Histogram::from_hdr(&told.to_hdr()).unwrap(), told);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_the_crate_writes_is_read(times in times()) {
        let mut theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(1, HOUR as u64, 3).unwrap();
        times.iter().for_each(|ns| theirs.record(*ns as u64).unwrap());
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&theirs, &mut bytes).unwrap();
        prop_assert_eq!(Histogram::from_hdr(&bytes).unwrap().buckets(), counted(&times).buckets());
    }
}

#[test]
fn what_is_no_histogram_says_why() {
    let refused = |bytes: &[u8]| Histogram::from_hdr(bytes).unwrap_err();
    assert_eq!(refused(b""), NoHistogram::Foreign);
    assert_eq!(refused(b"PNG, say"), NoHistogram::Foreign);
    assert_eq!(refused(&wrapped(b"short")), NoHistogram::Damaged);
    // A length that nobody should make room for.
    let claims = plain(u32::MAX as usize, 3, 1, &[2]);
    assert_eq!(refused(&wrapped(&claims)), NoHistogram::Damaged);
    let other = NoHistogram::Precision {
        digits: 2,
        lowest: 1_000,
    };
    assert_eq!(refused(&wrapped(&plain(1, 2, 1_000, &[2]))), other);
    // The one number that has no opposite, then a count.
    let skip = [[0xff; 9].as_slice(), &[2]].concat();
    assert_eq!(
        refused(&wrapped(&plain(10, 3, 1, &skip))),
        NoHistogram::TooLong
    );
    // Far more than fits, from a few bytes.
    let bomb = plain(1 << 22, 3, 1, &vec![0; 1 << 22]);
    assert_eq!(refused(&wrapped(&bomb)), NoHistogram::Damaged);
}

#[test]
fn counts_outgrow_their_width() {
    let mut histogram = Histogram::default();
    (0..300).for_each(|ms| histogram.record_ns(ms * 1_000_000, 1));
    let mut expected = 1;
    for times in [1, 254, 65_280, u64::from(u32::MAX) - 65_536, 1, 1 << 40] {
        histogram.record_ns(1_000_000, times);
        expected += times;
        assert_eq!(histogram.buckets()[1].1, expected);
        assert_eq!(histogram.buckets()[2].1, 1);
    }
    assert_eq!(histogram.count(), 299 + expected);
    let mut small = Histogram::default();
    small.record_ns(7, u64::from(u32::MAX));
    small.record_ns(7, 1);
    assert_eq!(small.buckets(), [(7, 1 << 32)]);
}

#[test]
fn p16_a_histogram_has_a_greatest_size() {
    let mut histogram = Histogram::default();
    for ns in (0..2_048).chain(
        (11..42).flat_map(|power| (0..1_024).map(move |n| (1 << power) + (n << (power - 10)))),
    ) {
        histogram.record_ns(ns, 1);
    }
    assert!(histogram.footprint() <= 80_000, "{}", histogram.footprint());
    assert!(
        histogram.pack().footprint() <= 70_000,
        "{}",
        histogram.pack().footprint()
    );
    let all = histogram.clone();
    (0..17).for_each(|_| histogram.merge(&histogram.clone()));
    assert_eq!(histogram.count(), all.count() << 17);
}

proptest! {
    /// What is left of times without some of them is what the rest alone would be, but for ends that are to 0.1 %.
    #[test]
    fn successes_are_all_times_without_the_failures(times in vec((1_000..1_000_000_000_i64, any::<bool>()), 0..200)) {
        let (mut all, mut failed, mut succeeded) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for (ns, fails) in &times {
            all.record_ns(*ns, 1);
            if *fails { failed.record_ns(*ns, 1) } else { succeeded.record_ns(*ns, 1) }
        }
        let left = all.without(&failed);
        prop_assert_eq!(left.count(), succeeded.count());
        prop_assert_eq!(left.buckets(), succeeded.buckets());
        prop_assert_eq!(left.mean(), succeeded.mean());
        for (ours, theirs) in [(left.min(), succeeded.min()), (left.max(), succeeded.max())] {
            prop_assert_eq!(ours.is_some(), theirs.is_some());
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                prop_assert!((ours as f64 / theirs as f64 - 1.0).abs() < 1e-3);
            }
        }
    }
}
