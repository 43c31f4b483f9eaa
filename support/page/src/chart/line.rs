//! Lines over an axis.

use maud::{Markup, html};

use super::axis::{Axis, Span};
use super::{WIDTH, at, figure};
use crate::style::COLOURS;

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
/// Half of the longest number below the axis.
const RIGHT: f64 = 34.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 48.0;
/// With more points than this only some of them are marked, so that a line stays one.
const MOST_MARKERS: usize = 12;
/// Dashes: one more than colours repeat before the two go together again.
const DASHES: [&str; 3] = ["none", "6 3", "2 3"];

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    style: Option<usize>,
    is_limit: bool,
}

impl Series {
    /// A line through these points, in their order. Points that an axis has no place for are left
    /// out.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            style: None,
            is_limit: false,
        }
    }

    /// Colour, marker and dash by number, so that a name looks the same in all charts. Without it:
    /// the number of the series in its chart.
    #[must_use]
    pub fn style(mut self, number: usize) -> Self {
        self.style = Some(number);
        self
    }

    /// Draws it as a limit for the others: dashed, in the colour of text.
    #[must_use]
    pub fn limit(mut self) -> Self {
        self.is_limit = true;
        self
    }

    fn line_class(&self) -> &'static str {
        if self.is_limit { "limit" } else { "line" }
    }
}

/// Lines over an axis, with a legend.
#[derive(Clone, Debug)]
pub struct LineChart {
    title: String,
    says: String,
    source: String,
    x: Axis,
    y: Axis,
    series: Vec<Series>,
}

impl LineChart {
    /// A chart without lines. `source` is the command that gave its figures.
    pub fn new(title: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            says: String::new(),
            source: source.into(),
            x: Axis::new(""),
            y: Axis::new(""),
            series: Vec::new(),
        }
    }

    /// What it shows, and how to read it.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.says = text.into();
        self
    }

    /// The axis to the right.
    #[must_use]
    pub fn x(mut self, axis: Axis) -> Self {
        self.x = axis;
        self
    }

    /// The axis upwards.
    #[must_use]
    pub fn y(mut self, axis: Axis) -> Self {
        self.y = axis;
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    pub(crate) fn markup(&self) -> Markup {
        figure(&self.title, &self.says, &self.legend(), &self.plot(), &self.source)
    }

    /// Each series with its number for colour, marker and dash.
    fn styled(&self) -> impl Iterator<Item = (usize, &Series)> {
        self.series
            .iter()
            .enumerate()
            .map(|(number, series)| (series.style.unwrap_or(number), series))
    }

    fn legend(&self) -> Markup {
        html! {
            ul class="legend" { @for (style, series) in self.styled() {
                li {
                    svg viewBox="0 0 32 12" aria-hidden="true" class=(colour(style)) {
                        path class=(series.line_class()) d="M1 6H31" stroke-dasharray=[dash(style, series)] {}
                        @if !series.is_limit { path class="mark" d=(marker(style, 16.0, 6.0)) {} }
                    }
                    (series.name)
                }
            } }
        }
    }

    fn plot(&self) -> Markup {
        let points = || self.series.iter().flat_map(|series| self.drawn(series));
        let x = self.x.span(points().map(|point| point.0));
        let y = self.y.span(points().map(|point| point.1));
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.title) {
                text x="0" y="14" { (self.y.label) }
                @for (place, words) in y.ticks() {
                    @let height = at(down(place));
                    path class="grid" d=(format!("M{LEFT} {height}H{right}")) {}
                    text class="tick" x=(at(LEFT - 6.0)) y=(height) dy="0.35em" text-anchor="end" { (words) }
                }
                @for (place, words) in x.ticks() {
                    @let across = at(along(place));
                    path class="frame" d=(format!("M{across} {bottom}v5")) {}
                    text class="tick" x=(across) y=(at(bottom + 18.0)) text-anchor="middle" { (words) }
                }
                path class="frame" d=(format!("M{LEFT} {TOP}V{bottom}H{right}")) {}
                text x=(at(f64::midpoint(LEFT, right))) y=(at(HEIGHT - 6.0)) text-anchor="middle" { (self.x.label) }
                @if points().next().is_none() {
                    text x=(at(f64::midpoint(LEFT, right))) y=(at(HEIGHT / 2.0)) text-anchor="middle" { "nothing to draw" }
                }
                @for (style, series) in self.styled() { (self.line(style, series, &x, &y)) }
            }
        }
    }

    /// The points that both axes have a place for.
    fn drawn<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = (f64, f64)> + 'a {
        series.points.iter().copied().filter(|(x, y)| self.x.takes(*x) && self.y.takes(*y))
    }

    fn line(&self, style: usize, series: &Series, x: &Span<'_>, y: &Span<'_>) -> Markup {
        let points: Vec<_> = self.drawn(series).collect();
        let path = path(
            points.iter().map(|point| (at(along(x.place(point.0))), at(down(y.place(point.1))))),
        );
        let marked = if series.is_limit { &[] } else { &points[..] };
        html! {
            g class=(colour(style)) {
                @if points.len() > 1 {
                    path class=(series.line_class()) d=(path) stroke-dasharray=[dash(style, series)] {
                        title { (series.name) }
                    }
                }
                @for point in some(marked, style) {
                    path class="mark" d=(marker(style, along(x.place(point.0)), down(y.place(point.1)))) {
                        title { (format!("{}: {}, {}", series.name, self.x.write(point.0), self.y.write(point.1))) }
                    }
                }
            }
        }
    }
}

