//! Tables.

use maud::{Markup, html};

use crate::verdict::Verdict;

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    class: &'static str,
}

impl Cell {
    /// Words, set to the left.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "" }
    }

    /// A number, set to the right.
    pub fn number(value: impl ToString) -> Self {
        Self { text: value.to_string(), class: "number" }
    }

    /// A command or a name from the code.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "code" }
    }

    /// A word in the colour of a verdict.
    pub fn verdict(verdict: Verdict, text: impl Into<String>) -> Self {
        Self { text: text.into(), class: verdict.class() }
    }
}

/// A table; where it is too wide it scrolls within its own frame, or stacks.
#[derive(Clone, Debug)]
pub struct Table {
    stacks: bool,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new<H: Into<String>>(header: impl IntoIterator<Item = H>) -> Self {
        Self {
            stacks: false,
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// On a narrow screen each row stands by itself: its first word as a heading, below it what
    /// the columns are called, and the values.
    #[must_use]
    pub fn stacks(mut self) -> Self {
        self.stacks = true;
        self
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        self.rows.push(cells.into_iter().collect());
        self
    }

    pub(crate) fn markup(&self) -> Markup {
        // A column is set like its first cell.
        let class = |column: usize| {
            self.rows.first().and_then(|row| row.get(column)).map_or("", |c| c.class)
        };
        html! {
            div class="scroll" tabindex="0" { table.stacks[self.stacks] {
                thead { tr {
                    @for (column, name) in self.header.iter().enumerate() {
                        th class=(if class(column) == "number" { "number" } else { "" }) { (name) }
                    }
                } }
                tbody { @for row in &self.rows { tr {
                    @for (column, cell) in row.iter().enumerate() {
                        @let name = self.header.get(column).filter(|_| self.stacks);
                        td class=(cell.class) data-column=[name] { (cell.text) }
                    }
                } } }
            } }
        }
    }
}
