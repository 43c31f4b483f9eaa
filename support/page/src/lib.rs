//! Self-contained pages of figures: one HTML file, no script, nothing from the network.
//!
//! A [`Page`] has [`Section`]s; a section has text, verdicts, [`Table`]s, [`LineChart`]s,
//! [`BarChart`]s and [`MapChart`]s. Charts are SVG within the page. Colours are CSS variables with a light and a dark
//! set, chosen by the reader's system; series differ by marker and dash as well, so that no figure
//! hangs on a colour. Wide tables and long commands scroll within their own frame. The page's
//! content policy forbids scripts and loading anything.
//!
//! Every chart says what it shows, in which unit, and by what command it was made.
//!
//! ```
//! use page::{Axis, LineChart, Page, Section, Series};
//!
//! let chart = LineChart::new("Throughput", "cargo run -p stress -- run --threads 1,2")
//!     .says("More is better.")
//!     .x(Axis::new("threads").steps())
//!     .y(Axis::new("million operations per second"))
//!     .series(Series::new("TaggedWide", [(1.0, 61.2), (2.0, 48.9)]));
//! let html = Page::new("Stress").section(Section::new("Speed").chart(chart)).html();
//! assert!(html.contains("million operations per second"));
//! ```

#[cfg(feature = "browser")]
pub mod browser;
mod chart;
mod section;
mod style;
mod table;
mod verdict;

pub use chart::axis::Axis;
pub use chart::bar::{Bar, BarChart};
pub use chart::line::{LineChart, Series};
pub use chart::map::MapChart;
pub use section::{Chart, Page, Section};
pub use table::{Cell, Table};
pub use verdict::Verdict;

/// The content policy of every page: the browser itself refuses scripts and the network.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
