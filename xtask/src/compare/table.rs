//! The comparison as a table: a column per strategy, then what one would use instead.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::data::{Comparison, Strategy, measures, time_in_words};

/// Of the others these have a column of their own; the rest are peers of one workload each and
/// share one.
const FLOOR: &str = "harness alone";
const SYSTEM: &str = "system malloc";

/// The table.
pub(super) fn table(comparison: &Comparison) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let names = comparison.strategies.iter().map(|one| &*one.name);
    table.set_header([""].into_iter().chain(names).chain(["peer", SYSTEM, FLOOR]).map(right));

    let mut facts = |title: &str, fact: &dyn Fn(&Strategy) -> String| {
        let facts = comparison.strategies.iter().map(|one| right(fact(one)));
        table.add_row([Cell::new(title)].into_iter().chain(facts));
    };
    facts("model checks", &|one| match one.checks.broken.len() {
        0 if one.checks.exhaustive == one.checks.run => format!("{} exhaustive", one.checks.run),
        0 => format!("{} ok", one.checks.run),
        broken => format!("{broken} of {} BROKEN", one.checks.run),
    });
    facts("stress runs", &|one| match one.stress.violations {
        0 => format!("{} ok", one.stress.run),
        violations => format!("{violations} VIOLATIONS"),
    });
    facts("lock-free here", &|one| match one.mechanism == one.name {
        true => (if one.lock_free { "yes" } else { "no" }).into(),
        false => format!("is {}", one.mechanism),
    });
    facts("tag wraps after", &|one| one.wrap_seconds.map_or("no tag".into(), time_in_words));
    facts("ns per operation:", &|_| String::new());

    let traces: Vec<&String> =
        comparison.strategies.first().into_iter().flat_map(|one| one.memory.keys()).collect();
    let benches = measures::BENCHES.map(String::from);
    for measure in benches.into_iter().chain(traces.iter().map(|trace| measures::replay(trace))) {
        table.add_row(times(comparison, &measure));
    }
    table.add_row(["blocks carved / peak live:"]);
    for trace in traces {
        let memory = comparison.strategies.iter().map(|one| {
            right(one.memory.get(trace).map_or("-".into(), |memory| {
                format!("{} / {}", memory.carved_blocks, memory.peak_live_blocks)
            }))
        });
        table.add_row([Cell::new(measures::replay(trace))].into_iter().chain(memory));
    }
    table
}

fn times(comparison: &Comparison, measure: &str) -> Vec<Cell> {
    let number = |time: &f64| format!("{time:.2}");
    let of = |name: &str| comparison.others.get(name).and_then(|times| times.get(measure));
    let peer = comparison.others.iter().find_map(|(name, times)| {
        let time = times.get(measure).filter(|_| name != FLOOR && name != SYSTEM)?;
        // The last word is enough: `ArrayQueue`, `stack`.
        Some(format!("{} {time:.2}", name.rsplit(' ').next()?))
    });
    let strategies = comparison.strategies.iter().map(|one| one.times.get(measure).map(number));
    let others = [peer, of(SYSTEM).map(number), of(FLOOR).map(number)];
    let numbers = strategies.chain(others).map(|number| right(number.unwrap_or("-".into())));
    [Cell::new(measure)].into_iter().chain(numbers).collect()
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
