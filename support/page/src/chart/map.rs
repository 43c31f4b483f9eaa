//! A map: shares on a grid, over time.

use core::fmt::Write as _;

use maud::{Markup, html};

use super::{WIDTH, at, figure};

const HEIGHT: f64 = 240.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 20.0;
/// Shades of a share that is not zero.
const SHADES: usize = 4;

/// Columns of shares, each from the bottom to the top: the darker, the more.
#[derive(Clone, Debug)]
pub struct MapChart {
    title: String,
    says: String,
    source: String,
    across: String,
    up: String,
    columns: Vec<Vec<f64>>,
}

impl MapChart {
    /// A map without columns. `source` is the command that gave its figures.
    pub fn new(title: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            says: String::new(),
            source: source.into(),
            across: String::new(),
            up: String::new(),
            columns: Vec::new(),
        }
    }

    /// What it shows, and how to read it.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.says = text.into();
        self
    }

    /// What lies to the right, and what upwards.
    #[must_use]
    pub fn axes(mut self, across: impl Into<String>, up: impl Into<String>) -> Self {
        self.across = across.into();
        self.up = up.into();
        self
    }

    /// The columns, from left to right, all equally long, with shares from 0 to 1.
    #[must_use]
    pub fn columns(mut self, columns: Vec<Vec<f64>>) -> Self {
        self.columns = columns;
        self
    }

    pub(crate) fn markup(&self) -> Markup {
        figure(&self.title, &self.says, &Markup::default(), &self.plot(), &self.source)
    }

    fn plot(&self) -> Markup {
        let bottom = HEIGHT - BOTTOM;
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.title) {
                text x="0" y="14" { (self.up) }
                path class="frame" d=(format!("M0 {TOP}H{WIDTH}V{bottom}H0Z")) {}
                @for shade in 1..=SHADES {
                    path class="bar c0" fill-opacity=(format!("{:.2}", shade as f64 / SHADES as f64)) d=(self.cells(shade)) {}
                }
                text x=(at(WIDTH / 2.0)) y=(at(HEIGHT - 5.0)) text-anchor="middle" { (self.across) }
            }
        }
    }

    /// The cells of one shade as one path: a box for each run of equal cells in a row.
    fn cells(&self, shade: usize) -> String {
        let rows = self.columns.first().map_or(0, Vec::len);
        let wide = WIDTH / self.columns.len().max(1) as f64;
        let high = (HEIGHT - TOP - BOTTOM) / rows.max(1) as f64;
        let mut path = String::new();
        for row in 0..rows {
            let is_so = |column: usize| {
                self.columns
                    .get(column)
                    .and_then(|column| column.get(row))
                    .map(|share| shade_of(*share))
                    == Some(shade)
            };
            let mut column = 0;
            while column < self.columns.len() {
                let start = column;
                while is_so(column) {
                    column += 1;
                }
                if column > start {
                    let top = HEIGHT - BOTTOM - (row + 1) as f64 * high;
                    let (x, y) = (at(start as f64 * wide), at(top));
                    let width = at((column - start) as f64 * wide);
                    // Writing into a text cannot fail.
                    _ = write!(path, "M{x} {y}h{width}v{}h-{width}z", at(high));
                }
                column += 1;
            }
        }
        path
    }
}

/// The shade of a share: none for nothing, and the darkest for nearly all.
fn shade_of(share: f64) -> usize {
    let steps = (1..SHADES).filter(|step| share > *step as f64 / SHADES as f64).count();
    if share > 0.0 { steps + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_darker_and_nothing_is_not_drawn() {
        assert_eq!([0.0, 0.01, 0.25, 0.3, 0.99, 1.0].map(shade_of), [0, 1, 1, 2, 4, 4]);
        let chart = MapChart::new("t", "s").columns(vec![vec![1.0, 0.0]; 3]);
        assert_eq!(chart.cells(SHADES), "M0 121h480v99h-480z", "one box for three cells");
        assert_eq!(chart.cells(1), "");
        assert!(chart.markup().into_string().contains("M0 121h480"));
    }
}
