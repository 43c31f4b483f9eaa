//! Tables on the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table without rows and lines around them; the columns with these numbers hold numbers.
pub(crate) fn table<'h>(
    header: impl IntoIterator<Item = &'h str>,
    numeric: impl IntoIterator<Item = usize>,
) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    for number in numeric {
        let column = table.column_mut(number).expect("a column of the header");
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
