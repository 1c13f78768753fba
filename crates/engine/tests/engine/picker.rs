//! The picker: frequencies, repeatability, and the weights it refuses.

use engine::picker::{Picker, WeightError, pick_equal};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const DRAWS: usize = 1_000_000;
/// Upper 1 % points of the chi-square distribution for 2 and 3 degrees of freedom.
const CRITICAL: [f64; 2] = [9.210, 11.345];

fn chi_square(counts: &[usize], weights: &[f64]) -> f64 {
    let (drawn, total) = (
        counts.iter().sum::<usize>() as f64,
        weights.iter().sum::<f64>(),
    );
    let parts = counts.iter().zip(weights).map(|(&count, weight)| {
        let expected = drawn * weight / total;
        (count as f64 - expected).powi(2) / expected
    });
    parts.sum()
}

#[test]
fn frequencies_are_the_weights() {
    for weights in [vec![3.0, 47.0, 25.0, 25.0], vec![20.0, 5.0, 75.0]] {
        let mut picker = Picker::new(&weights, Some(2026)).unwrap();
        let mut counts = vec![0; weights.len()];
        for _ in 0..DRAWS {
            counts[picker.pick()] += 1;
        }
        let statistic = chi_square(&counts, &weights);
        assert!(
            statistic < CRITICAL[weights.len() - 3],
            "{statistic} for {counts:?}"
        );
    }
}

#[test]
fn the_test_would_notice_other_weights() {
    let mut picker = Picker::new(&[3.0, 47.0, 25.0, 25.0], Some(2026)).unwrap();
    let mut counts = [0; 4];
    (0..DRAWS).for_each(|_| counts[picker.pick()] += 1);
    assert!(chi_square(&counts, &[3.0, 46.7, 25.3, 25.0]) > CRITICAL[1]);
}

#[test]
fn equal_picks_weigh_a_list_by_its_repeats() {
    let list: Vec<usize> = [(0, 3), (1, 47), (2, 25), (3, 25)]
        .iter()
        .flat_map(|&(task, weight)| std::iter::repeat_n(task, weight))
        .collect();
    let mut counts = [0; 4];
    let mut generator = SmallRng::seed_from_u64(2026);
    for _ in 0..DRAWS {
        counts[list[pick_equal(list.len(), generator.random()).unwrap()]] += 1;
    }
    assert!(
        chi_square(&counts, &[3.0, 47.0, 25.0, 25.0]) < CRITICAL[1],
        "{counts:?}"
    );
    assert_eq!(pick_equal(0, 0.5), None);
    assert_eq!(pick_equal(3, 0.0), Some(0));
    assert_eq!(pick_equal(3, 1.0_f64.next_down()), Some(2));
    assert_eq!(pick_equal(3, 1.0), Some(2));
}

#[test]
fn a_seed_repeats_the_draws() {
    let draws = |seed| {
        let mut picker = Picker::new(&[3.0, 47.0, 25.0, 25.0], seed).unwrap();
        (0..200).map(|_| picker.pick()).collect::<Vec<_>>()
    };
    assert_eq!(draws(Some(7)), draws(Some(7)));
    assert_ne!(draws(Some(7)), draws(Some(8)));
    assert_ne!(draws(None), draws(None));
}

#[test]
fn a_weight_of_zero_is_never_picked() {
    let mut picker = Picker::new(&[0.0, 1.0, 0.0], Some(1)).unwrap();
    assert!((0..10_000).all(|_| picker.pick() == 1));
}

#[test]
fn bad_weights_are_refused_by_name() {
    let refused = |weights: &[f64]| Picker::new(weights, None).unwrap_err();
    assert_eq!(refused(&[]), WeightError::Empty);
    assert_eq!(refused(&[0.0, 0.0]), WeightError::AllZero);
    assert_eq!(refused(&[f64::MAX, f64::MAX]), WeightError::TooLarge);
    assert_eq!(
        refused(&[1.0, -2.0]),
        WeightError::Invalid {
            index: 1,
            weight: -2.0
        }
    );
    for odd in [f64::NAN, f64::INFINITY] {
        assert!(matches!(
            refused(&[odd]),
            WeightError::Invalid { index: 0, .. }
        ));
    }
    assert_eq!(
        refused(&[1.0, -2.0]).to_string(),
        "weight 1 is -2: weights are finite numbers, zero or above"
    );
}
