//! `stress replay`: a trace on every subject, one checked round and several timed ones.

use std::path::Path;

use super::done::{Done, interrupted};
use crate::cli::{Exit, ReplayArgs};
use crate::environment::About;
use crate::interrupt;
use crate::meter;
use crate::progress::Progress;
use crate::replay::{Round, Trace, mallocs, round_on_malloc};
use crate::report::{self, ClassRow, FORMAT, Report, Row, ViolationRow};
use crate::strategies::STRATEGIES;
use crate::subject::Refused;

/// A subject's rounds.
struct Rounds {
    name: &'static str,
    checked: Round,
    seconds: Vec<f64>,
}

/// Replays the trace on all subjects. Timed rounds are interleaved, so that whatever else
/// the machine does falls on all of them.
pub(super) fn all(args: &ReplayArgs) -> Done {
    let trace = match Trace::open(&args.file) {
        Ok(trace) => trace,
        Err(error) => {
            return Done::nothing(Exit::Usage, format!("{}: {error}", args.file.display()));
        }
    };
    if trace.records == 0 {
        let why = format!("nothing ran: {} has no records", args.file.display());
        return Done::nothing(Exit::NothingRan, why);
    }
    let subjects = args.subjects();
    let count = subjects.len() * (1 + usize::from(args.rounds));
    let progress = Progress::new(count, None, args.output.interval);
    let rounds = match rounds(args, &trace, &subjects, &progress) {
        Ok(rounds) => rounds,
        Err(refused) => return Done::nothing(Exit::Internal, refused.0),
    };
    drop(progress);
    let scenario = format!("replay:{}", trace_name(&args.file));
    let mut report = Report {
        format: FORMAT,
        command: "replay",
        about: About::this(None),
        seed: None,
        results: Vec::new(),
        classes: Vec::new(),
        violations: Vec::new(),
        hang: None,
    };
    for subject in &rounds {
        report.results.push(row(args, &trace, &scenario, subject));
        let books = &subject.checked.classes;
        report
            .classes
            .extend(books.iter().filter_map(|class| ClassRow::new(subject.name, &scenario, class)));
        report.violations.extend(subject.checked.violations.iter().map(|violation| ViolationRow {
            strategy: subject.name.to_owned(),
            scenario: scenario.clone(),
            threads: trace.threads.len(),
            what: violation.to_string(),
            again: args.again(subject.name),
        }));
    }
    let played: usize = rounds.iter().map(|subject| 1 + subject.seconds.len()).sum();
    let trouble = (played < count).then(|| interrupted(count - played));
    Done { report: Some(Box::new(report)), trouble }
}

/// The checked round of each subject, then the timed ones, until all are played or nobody wants
/// them any more. A round is always played to its end.
fn rounds(
    args: &ReplayArgs,
    trace: &Trace,
    subjects: &[&'static str],
    progress: &Progress,
) -> Result<Vec<Rounds>, Refused> {
    let mut all = Vec::new();
    for name in subjects {
        if interrupt::requested() {
            return Ok(all);
        }
        progress.begin(&format!("{name}, checked"));
        let checked = round(args, trace, name, true)?;
        let found = checked.violations.len();
        progress.end(&format!("{name}: checked, {}", report::verdict(found)), found);
        all.push(Rounds { name, checked, seconds: Vec::new() });
    }
    for number in 1..=args.rounds {
        for subject in &mut all {
            if interrupt::requested() {
                return Ok(all);
            }
            progress.begin(&format!("{}, round {number}", subject.name));
            let timed = round(args, trace, subject.name, false)?;
            let seconds = timed.elapsed.as_secs_f64();
            let line = format!("{}: round {number}, {seconds:.3} s", subject.name);
            progress.end(&line, timed.violations.len());
            subject.seconds.push(seconds);
            // The books are looked at in timed rounds too.
            subject.checked.violations.extend(timed.violations);
        }
    }
    Ok(all)
}

fn round(args: &ReplayArgs, trace: &Trace, name: &str, checked: bool) -> Result<Round, Refused> {
    let played = match STRATEGIES.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.replay)(trace, args.batch, checked),
        None => {
            let malloc = mallocs().find(|malloc| malloc.name == name);
            let malloc = malloc.ok_or_else(|| Refused(format!("there is no {name}")))?;
            round_on_malloc(trace, &malloc, checked)
        }
    }?;
    meter::add(trace.records);
    Ok(played)
}

/// The line of the report for one subject.
fn row(args: &ReplayArgs, trace: &Trace, scenario: &str, subject: &Rounds) -> Row {
    let checked = &subject.checked;
    let seconds = median(&subject.seconds);
    let on_pools = checked.mechanism;
    let sum = |part: fn(&ClassRow) -> usize| {
        let rows = checked.classes.iter().filter_map(|class| ClassRow::new("", "", class));
        on_pools.map(|_| rows.map(|row| part(&row)).sum())
    };
    Row {
        strategy: subject.name.to_owned(),
        mechanism: on_pools.map(|mechanism| mechanism.strategy),
        lock_free: on_pools.map(|mechanism| mechanism.lock_free),
        tag_bits: on_pools.map(|mechanism| mechanism.tag_bits),
        scenario: scenario.to_owned(),
        checking: None,
        pinned: None,
        max_carved_blocks: None,
        refusals: None,
        shares: None,
        fairness: None,
        threads: trace.threads.len(),
        block_bytes: None,
        batch_blocks: args.batch,
        most_batch_blocks: args.batch,
        ops: trace.records,
        seconds,
        ns_per_op: seconds * 1e9 / trace.records.max(1) as f64,
        checked_while_timed: false,
        carved_blocks: sum(|row| row.carved_blocks),
        peak_live_blocks: sum(|row| row.peak_live_blocks),
        bound_blocks: sum(|row| row.bound_blocks),
        exchanges: checked
            .classes
            .iter()
            .map(|class| class.exchanges)
            .sum::<Option<u64>>()
            .filter(|_| on_pools.is_some()),
        stall: None,
        peak_limbo_magazines: None,
        limbo_limit: None,
        overflows: None,
        cas_failures: checked.cas_failures,
        magazines: None,
        most_magazines: None,
        memory: Vec::new(),
        again: args.again(subject.name),
        violations: checked.violations.len(),
        verdict: report::verdict(checked.violations.len()),
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.is_empty() {
        0.0
    } else if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// The name that a trace goes by in reports.
fn trace_name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    file.trim_end_matches(".zst").trim_end_matches(".stpt").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0]).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median(&[]).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_trace_goes_by_its_name() {
        assert_eq!(trace_name(Path::new("a/b.stpt.zst")), "b");
        assert_eq!(trace_name(Path::new("b")), "b");
    }
}
