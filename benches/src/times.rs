//! What contenders took, as a table.

use comfy_table::{Table, presets};

use crate::rounds::Contender;
use crate::statistics::Summary;

/// A line for each: the median, the quartiles, and the rounds that counted though they were disturbed.
pub fn table(all: &[Contender]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["allocator", "median ns", "quartiles", "disturbed rounds"]);
    for contender in all {
        let Summary { lower_quartile_ns, median_ns, upper_quartile_ns, .. } = contender.summary();
        table.add_row([
            contender.title.to_string(),
            format!("{median_ns:.2}"),
            format!("{lower_quartile_ns:.2} to {upper_quartile_ns:.2}"),
            contender.disturbed().to_string(),
        ]);
    }
    table
}
