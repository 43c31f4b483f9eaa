//! The comparison as tables, none wider than a terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::data::{Checks, Comparison, Strategy, Times, measures, time_in_words};
use super::{facts, stalled};

/// A table below its title.
pub(super) type Titled = (&'static str, Table);

/// All tables.
pub(super) fn sections(comparison: &Comparison) -> Vec<Titled> {
    let ledger = ledger(comparison);
    let others = [progress, stress, costs, asleep, replays].map(|table| table(comparison));
    [checks(comparison)].into_iter().chain(ledger).chain(others).collect()
}

/// What the model checks of this run said.
pub(super) fn checks(comparison: &Comparison) -> Titled {
    let mut table = new(&["strategy", "exhaustive", "bounded", "broken", "left to --full"]);
    of_checks(&mut table, comparison, |checks| {
        let broken = checks.broken.len();
        let bounded = checks.run.saturating_sub(checks.exhaustive + broken);
        let word = if broken == 0 { "0".into() } else { format!("{broken} BROKEN") };
        vec![right(checks.exhaustive), right(bounded), right(word), right(checks.left)]
    });
    ("model checks under loom that passed", table)
}

/// What the last run of all checks said, where there was one.
pub(super) fn ledger(comparison: &Comparison) -> Option<Titled> {
    let titles =
        ["strategy", "loom exhaustive", "bounded", "shuttle exhaustive", "sampled", "not ok"];
    let mut table = new(&titles);
    let mut is_there = false;
    of_checks(&mut table, comparison, |checks| match checks.ledger {
        Some(of) => {
            is_there = true;
            [of.exhaustive, of.bounded, of.searched, of.sampled, of.not_ok].map(right).into()
        }
        None => ["-"; 5].map(right).into(),
    });
    is_there.then_some(("the last run of all checks", table))
}

/// A row for each strategy, and for each of its models.
fn of_checks(
    table: &mut Table,
    comparison: &Comparison,
    mut cells: impl FnMut(&Checks) -> Vec<Cell>,
) {
    for one in &comparison.strategies {
        table.add_row([Cell::new(&one.name)].into_iter().chain(cells(&one.checks)));
        for (name, checks) in &one.models {
            // Its rows are about a specification, and about nothing that ships.
            let title = Cell::new(format!("  its model {name}"));
            table.add_row([title].into_iter().chain(cells(checks)));
        }
    }
}

/// What is promised, and what this machine has of it: a column for each strategy.
pub(super) fn progress(comparison: &Comparison) -> Titled {
    let mut table = new(&heads(comparison, |one| one.name.clone()));
    let parts = ["push", "removal", "growth"];
    for (nth, part) in parts.into_iter().enumerate() {
        row(&mut table, part, comparison, |one| one.progress[nth].clone());
    }
    row(&mut table, "a sleeper stops", comparison, |one| {
        if one.stops_all { "everybody" } else { "nobody" }.into()
    });
    row(&mut table, "blocks", comparison, |_| facts::BOUND.into());
    row(&mut table, "tag wraps after", comparison, |one| {
        one.wrap_seconds.map_or("no tag".into(), time_in_words)
    });
    if comparison.strategies.iter().any(|one| one.mechanism != one.name) {
        row(&mut table, "here it is", comparison, |one| one.mechanism.clone());
    }
    ("progress, memory, wrap time", table)
}

/// What stress found so far.
pub(super) fn stress(comparison: &Comparison) -> Titled {
    let mut table = new(&["strategy", "runs", "million operations", "violations"]);
    for Strategy { name, stress, .. } in &comparison.strategies {
        let violations = match stress.violations {
            0 => "0".into(),
            violations => format!("{violations} VIOLATIONS"),
        };
        let operations = format!("{:.1}", stress.operations as f64 / 1e6);
        let cells = [right(stress.run), right(operations), right(violations)];
        table.add_row([Cell::new(name)].into_iter().chain(cells));
    }
    ("stress with real threads, under oracles", table)
}

/// What the benches took.
pub(super) fn costs(comparison: &Comparison) -> Titled {
    let measures = measures::BENCHES.map(String::from);
    let table = with_others(comparison, &measures, &[]);
    ("ns per operation; smaller is better", table)
}

/// What the replays took.
pub(super) fn replays(comparison: &Comparison) -> Titled {
    let traces: Vec<&str> = comparison
        .strategies
        .first()
        .into_iter()
        .flat_map(|one| one.memory.keys().map(String::as_str))
        .collect();
    let measures: Vec<String> = traces.iter().map(|trace| measures::replay(trace)).collect();
    let table = with_others(comparison, &measures, &traces);
    ("replays of recorded programs: ns per operation, and blocks", table)
}

/// A row for each subject that was measured by one of these; blocks of these traces.
fn with_others(comparison: &Comparison, measures: &[String], traces: &[&str]) -> Table {
    let times = measures.iter().map(|measure| measure.replace(", ", "\n").replace(" of ", "\n"));
    let blocks = traces.iter().map(|trace| format!("{trace}\ncarved / peak live"));
    let titles: Vec<String> = ["strategy".into()].into_iter().chain(times).chain(blocks).collect();
    let mut table = new(&titles);
    for Strategy { name, times, memory, .. } in &comparison.strategies {
        let blocks = traces.iter().map(|trace| match memory.get(*trace) {
            Some(one) => right(format!("{} / {}", one.carved_blocks, one.peak_live_blocks)),
            None => right("-"),
        });
        table.add_row(cost(name, times, measures).chain(blocks));
    }
    let is_measured = |times: &Times| measures.iter().any(|measure| times.contains_key(measure));
    let mut others = comparison.others.iter().filter(|(_, times)| is_measured(times)).peekable();
    if others.peek().is_some() {
        table.add_row(["others:"]);
    }
    for (name, times) in others {
        table.add_row(cost(&format!("  {name}"), times, measures));
    }
    table
}

fn cost(name: &str, times: &Times, measures: &[String]) -> impl Iterator<Item = Cell> {
    let number = |measure| times.get(measure).map_or("-".into(), |time| format!("{time:.2}"));
    let cells: Vec<Cell> = measures.iter().map(|measure| right(number(measure))).collect();
    [Cell::new(name)].into_iter().chain(cells)
}

/// Beside a sleeper: a column for each strategy.
pub(super) fn asleep(comparison: &Comparison) -> Titled {
    let star = |one: &Strategy| if one.stops_all { " *" } else { "" };
    let mut table = new(&heads(comparison, |one| format!("{}{}", one.name, star(one))));
    for measure in stalled::BATCHES.map(stalled::measure) {
        row(&mut table, &format!("{measure}: ns"), comparison, |one| {
            one.stalled.without_ns.get(&measure).map_or("-".into(), |time| format!("{time:.1}"))
        });
        let ratio = |one: &Strategy| one.stalled.throughput.get(&measure).copied();
        row(&mut table, "  throughput left", comparison, |one| {
            ratio(one).map_or("-".into(), |ratio| format!("x {:.2}", ratio.median))
        });
        row(&mut table, "  of all rounds", comparison, |one| {
            ratio(one).map_or("-".into(), |ratio| format!("{:.2}..{:.2}", ratio.min, ratio.max))
        });
    }
    let rest = ["limbo seen / limit", "overflows in 1000", "  without sleeper"];
    for (nth, title) in rest.into_iter().enumerate() {
        row(&mut table, title, comparison, |one| limbo_and_overflows(one)[nth].clone());
    }
    ("beside a thread that sleeps in the middle of an exchange", table)
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

fn heads(comparison: &Comparison, head: impl Fn(&Strategy) -> String) -> Vec<String> {
    [String::new()].into_iter().chain(comparison.strategies.iter().map(head)).collect()
}

fn row(table: &mut Table, title: &str, of: &Comparison, cell: impl Fn(&Strategy) -> String) {
    let cells = of.strategies.iter().map(|one| right(cell(one)));
    table.add_row([Cell::new(title)].into_iter().chain(cells));
}

fn new(titles: &[impl ToString]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let words = titles.iter().enumerate();
    table.set_header(words.map(|(n, title)| {
        let title = title.to_string();
        if n == 0 { Cell::new(title) } else { right(title) }
    }));
    table
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::super::data::{Counts, Memory, Ratio};
    use super::super::{found, text};
    use super::*;

    /// With figures as long as they get.
    fn long() -> Comparison {
        let mut all: Vec<Strategy> = facts::all().iter().map(found::promised).collect();
        let checks = Checks {
            run: 1000,
            exhaustive: 100,
            executions: 1,
            left: 999,
            broken: vec!["x".into(); 99],
            ledger: Some(Counts {
                exhaustive: 999,
                bounded: 999,
                searched: 999,
                sampled: 9,
                not_ok: 9,
            }),
        };
        let replays = ["python-pipeline", "sqlite"];
        let times: Times = measures::BENCHES
            .map(String::from)
            .into_iter()
            .chain(replays.map(measures::replay))
            .map(|measure| (measure, 1234.56))
            .collect();
        for one in &mut all {
            one.checks = checks.clone();
            one.models = [("EpochStalled".into(), checks.clone())].into();
            one.times = times.clone();
            one.stress.violations = 99_999;
            one.mechanism = "TaggedPacked".into();
            let blocks = Memory { carved_blocks: 123_456, peak_live_blocks: 123_456 };
            one.memory = replays.map(|trace| (trace.into(), blocks)).into();
            for measure in stalled::BATCHES.map(stalled::measure) {
                let ratio = Ratio { median: 10.55, min: 10.55, max: 10.55 };
                one.stalled.throughput.insert(measure.clone(), ratio);
                one.stalled.without_ns.insert(measure, 1234.5);
            }
            one.stalled.peak_limbo_magazines = 100;
            one.stalled.limbo_limit = 100;
            (one.stalled.overflows, one.stalled.operations) = (99, 100);
        }
        let others = [("ThreadLocalPool, TaggedWide".to_owned(), times)].into();
        Comparison { others, ..Comparison::of(all) }
    }

    #[test]
    fn every_table_fits_a_terminal() {
        for (title, table) in sections(&long()) {
            for line in text::trimmed(&table.to_string()).lines() {
                assert!(line.chars().count() <= text::WIDTH, "{title}: {line}");
            }
        }
    }

    #[test]
    fn what_is_broken_and_what_was_left_stands_there() {
        let all: String = sections(&long()).iter().map(|(_, table)| table.to_string()).collect();
        for words in ["99 BROKEN", "99999 VIOLATIONS", "999", "123456 / 123456", "EpochStalled"] {
            assert!(all.contains(words), "{words}");
        }
    }
}
