//! Charts: SVG in coordinates of its own, which scale with the column.
//!
//! On narrow screens a chart shrinks and its letters grow by the style sheet, so margins have room
//! for the larger ones.

pub(crate) mod axis;
pub(crate) mod bar;
pub(crate) mod line;
pub(crate) mod map;

use maud::{Markup, html};

/// Width of a plot in its own units.
const WIDTH: f64 = 480.0;

/// A coordinate or a length, short: a tenth of a unit is less than anybody sees.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// What surrounds a plot: title, explanation, legend, and where it comes from.
fn figure(title: &str, says: &str, legend: &Markup, plot: &Markup, source: &str) -> Markup {
    html! {
        figure {
            figcaption {
                strong { (title) }
                @if !says.is_empty() { p { (says) } }
            }
            (legend)
            (plot)
            pre tabindex="0" { (source) }
        }
    }
}
