//! Counts as tables on the terminal.

use atomics::{Kind, Row};
use comfy_table::Table;
use stampool::raw::sync::site::SITES;

use crate::common::terminal;

/// What the tables do not say of themselves.
pub(super) const NOTES: &str = "\
Per operation, of one thread alone: nothing is tried again because of another one.
CAS: those that exchanged. lock: one that is taken; the atomics inside are std's.
Not seen, since they are not the facade's: crossbeam-epoch's, in all that EpochDeferred does but its
hits; std's Arc, in detached handles of ThreadLocalPool; std's OnceLock, at a static pool's first use; the lock
of the process that checked pools take when they grow.";

/// Path by pool: how often each kind.
pub(super) fn sums(rows: &[Row]) -> Table {
    let kinds = Kind::ALL.map(|kind| kind.to_string());
    let kinds = kinds.iter().map(String::as_str);
    let header: Vec<&str> = ["path", "pool", "operations"]
        .into_iter()
        .chain(kinds)
        .chain(["all", "all / block"])
        .collect();
    let numeric = 2..header.len();
    let mut table = terminal::table(header, numeric);
    for row in rows {
        let mut cells = vec![row.path.to_string(), row.subject.clone(), row.operations.to_string()];
        cells.extend(Kind::ALL.map(|kind| ratio(row.of(kind), row.operations)));
        cells.push(ratio(row.total(), row.operations));
        cells.push(if row.blocks > 0 { ratio(row.total(), row.blocks) } else { String::new() });
        table.add_row(cells);
    }
    table
}

/// Path by pool by site: how often each kind.
pub(super) fn sites(rows: &[Row]) -> Table {
    let mut table =
        terminal::table(["path", "pool", "site", "ordering", "kind", "per operation"], [5]);
    for row in rows {
        for (site, kinds) in &row.accesses {
            let shipped = SITES.iter().find(|known| known.name == site);
            let ordering = shipped.map_or(String::new(), |known| format!("{:?}", known.shipped));
            for (kind, &count) in kinds {
                table.add_row([
                    row.path.to_string(),
                    row.subject.clone(),
                    site.clone(),
                    ordering.clone(),
                    kind.to_string(),
                    ratio(count, row.operations),
                ]);
            }
        }
    }
    table
}

/// Whole where it is: counts are exact, and mostly the same each time.
fn ratio(count: u64, of: u64) -> String {
    match (count, of) {
        (0, _) => "0".into(),
        (_, 0) => "?".into(),
        _ if count.is_multiple_of(of) => (count / of).to_string(),
        _ => format!("{:.3}", count as f64 / of as f64),
    }
}

#[cfg(test)]
mod tests {
    use atomics::{NO_SITE, Path, Rule};

    use super::*;

    fn rows() -> Vec<Row> {
        let mut row = Row::new(Path::Refill, "pool", Rule::Kept);
        (row.operations, row.blocks) = (2, 128);
        for (kind, site) in [(Kind::Load, "FL-5"), (Kind::Load, NO_SITE), (Kind::Cas, "FL-8")] {
            row.add(kind, site);
        }
        vec![row]
    }

    fn words(table: &Table) -> Vec<String> {
        let text = table.to_string();
        let last = text.lines().last().unwrap_or("");
        last.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn sums_are_per_operation_and_per_block() {
        let wanted =
            ["refill", "pool", "2", "1", "0", "0.500", "0", "0", "0", "0", "1.500", "0.023"];
        assert_eq!(words(&sums(&rows())), wanted);
    }

    #[test]
    fn a_site_is_shown_with_its_ordering() {
        let wanted = ["refill", "pool", "FL-8", "Relaxed", "CAS", "0.500"];
        assert_eq!(words(&sites(&rows())), wanted);
    }
}
