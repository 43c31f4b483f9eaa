//! The frame: a page and its sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::POLICY;
use crate::chart::bar::BarChart;
use crate::chart::line::LineChart;
use crate::chart::map::MapChart;
use crate::style::STYLE;
use crate::table::Table;
use crate::verdict::Verdict;

/// One HTML file.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    subtitle: String,
    sections: Vec<Section>,
}

impl Page {
    /// A page without sections.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), subtitle: String::new(), sections: Vec::new() }
    }

    /// A line below the title.
    #[must_use]
    pub fn subtitle(mut self, text: impl Into<String>) -> Self {
        self.subtitle = text.into();
        self
    }

    /// Adds a section at the end.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The file's content.
    pub fn html(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if !self.subtitle.is_empty() { p { (self.subtitle) } }
                    }
                    @if self.sections.len() > 2 {
                        nav aria-label="Sections" { @for (number, section) in self.sections.iter().enumerate() {
                            a href=(format!("#part-{number}")) { (section.title) }
                        } }
                    }
                    main { @for (number, section) in self.sections.iter().enumerate() {
                        section id=(format!("part-{number}")) { (section.markup()) }
                    } }
                }
            }
        }
        .into_string()
    }
}

/// A part of a page, under its own heading.
#[derive(Clone, Debug)]
pub struct Section {
    title: String,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
enum Block {
    Text(String),
    Code(String),
    Verdict(Verdict, String),
    Table(Table),
    Charts(Vec<Chart>),
    Folded(String, Vec<Block>),
}

/// One of the charts.
#[derive(Clone, Debug)]
pub enum Chart {
    /// Lines over an axis.
    Lines(LineChart),
    /// A bar for each of several names.
    Bars(BarChart),
    /// Shares on a grid.
    Map(MapChart),
}

impl From<LineChart> for Chart {
    fn from(chart: LineChart) -> Self {
        Self::Lines(chart)
    }
}

impl From<BarChart> for Chart {
    fn from(chart: BarChart) -> Self {
        Self::Bars(chart)
    }
}

impl From<MapChart> for Chart {
    fn from(chart: MapChart) -> Self {
        Self::Map(chart)
    }
}

impl Section {
    /// A section with nothing below its heading.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Text(text.into()));
        self
    }

    /// Adds a command, or other text that keeps its line ends.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Code(text.into()));
        self
    }

    /// Adds a line that says how something ended.
    #[must_use]
    pub fn verdict(mut self, verdict: Verdict, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Verdict(verdict, text.into()));
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        self.blocks.push(Block::Table(table));
        self
    }

    /// Adds a chart. Charts that follow one another stand side by side where there is room.
    #[must_use]
    pub fn chart(mut self, chart: impl Into<Chart>) -> Self {
        let chart = chart.into();
        match self.blocks.last_mut() {
            Some(Block::Charts(charts)) => charts.push(chart),
            _ => self.blocks.push(Block::Charts(vec![chart])),
        }
        self
    }

    /// Adds what `inner` holds, folded away below its title until the reader asks for it.
    #[must_use]
    pub fn folded(mut self, inner: Self) -> Self {
        self.blocks.push(Block::Folded(inner.title, inner.blocks));
        self
    }

    fn markup(&self) -> Markup {
        html! {
            h2 { (self.title) }
            @for block in &self.blocks { (block.markup()) }
        }
    }
}

impl Block {
    fn markup(&self) -> Markup {
        match self {
            Self::Text(text) => html! { p { (text) } },
            Self::Code(text) => html! { pre tabindex="0" { (text) } },
            Self::Verdict(verdict, text) => html! {
                p class=(format!("verdict {}", verdict.class())) {
                    span class="sign" aria-hidden="true" { (verdict.sign()) } " " (text)
                }
            },
            Self::Table(table) => table.markup(),
            Self::Charts(charts) => html! {
                div class="charts" { @for chart in charts {
                    @match chart {
                        Chart::Lines(chart) => (chart.markup()),
                        Chart::Bars(chart) => (chart.markup()),
                        Chart::Map(chart) => (chart.markup()),
                    }
                } }
            },
            Self::Folded(title, blocks) => html! {
                details { summary { (title) } @for block in blocks { (block.markup()) } }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Series};

    #[test]
    fn whatever_a_text_holds_stays_text() {
        let evil = "<script>alert(1)</script> & \"quotes\"";
        let html = Page::new(evil)
            .subtitle(evil)
            .section(
                Section::new(evil)
                    .text(evil)
                    .code(evil)
                    .verdict(Verdict::Bad, evil)
                    .table(Table::new([evil]).row([Cell::code(evil)]))
                    .chart(
                        LineChart::new(evil, evil)
                            .says(evil)
                            .series(Series::new(evil, [(1.0, 1.0)])),
                    )
                    .folded(Section::new(evil).text(evil)),
            )
            .html();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.matches("&lt;script&gt;").count() >= 11, "{html}");
    }

    #[test]
    fn nothing_is_loaded() {
        let html = Page::new("page").section(Section::new("part").text("text")).html();
        for word in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains(&POLICY.replace('\'', "&#39;")) || html.contains(POLICY));
    }
}
