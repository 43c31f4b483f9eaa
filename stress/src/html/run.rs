//! Charts of `run`: over the number of threads, one for each scenario.

use page::{Axis, LineChart, Section, Series};

use super::read::{Input, Run};
use super::style::style;

/// Operations over time.
pub(super) fn throughput(input: &Input, runs: &[Run]) -> Section {
    let checked = if runs.iter().any(|run| run.checked_while_timed) {
        "The checks of each block are in the time: compare the strategies, not with other libraries."
    } else {
        "The checks of single blocks were left out, as far as they can be."
    };
    let section = Section::new("Throughput over threads")
        .text(format!("All threads together; more is better. {checked}"));
    over_threads(section, input, runs, &scenarios(runs), "million operations per second", |run| {
        (run.seconds > 0.0).then(|| run.ops as f64 / run.seconds / 1e6)
    })
}

/// How often a CAS came too late.
pub(super) fn cas_failures(input: &Input, runs: &[Run]) -> Section {
    let section = Section::new("CAS failures over threads").text(
        "How often the CAS of a list's head came too late and was tried again. Most operations \
         reach no list: they are served by the thread's own array. Under Locked there is no CAS.",
    );
    let (some, none): (Vec<_>, Vec<_>) = scenarios(runs).into_iter().partition(|scenario| {
        runs.iter().any(|run| run.scenario == *scenario && run.cas_failures > Some(0))
    });
    let section = match none.as_slice() {
        [] => section,
        names if runs.iter().any(|run| run.cas_failures.is_some()) => {
            section.text(format!("No failure at all in: {}.", names.join(", ")))
        }
        _ => section.text("These results are from before failures were kept."),
    };
    over_threads(section, input, runs, &some, "failures per million operations", |run| {
        let ops = (run.ops > 0).then_some(run.ops as f64)?;
        Some(run.cas_failures? as f64 / ops * 1e6)
    })
}

/// A chart for each scenario, a line for each subject.
fn over_threads(
    mut section: Section,
    input: &Input,
    runs: &[Run],
    scenarios: &[&str],
    unit: &str,
    value: impl Fn(&Run) -> Option<f64>,
) -> Section {
    for scenario in scenarios {
        let mut chart = LineChart::new(*scenario, input.source())
            .x(Axis::new("threads").steps())
            .y(Axis::new(unit));
        let of_scenario = || runs.iter().filter(|run| run.scenario == *scenario);
        for subject in distinct(of_scenario().map(Run::subject)) {
            let own = of_scenario().filter(|run| run.subject() == subject);
            let points = own.clone().filter_map(|run| Some((f64::from(run.threads), value(run)?)));
            let number = own.clone().next().map_or(0, |run| style(&run.strategy));
            chart = chart.series(Series::new(&subject, in_order(points)).style(number));
        }
        section = section.chart(chart);
    }
    section
}

/// The scenarios that there are.
fn scenarios(runs: &[Run]) -> Vec<&str> {
    distinct(runs.iter().map(|run| &*run.scenario))
}

/// From left to right.
fn in_order(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut points: Vec<_> = points.collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// Each value once, in the order in which they come.
pub(super) fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    for value in values {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all
}
