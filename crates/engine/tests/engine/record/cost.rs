//! P22: what counting one sample costs.

use std::time::Instant;

use engine::record::Record;

/// P22: `cargo test --release -p locust-native-engine -- --ignored --nocapture cost`
#[test]
#[ignore = "a measurement: says what one sample costs"]
fn p22_cost_of_a_sample() {
    let names: Vec<String> = (0..50).map(|n| format!("/category/page-{n}")).collect();
    // Log-normal about 40 ms, drawn beforehand.
    let times: Vec<f64> = (0..100_000_u64)
        .map(|n| {
            let uniform = |salt: u64| {
                let drawn = (n * 2 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ((drawn ^ (drawn >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64
                    / (1_u64 << 53) as f64
            };
            let normal = (-2.0 * uniform(0).max(1e-12).ln()).sqrt()
                * (uniform(1) * std::f64::consts::TAU).cos();
            40.0 * (0.4 * normal).exp()
        })
        .collect();
    let mut record = Record::new(10_000);
    let mut costs = Vec::new();
    // Lots so small that most are not interrupted.
    for lot in 0..5_000 {
        let begun = Instant::now();
        for n in lot * 1_000..(lot + 1) * 1_000 {
            let (name, ms) = (&names[n % names.len()], times[n % times.len()]);
            record.log("GET", name, Some(ms), n as f64 / 50_000.0);
        }
        costs.push(begun.elapsed().as_nanos() as f64 / 1_000.0);
    }
    costs.sort_by(f64::total_cmp);
    let [low, median, high] = [500, 2_500, 4_500].map(|slot| costs[slot]);
    println!(
        "log: {median:.1} ns median ({low:.1} to {high:.1} for 80 %); {} bytes for 50 names, 100 seconds",
        record.footprint(),
    );
    assert!(median < 100.0);
}
