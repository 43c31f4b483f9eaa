//! Charts of memory over the time of a run, against the bound.

use page::{Axis, LineChart, Section, Series};

use super::read::{Input, Run};
use super::run::distinct;
use super::style::style;

/// For each scenario, with the most threads that it had; then run by run.
pub(super) fn memory(input: &Input, runs: &[Run]) -> Section {
    let mut section = Section::new("Memory over time").text(
        "Carved blocks as a share of the bound, L + 3TG + G, for the most blocks L that the run had \
         live at once; T is the number of handles and B the batch. No line may cross 100 percent. \
         Blocks are carved when there are none to be had and never given back, so lines only rise. \
         Each run is drawn with the most threads that its scenario had.",
    );
    let sampled: Vec<&Run> = runs.iter().filter(|run| !run.memory.is_empty()).collect();
    if sampled.is_empty() {
        return section.text("These results are from before memory was looked at over time.");
    }
    for scenario in distinct(sampled.iter().map(|run| run.scenario.clone())) {
        let of_scenario = || sampled.iter().filter(|run| run.scenario == scenario);
        let threads = of_scenario().map(|run| run.threads).max().unwrap_or(0);
        let own = || of_scenario().filter(|run| run.threads == threads);
        let longest = own().filter_map(|run| run.memory.last()).map(|last| last.seconds);
        let end = longest.fold(0.0, f64::max);
        let mut chart = LineChart::new(format!("{scenario}, threads: {threads}"), input.source())
            .x(Axis::new("seconds since the run began"))
            .y(Axis::new("carved blocks, percent of the bound"));
        for run in own() {
            let share = |carved: usize| {
                let bound = run.bound_blocks.filter(|bound| *bound > 0)?;
                Some(carved as f64 / bound as f64 * 100.0)
            };
            let points = run
                .memory
                .iter()
                .filter_map(|sample| Some((sample.seconds, share(sample.carved_blocks)?)));
            chart = chart.series(Series::new(run.subject(), points).style(style(&run.strategy)));
        }
        let limit = Series::new("the bound", [(0.0, 100.0), (end, 100.0)]).limit();
        section = section.chart(chart.series(limit));
    }
    section.folded(run_by_run(&sampled))
}

/// In blocks, with the live ones where they are counted together.
fn run_by_run(runs: &[&Run]) -> Section {
    let mut section = Section::new("Run by run, in blocks").text(
        "Live blocks are shown where all threads share one count. In scenarios where blocks stay \
         with their thread each counts its own, and only the peak of the sum is known.",
    );
    for run in runs {
        let title = format!("{}, {}, threads: {}", run.subject(), run.scenario, run.threads);
        let mut chart = LineChart::new(title, &run.again)
            .x(Axis::new("seconds since the run began"))
            .y(Axis::new("blocks"));
        let over_time = |name: &str,
                         style: usize,
                         of: fn(&crate::memory::Sample) -> Option<usize>| {
            let points =
                run.memory.iter().filter_map(|sample| Some((sample.seconds, of(sample)? as f64)));
            let points: Vec<_> = points.collect();
            (!points.is_empty()).then(|| Series::new(name, points).style(style))
        };
        let carved = over_time("carved", 0, |sample| Some(sample.carved_blocks));
        let live = over_time("live", 1, |sample| sample.live_blocks);
        for series in [carved, live].into_iter().flatten() {
            chart = chart.series(series);
        }
        if let (Some(bound), Some(last)) = (run.bound_blocks, run.memory.last()) {
            let bound = bound as f64;
            let limit = Series::new("the bound", [(0.0, bound), (last.seconds, bound)]).limit();
            chart = chart.series(limit);
        }
        section = section.chart(chart);
    }
    section
}
