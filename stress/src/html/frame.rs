//! What is around the charts: verdicts, results in figures, where they come from.

use page::{Cell, Section, Table, Verdict};

use super::read::{Input, Latency, Results, Run};
use crate::report::NOTHING_DONE;

/// On top: whether it kept its word.
pub(super) fn verdicts(inputs: &[Input]) -> Section {
    inputs.iter().fold(Section::new("Verdicts"), verdict)
}

fn verdict(mut section: Section, input: &Input) -> Section {
    let runs: Vec<(&str, usize)> = match &input.results {
        Results::Run(runs) | Results::Replay(runs, _) => {
            runs.iter().map(|run| (&*run.verdict, run.violations)).collect()
        }
        Results::Latency(rows) => rows.iter().map(|row| (&*row.verdict, row.violations)).collect(),
    };
    let (name, count) = (input.command(), runs.len());
    let good = runs.iter().filter(|(verdict, _)| *verdict == "ok").count();
    let idle = runs.iter().filter(|(verdict, _)| *verdict == NOTHING_DONE).count();
    let found: usize = runs.iter().map(|run| run.1).sum();
    let all = plural(count, "run");
    section = if count == 0 {
        section.verdict(Verdict::Open, format!("{name}: nothing ran"))
    } else if good == count && input.violations.is_empty() {
        section.verdict(Verdict::Good, format!("{name}: {all}, no violation"))
    } else if good + idle == count && input.violations.is_empty() {
        let words = format!("{name}: {all}, no violation, but {idle} did nothing");
        section.verdict(Verdict::Open, words)
    } else {
        let bad = count - good - idle;
        let found = plural(found.max(input.violations.len()), "violation");
        section.verdict(Verdict::Bad, format!("{name}: {all}, {bad} of them bad, {found}"))
    };
    if input.hang.is_some() {
        section = section.verdict(Verdict::Bad, format!("{name}: a run hung, and was the last"));
    }
    if input.about.interrupted {
        let words = format!("{name}: interrupted; what was done until then is shown");
        section = section.verdict(Verdict::Open, words);
    }
    for violation in input.violations.iter().chain(&input.hang) {
        section = section
            .text(format!(
                "{} {}, threads: {}: {}",
                violation.strategy, violation.scenario, violation.threads, violation.what
            ))
            .code(&violation.again);
    }
    section
}

/// All figures of a file, and the command for each of them.
pub(super) fn results(input: &Input) -> Section {
    let section = Section::new(format!("Figures of stress {}", input.command()));
    let (figures, commands) = match &input.results {
        Results::Run(runs) | Results::Replay(runs, _) => (
            run_table(runs),
            runs.iter()
                .map(|run| {
                    format!("# {} {} x{}\n{}", run.subject(), run.scenario, run.threads, run.again)
                })
                .collect::<Vec<_>>(),
        ),
        Results::Latency(rows) => (
            latency_table(rows),
            rows.iter()
                .map(|row| {
                    format!("# {} {} x{}\n{}", row.strategy, row.checking, row.threads, row.again)
                })
                .collect(),
        ),
    };
    section.table(figures).folded(
        Section::new("The command for each line")
            .text("The seed fixes all random choices; the interleaving remains the machine's.")
            .code(commands.join("\n")),
    )
}

fn run_table(runs: &[Run]) -> Table {
    let header = [
        "strategy",
        "scenario",
        "threads",
        "operations",
        "ns per op",
        "carved",
        "peak live",
        "bound",
        "CAS failures",
        "overflows",
        "stall",
        "verdict",
    ];
    let known =
        |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    runs.iter().fold(Table::new(header), |table, run| {
        table.row([
            Cell::text(run.subject()),
            Cell::text(&run.scenario),
            Cell::number(run.threads),
            Cell::number(run.ops),
            Cell::number(format!("{:.1}", run.ns_per_op)),
            Cell::number(known(run.carved_blocks)),
            Cell::number(known(run.peak_live_blocks)),
            Cell::number(known(run.bound_blocks)),
            Cell::number(known(run.cas_failures)),
            Cell::number(known(run.overflows)),
            Cell::text(run.stall.as_deref().unwrap_or("-")),
            judged(&run.verdict),
        ])
    })
}

fn latency_table(rows: &[Latency]) -> Table {
    let header = [
        "strategy",
        "checking",
        "threads",
        "call",
        "count",
        "p50, ns",
        "p90, ns",
        "p99, ns",
        "p99.9, ns",
        "max, ns",
        "verdict",
    ];
    let lines = rows.iter().flat_map(|row| row.kinds.iter().map(move |kind| (row, kind)));
    lines.fold(Table::new(header), |table, (row, kind)| {
        let ns = |value: f64| Cell::number(format!("{value:.0}"));
        table.row([
            Cell::text(&row.strategy),
            Cell::text(&row.checking),
            Cell::number(row.threads),
            Cell::text(&kind.kind),
            Cell::number(kind.count),
            ns(kind.ns.p50),
            ns(kind.ns.p90),
            ns(kind.ns.p99),
            ns(kind.ns.p999),
            ns(kind.ns.max),
            judged(&row.verdict),
        ])
    })
}

fn judged(verdict: &str) -> Cell {
    let sign = match verdict {
        "ok" => Verdict::Good,
        NOTHING_DONE => Verdict::Open,
        _ => Verdict::Bad,
    };
    Cell::verdict(sign, verdict)
}

/// Where each file comes from.
pub(super) fn environment(inputs: &[Input]) -> Section {
    inputs.iter().fold(Section::new("Where this comes from"), |section, input| {
        let table = origin(input).into_iter().fold(Table::new(["", ""]), |table, (name, value)| {
            let value = if value.is_empty() { "none".to_owned() } else { value };
            table.row([Cell::text(name), Cell::text(value)])
        });
        section.code(input.source()).table(table)
    })
}

/// What is known of a file, the machine and the binary, name by name.
fn origin(input: &Input) -> Vec<(&'static str, String)> {
    let about = &input.about;
    let mut lines = vec![("file", input.path.display().to_string())];
    lines.extend(about.seed.map(|seed| ("seed", seed.to_string())));
    let clock = |rate| ("clock", format!("{rate:.3} reference cycles per nanosecond"));
    lines.extend(about.cycles_per_ns.map(clock));
    let Some(here) = &about.environment else {
        lines.push(("machine", "not known: an older file".to_owned()));
        return lines;
    };
    let cmpxchg16b = match here.cmpxchg16b {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not an x86-64",
    };
    lines.extend([
        ("CPU", here.cpu.clone()),
        ("cores", here.cores.to_string()),
        ("cmpxchg16b", cmpxchg16b.to_owned()),
        ("system", here.os.clone()),
        ("target", here.target.to_string()),
        ("compiler", here.rustc.to_string()),
        ("commit", here.commit.to_string()),
        ("optimisation level", here.opt_level.to_string()),
        ("RUSTFLAGS", here.flags.to_string()),
    ]);
    lines
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
