//! A bar for each of several names.

use maud::{Markup, html};

use super::axis::{Axis, Span};
use super::line::colour;
use super::{WIDTH, at, figure};

/// Room for one bar and the words above it.
const EACH: f64 = 34.0;
const THICK: f64 = 10.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 26.0;
/// Half of the longest number below the axis.
const SIDE: f64 = 24.0;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    name: String,
    value: f64,
    range: Option<(f64, f64)>,
    style: usize,
}

impl Bar {
    /// A bar from the axis's begin to `value`.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value, range: None, style: 0 }
    }

    /// Marks a range on it, such as that between quartiles.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Colour by number, so that a name looks the same in all charts.
    #[must_use]
    pub fn style(mut self, number: usize) -> Self {
        self.style = number;
        self
    }
}

/// Bars below one another, each under its name and with its value in words.
#[derive(Clone, Debug)]
pub struct BarChart {
    title: String,
    says: String,
    source: String,
    axis: Axis,
    bars: Vec<Bar>,
    lines: Vec<(String, f64)>,
}

impl BarChart {
    /// A chart without bars. `source` is the command that gave its figures.
    pub fn new(title: impl Into<String>, source: impl Into<String>, axis: Axis) -> Self {
        Self {
            title: title.into(),
            says: String::new(),
            source: source.into(),
            axis,
            bars: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// What it shows, and how to read it.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.says = text.into();
        self
    }

    /// Adds a bar.
    #[must_use]
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }

    /// Draws a dashed line at `value` across all bars, named in the legend: a floor or a limit.
    #[must_use]
    pub fn line(mut self, name: impl Into<String>, value: f64) -> Self {
        self.lines.push((name.into(), value));
        self
    }

    pub(crate) fn markup(&self) -> Markup {
        figure(&self.title, &self.says, &self.legend(), &self.plot(), &self.source)
    }

    fn legend(&self) -> Markup {
        let has_ranges = self.bars.iter().any(|bar| bar.range.is_some());
        if self.lines.is_empty() && !has_ranges {
            return Markup::default();
        }
        html! {
            ul class="legend" { @for (name, value) in &self.lines {
                li {
                    svg viewBox="0 0 32 12" aria-hidden="true" { path class="limit" d="M1 6H31" {} }
                    (name) ": " (self.axis.write(*value))
                }
            } }
        }
    }

    fn plot(&self) -> Markup {
        let ranges = self.bars.iter().filter_map(|bar| bar.range);
        let values = self
            .bars
            .iter()
            .map(|bar| bar.value)
            .chain(ranges.flat_map(|(low, high)| [low, high]))
            .chain(self.lines.iter().map(|line| line.1));
        let span = self.axis.span(values);
        let bottom = TOP + EACH * self.bars.len() as f64 + 4.0;
        let height = bottom + BOTTOM;
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(self.title) {
                text x="0" y="14" { (self.axis.label) }
                @for (place, words) in span.ticks() {
                    @let across = at(along(place));
                    path class="grid" d=(format!("M{across} {TOP}V{bottom}")) {}
                    text class="tick" x=(across) y=(at(bottom + 17.0)) text-anchor="middle" { (words) }
                }
                path class="frame" d=(format!("M{SIDE} {TOP}V{bottom}")) {}
                @if self.bars.is_empty() {
                    text x=(at(WIDTH / 2.0)) y=(at(bottom)) text-anchor="middle" { "nothing to draw" }
                }
                @for (number, bar) in self.bars.iter().enumerate() {
                    (self.row(bar, &span, TOP + EACH * number as f64))
                }
                @for (name, value) in self.lines.iter().filter(|line| self.axis.takes(line.1)) {
                    path class="limit" d=(self.across_bars(along(span.place(*value)))) { title { (name) } }
                }
            }
        }
    }

    /// A line across all bars that spares the words between them.
    fn across_bars(&self, x: f64) -> String {
        let piece = |number: usize| {
            format!("M{} {}v{}", at(x), at(TOP + EACH * number as f64 + 16.0), at(THICK + 6.0))
        };
        (0..self.bars.len()).map(piece).collect()
    }

    fn row(&self, bar: &Bar, span: &Span<'_>, top: f64) -> Markup {
        let (from, middle) = (along(0.0), top + 19.0 + THICK / 2.0);
        html! {
            text x=(at(SIDE + 4.0)) y=(at(top + 14.0)) { (bar.name) }
            text class="value" x=(at(WIDTH - SIDE)) y=(at(top + 14.0)) text-anchor="end" {
                (if bar.value.is_finite() { self.axis.write(bar.value) } else { "-".into() })
            }
            @if self.axis.takes(bar.value) {
                // What is there can be seen, be it ever so little.
                @let length = (along(span.place(bar.value)) - from).max(1.0);
                rect class=(format!("bar {}", colour(bar.style))) x=(at(from)) y=(at(top + 19.0)) width=(at(length)) height=(THICK) {
                    title { (format!("{}: {}", bar.name, self.axis.write(bar.value))) }
                }
            }
            @if let Some((low, high)) = bar.range.filter(|(low, high)| self.axis.takes(*low) && self.axis.takes(*high)) {
                path class="range" d=(format!(
                    "M{low} {up}v8M{low} {middle}H{high}M{high} {up}v8",
                    low = at(along(span.place(low))), high = at(along(span.place(high))),
                    up = at(middle - 4.0), middle = at(middle),
                )) {
                    title { (format!("{}: {} to {}", bar.name, self.axis.write(low), self.axis.write(high))) }
                }
            }
        }
    }
}

fn along(place: f64) -> f64 {
    SIDE + place * (WIDTH - 2.0 * SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() {
        let chart = BarChart::new("t", "s", Axis::new("ns per operation"))
            .bar(Bar::new("whole", 10.0))
            .bar(Bar::new("half", 5.0).range(4.0, 6.0))
            .bar(Bar::new("nothing", 0.0))
            .bar(Bar::new("unknown", f64::NAN))
            .line("floor", 2.0);
        let html = chart.markup().into_string();
        let lengths: Vec<f64> = html
            .split("width=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(lengths, [432.0, 216.0, 1.0]);
        assert!(html.contains("floor: 2") && html.contains("ns per operation"));
        assert!(html.contains("half: 4 to 6") && !html.contains("NaN"));
    }

    #[test]
    fn a_chart_without_bars_says_so() {
        let chart = BarChart::new("t", "s", Axis::new("x").log());
        assert!(chart.markup().into_string().contains("nothing to draw"));
    }
}
