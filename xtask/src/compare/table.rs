//! The comparison as tables: a row per strategy; then what one would use instead.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::data::{Checks, Comparison, Memory, Strategy, Times, measures, time_in_words};
use super::{facts, stalled};

/// All tables, each below its title.
pub(super) fn tables(comparison: &Comparison) -> String {
    let text = |(title, table): (&str, Table)| format!("{title}\n{table}\n");
    sections(comparison).map(text).join("\n")
}

/// The tables with their titles.
pub(super) fn sections(comparison: &Comparison) -> [(&'static str, Table); 4] {
    [
        ("progress, memory, wrap time", progress(comparison)),
        ("model checks (rows that passed) and stress", checks(comparison)),
        ("beside a thread that sleeps in the middle of an exchange", asleep(comparison)),
        ("ns per operation; smaller is better", costs(comparison)),
    ]
}

fn progress(comparison: &Comparison) -> Table {
    let titles =
        ["strategy", "push", "removal", "growth", "a sleeper stops", "blocks", "tag wraps after"];
    let mut table = new(&titles);
    for one in &comparison.strategies {
        let [push, removal, growth] = one.progress.clone();
        let stops = if one.stops_all { "everybody" } else { "nobody" };
        let wrap = one.wrap_seconds.map_or("no tag".into(), time_in_words);
        let name = match one.mechanism == one.name {
            true => one.name.clone(),
            false => format!("{}, here {}", one.name, one.mechanism),
        };
        let cells = [name, push, removal, growth, stops.into(), facts::BOUND.into(), wrap];
        table.add_row(cells);
    }
    table
}

fn checks(comparison: &Comparison) -> Table {
    let titles = [
        "strategy",
        "run now",
        "ledger: loom exhaustive",
        "loom bounded",
        "shuttle exhaustive",
        "shuttle sampled",
        "stress",
    ];
    let mut table = new(&titles);
    for one in &comparison.strategies {
        let stress = match one.stress.violations {
            0 => format!("{} ok", one.stress.run),
            violations => format!("{violations} VIOLATIONS"),
        };
        table.add_row(evidence(one.name.clone(), &one.checks, stress));
        for (name, checks) in &one.models {
            // Its rows are about a specification, and about nothing that ships.
            table.add_row(evidence(format!("  its model {name}"), checks, "-".into()));
        }
    }
    table
}

fn evidence(title: String, checks: &Checks, stress: String) -> Vec<Cell> {
    let now = match (checks.broken.len(), checks.run - checks.exhaustive) {
        (0, 0) => format!("{} exhaustive", checks.run),
        (0, bounded) if bounded == checks.run => format!("{bounded} bounded"),
        (0, bounded) => format!("{} exhaustive, {bounded} bounded", checks.exhaustive),
        (broken, _) => format!("{broken} of {} BROKEN", checks.run),
    };
    let mut cells = vec![Cell::new(title), right(now)];
    match checks.ledger {
        Some(counts) => {
            let parts = [counts.exhaustive, counts.bounded, counts.searched, counts.sampled];
            cells.extend(parts.map(right));
            if counts.not_ok > 0 {
                cells.push(right(format!("{stress}; {} NOT OK", counts.not_ok)));
                return cells;
            }
        }
        None => cells.extend(["-"; 4].map(right)),
    }
    cells.push(right(stress));
    cells
}

fn asleep(comparison: &Comparison) -> Table {
    let measures = stalled::BATCHES.map(stalled::measure);
    let mut titles = vec!["strategy".to_string()];
    for measure in &measures {
        titles.push(format!("{measure}: ns without"));
        titles.push("throughput left".into());
    }
    titles.extend(["limbo seen / limit", "overflows per 1000 ops", "without"].map(String::from));
    let mut table = new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    for one in &comparison.strategies {
        let star = if one.stops_all { " *" } else { "" };
        let mut cells = vec![Cell::new(format!("{}{star}", one.name))];
        for measure in &measures {
            let without = one.stalled.without_ns.get(measure);
            cells.push(right(without.map_or("-".into(), |time| format!("{time:.1}"))));
            cells.push(right(one.stalled.throughput.get(measure).map_or("-".into(), |ratio| {
                format!("x {:.2} ({:.2} .. {:.2})", ratio.median, ratio.min, ratio.max)
            })));
        }
        cells.extend(limbo_and_overflows(one).map(right));
        table.add_row(cells);
    }
    table
}

/// Limbo seen and limit; overflows per thousand operations beside a sleeper, and without.
pub(super) fn limbo_and_overflows(one: &Strategy) -> [String; 3] {
    let stalled = &one.stalled;
    let limbo = match (stalled.peak_limbo_magazines, stalled.limbo_limit) {
        (_, 0) => "none".into(),
        (seen, limit) => format!("{seen} / {limit}"),
    };
    let beside = per_thousand(stalled.overflows, stalled.operations);
    [limbo, beside, per_thousand(stalled.overflows_without, stalled.operations_without)]
}

/// Overflows of a thousand operations.
fn per_thousand(overflows: u64, operations: u64) -> String {
    if overflows == 0 {
        return "0".into();
    }
    format!("{:.2}", 1e3 * overflows as f64 / operations.max(1) as f64)
}

fn costs(comparison: &Comparison) -> Table {
    let mut all: Vec<String> = measures::BENCHES.map(String::from).into();
    let traces: Vec<&String> =
        comparison.strategies.first().into_iter().flat_map(|one| one.memory.keys()).collect();
    all.extend(traces.iter().map(|trace| measures::replay(trace)));
    let memory = traces.iter().map(|trace| format!("{trace}: carved / peak live"));
    let titles: Vec<String> =
        ["strategy".into()].into_iter().chain(all.iter().cloned()).chain(memory).collect();
    let mut table = new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    for Strategy { name, times, memory, .. } in &comparison.strategies {
        table.add_row(cost(name, times, &all).chain(blocks(memory, &traces)));
    }
    table.add_row(["others:"]);
    for (name, times) in &comparison.others {
        table.add_row(cost(&format!("  {name}"), times, &all));
    }
    table
}

fn cost(name: &str, times: &Times, measures: &[String]) -> impl Iterator<Item = Cell> {
    let number = |measure| times.get(measure).map_or("-".into(), |time| format!("{time:.2}"));
    let cells: Vec<Cell> = measures.iter().map(|measure| right(number(measure))).collect();
    [Cell::new(name)].into_iter().chain(cells)
}

fn blocks(memory: &BTreeMap<String, Memory>, traces: &[&String]) -> Vec<Cell> {
    let of = |trace: &&String| memory.get(*trace);
    let words = |one: &Memory| format!("{} / {}", one.carved_blocks, one.peak_live_blocks);
    traces.iter().map(|trace| right(of(trace).map_or("-".into(), words))).collect()
}

fn new(titles: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let words = titles.iter().enumerate();
    table.set_header(words.map(|(n, title)| if n == 0 { Cell::new(title) } else { right(title) }));
    table
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
