//! Tables and bars as HTML for a notebook: no script, no style sheet, readable on light and on dark.

use std::fmt::Write;

/// Blue that stands out on white and on black alike; all text has the notebook's own colour.
const COLOUR: &str = "#4c8bd6";

/// A table under a title; `cells` are HTML, which numbers are as they stand.
pub fn table(title: &str, head: &[&str], cells: &[Vec<String>], note: &str) -> String {
    let mut html = format!("<div><strong>{title}</strong><table><thead><tr>");
    for name in head {
        let _ = write!(html, "<th style=\"text-align:right\">{name}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for row in cells {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td style=\"text-align:right\">{cell}</td>");
        }
        html.push_str("</tr>");
    }
    let _ = write!(html, "</tbody></table>{note}</div>");
    html
}

/// A bar in a cell, for a share from 0 to 1.
pub fn bar(share: f64) -> String {
    let width = (100.0 * share).clamp(0.0, 100.0);
    format!(
        "<svg width=\"100\" height=\"10\" role=\"presentation\"><rect width=\"{width:.1}\" height=\"10\" \
         fill=\"{COLOUR}\"/></svg>"
    )
}

/// Columns side by side, each a share of the greatest; `from` and `to` stand below its ends.
pub fn columns(heights: &[f64], from: &str, to: &str) -> String {
    const WIDTH: f64 = 480.0;
    const HEIGHT: f64 = 80.0;
    let greatest = heights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = WIDTH / heights.len().max(1) as f64;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" style=\"max-width:100%\" role=\"img\" \
         aria-label=\"how often which time was seen, from {from} to {to}\">",
        HEIGHT + 18.0
    );
    for (place, height) in heights
        .iter()
        .enumerate()
        .filter(|(_, height)| **height > 0.0)
    {
        // What was seen at all can be seen.
        let tall = (HEIGHT * height / greatest).max(1.0);
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"{COLOUR}\"/>",
            place as f64 * step,
            HEIGHT - tall,
            (step - 1.0).max(1.0),
        );
    }
    let below = HEIGHT + 14.0;
    let _ = write!(
        svg,
        "<path d=\"M0 {HEIGHT}H{WIDTH}\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\
         <text x=\"0\" y=\"{below}\" font-size=\"12\" fill=\"currentColor\">{from}</text>\
         <text x=\"{WIDTH}\" y=\"{below}\" font-size=\"12\" fill=\"currentColor\" text-anchor=\"end\">{to}</text></svg>"
    );
    svg
}
