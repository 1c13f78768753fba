//! Figures as Python dictionaries, under the names they have in `--native-json`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use engine::record::{PHASES, PackedSecond, RowView, SHARES, Second, Spread, ms};

fn fill_spread(dict: &Bound<'_, PyDict>, spread: &Spread) -> PyResult<()> {
    let percentiles = PyDict::new(dict.py());
    for ((name, _), value) in SHARES.iter().zip(spread.percentiles) {
        percentiles.set_item(*name, value)?;
    }
    dict.set_item("count", spread.count)?;
    dict.set_item("min", spread.min)?;
    dict.set_item("mean", spread.mean)?;
    dict.set_item("max", spread.max)?;
    dict.set_item("percentiles", percentiles)
}

pub(crate) fn spread_dict<'py>(py: Python<'py>, spread: &Spread) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    fill_spread(&dict, spread)?;
    Ok(dict)
}

fn counts_dict<'py>(py: Python<'py>, counts: &[(&str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, count) in counts {
        dict.set_item(*name, *count)?;
    }
    Ok(dict)
}

pub(crate) fn row_dict<'py>(py: Python<'py>, view: &RowView) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("method", &view.method)?;
    dict.set_item("name", &view.name)?;
    fill_spread(&dict, &view.times)?;
    dict.set_item("requests", view.outcomes.requests())?;
    dict.set_item("failures", view.outcomes.failed)?;
    dict.set_item("without_time", view.without_time)?;
    dict.set_item("failed", spread_dict(py, &view.failed)?)?;
    dict.set_item("succeeded", spread_dict(py, &view.succeeded)?)?;
    let ends = [
        ("started", view.outcomes.started()),
        ("succeeded", view.outcomes.succeeded),
        ("failed", view.outcomes.failed),
        ("in_flight", view.outcomes.in_flight()),
        ("cut_off", view.outcomes.cut_off),
        ("unreported", view.outcomes.unreported),
    ];
    dict.set_item("ends", counts_dict(py, &ends)?)?;
    dict.set_item("cut_off_age", spread_dict(py, &view.ages)?)?;
    let phases = PyDict::new(py);
    for (phase, spread) in PHASES.iter().zip(&view.phases) {
        let spread = spread.as_ref().map(|spread| spread_dict(py, spread));
        phases.set_item(*phase, spread.transpose()?)?;
    }
    dict.set_item("phases", phases)?;
    let held = view.held.as_ref().map(|spread| spread_dict(py, spread));
    dict.set_item("held", held.transpose()?)?;
    let trips = &view.trips;
    for (group, counts) in [
        (
            "connections",
            [("new", trips.new), ("reused", trips.reused)],
        ),
        ("tls", [("full", trips.full), ("resumed", trips.resumed)]),
        ("bytes", [("out", trips.bytes_out), ("in", trips.bytes_in)]),
    ] {
        dict.set_item(group, counts_dict(py, &counts)?)?;
    }
    let versions = PyDict::new(py);
    for (version, count) in &trips.versions {
        versions.set_item(format!("{}.{}", version / 10, version % 10), count)?;
    }
    dict.set_item("versions", versions)?;
    dict.set_item("out_of_range", view.out_of_range)?;
    dict.set_item("coarse", view.coarse)?;
    if let Some(histogram) = &view.histogram {
        dict.set_item("histogram", STANDARD.encode(histogram.to_hdr()))?;
    }
    Ok(dict)
}

fn second_dict<'py>(py: Python<'py>, second: &Second) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("at", second.at)?;
    dict.set_item("width", second.width)?;
    dict.set_item("requests", second.requests)?;
    dict.set_item("failures", second.failures)?;
    let times = second.times.quantiles(&[0.5, 0.95, 0.99]);
    for (place, name) in ["p50", "p95", "p99"].into_iter().enumerate() {
        let time = times.as_ref().and_then(|times| times.get(place));
        dict.set_item(name, time.map(|ns| ms(*ns)))?;
    }
    dict.set_item("max", second.times.max().map(ms))?;
    Ok(dict)
}

pub(crate) fn rows_list<'py>(
    py: Python<'py>,
    rows: &[RowView],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    rows.iter().map(|view| row_dict(py, view)).collect()
}

pub(crate) fn seconds_list<'py>(
    py: Python<'py>,
    seconds: &[PackedSecond],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    seconds
        .iter()
        .filter_map(PackedSecond::unpack)
        .map(|second| second_dict(py, &second))
        .collect()
}

pub(crate) fn series_list<'py>(
    py: Python<'py>,
    points: &[Second],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    points.iter().map(|point| second_dict(py, point)).collect()
}