fn along(place: f64) -> f64 {
    LEFT + place * (WIDTH - LEFT - RIGHT)
}

fn down(place: f64) -> f64 {
    HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP)
}

/// All points, or some at even distances, others for each style.
fn some(points: &[(f64, f64)], style: usize) -> impl Iterator<Item = &(f64, f64)> {
    let step = points.len().div_ceil(MOST_MARKERS).max(1);
    let first = style % COLOURS * step / COLOURS;
    points.iter().skip(first).step_by(step)
}

/// A path through these places; what lies between two of the same height is left out.
fn path(places: impl Iterator<Item = (String, String)>) -> String {
    let mut kept: Vec<(String, String)> = Vec::new();
    for place in places {
        if let [.., before, last] = &kept[..]
            && before.1 == last.1
            && last.1 == place.1
        {
            kept.pop();
        }
        kept.push(place);
    }
    let parts = kept.iter().enumerate().map(|(number, (x, y))| {
        let letter = if number == 0 { 'M' } else { 'L' };
        format!("{letter}{x} {y}")
    });
    parts.collect()
}

/// The class that sets the colour.
pub(super) fn colour(style: usize) -> String {
    format!("c{}", style % COLOURS)
}

/// Dashes, where the colours have begun again. A limit has its own.
fn dash(style: usize, series: &Series) -> Option<&'static str> {
    let number = style / COLOURS;
    (!series.is_limit && number > 0).then(|| DASHES[number % DASHES.len()])
}

/// A small shape around a point.
fn marker(style: usize, x: f64, y: f64) -> String {
    let point = |dx: f64, dy: f64| format!("{} {}", at(x + dx), at(y + dy));
    match style % 5 {
        0 => format!("M{}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z", point(-4.0, 0.0)),
        1 => format!("M{}h7v7h-7Z", point(-3.5, -3.5)),
        2 => format!("M{}l5 9h-10Z", point(0.0, -5.5)),
        3 => format!("M{}l5 5l-5 5l-5 -5Z", point(0.0, -5.0)),
        _ => format!("M{}l5 -9h-10Z", point(0.0, 5.5)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(chart: &LineChart) -> String {
        chart.markup().into_string()
    }

    #[test]
    fn a_chart_says_what_it_shows_in_which_unit_and_from_where() {
        let chart = LineChart::new("Speed", "stress run")
            .says("more is better")
            .x(Axis::new("threads").steps())
            .y(Axis::new("Mop/s"))
            .series(Series::new("A", [(1.0, 2.0), (2.0, 3.0)]))
            .series(Series::new("bound", [(1.0, 4.0), (2.0, 4.0)]).limit());
        let html = html(&chart);
        for word in ["Speed", "more is better", "threads", "Mop/s", "stress run", ">A<", "bound"] {
            assert!(html.contains(word), "{word}: {html}");
        }
        // Two lines and two markers, and the same once in the legend: with one marker there.
        assert_eq!(html.matches("class=\"line\"").count(), 2);
        assert_eq!(html.matches("class=\"limit\"").count(), 2);
        assert_eq!(html.matches("class=\"mark\"").count(), 3);
    }

    #[test]
    fn what_has_no_place_is_left_out() {
        let chart = LineChart::new("t", "s").y(Axis::new("t").log()).series(Series::new(
            "A",
            [(1.0, 0.0), (2.0, f64::NAN), (f64::INFINITY, 1.0), (3.0, 5.0)],
        ));
        let html = html(&chart);
        assert_eq!(html.matches("class=\"mark\"").count(), 2, "one, and the legend's");
        for word in ["NaN", "inf"] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("A: 3, 5"));
    }

    #[test]
    fn of_many_points_some_are_marked() {
        let points: Vec<_> = (0..100_u8).map(|x| (f64::from(x), 0.0)).collect();
        let marked: Vec<_> = some(&points, 1).collect();
        assert!((MOST_MARKERS - 1..=MOST_MARKERS).contains(&marked.len()), "{marked:?}");
        assert_ne!(marked[0], some(&points, 5).next().expect("some"));
        assert_eq!(some(&points[..MOST_MARKERS], 5).count(), MOST_MARKERS);
    }

    #[test]
    fn a_level_stretch_is_two_points() {
        let places = [(1, 5), (2, 5), (3, 5), (4, 7), (5, 5)];
        let path = path(places.into_iter().map(|(x, y)| (x.to_string(), y.to_string())));
        assert_eq!(path, "M1 5L3 5L4 7L5 5");
    }

    #[test]
    fn a_chart_without_points_says_so() {
        assert!(html(&LineChart::new("t", "s")).contains("nothing to draw"));
    }

    #[test]
    fn more_series_than_colours_can_be_told_apart() {
        let series = Series::new("A", []);
        let looks: std::collections::BTreeSet<_> = (0..COLOURS * DASHES.len())
            .map(|style| (colour(style), dash(style, &series)))
            .collect();
        assert_eq!(looks.len(), COLOURS * DASHES.len());
        assert_ne!(marker(0, 9.0, 9.0), marker(1, 9.0, 9.0));
    }
}
