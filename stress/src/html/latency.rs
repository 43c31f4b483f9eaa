//! Charts of `latency`: times over quantiles.

use page::{Axis, LineChart, Section, Series};

use super::read::{Input, Kind, Latency};
use super::run::distinct;
use super::style::style;

/// The clock's own floor, among the kinds.
const TIMER: &str = "timer";

/// A chart for each kind of call and number of threads.
pub(super) fn latency(input: &Input, rows: &[Latency]) -> Section {
    let mut section = Section::new("Latency of single calls").text(
        "The time that so many of all calls did not exceed. The last point is the maximum; it \
         includes interrupts and whatever else the system did meanwhile, so on a shared machine read \
         orders of magnitude. The clock's own floor is in every figure and drawn dashed.",
    );
    for threads in distinct(rows.iter().map(|row| row.threads)) {
        let own = || rows.iter().filter(move |row| row.threads == threads);
        let kinds = own().flat_map(|row| row.kinds.iter().map(|kind| kind.kind.as_str()));
        for kind in distinct(kinds.filter(|kind| *kind != TIMER)) {
            let mut chart = LineChart::new(format!("{kind}, threads: {threads}"), input.source())
                .says(said(kind))
                .x(Axis::new("calls that took no longer").nines())
                .y(Axis::new("time of one call").log().nanoseconds());
            for row in own() {
                let name = match &*row.checking {
                    "off" => row.strategy.clone(),
                    checking => format!("{}, {checking}", row.strategy),
                };
                let calls = row.kinds.iter().filter(|calls| calls.kind == kind);
                for calls in calls {
                    chart =
                        chart.series(Series::new(&name, points(calls)).style(style(&row.strategy)));
                }
            }
            // All are of one clock; that of the first stands for it.
            let timer = own().flat_map(|row| &row.kinds).find(|calls| calls.kind == TIMER);
            if let Some(timer) = timer {
                chart = chart.series(Series::new("the clock's floor", points(timer)).limit());
            }
            section = section.chart(chart);
        }
    }
    section
}

/// What a kind of call does.
fn said(kind: &str) -> &'static str {
    match kind {
        "hit" => "An allocation from the thread's own array, or a deallocation into it.",
        "refill" => "An allocation that fetched a batch from the shared lists.",
        "carve" => "An allocation for which the pool grew by a batch.",
        "flush" => "A deallocation that gave a batch to the shared lists.",
        _ => "",
    }
}

/// The curve, or the few points of older files. The maximum goes where the last call is.
fn points(calls: &Kind) -> Vec<(f64, f64)> {
    if calls.count == 0 {
        return Vec::new();
    }
    let last = 1.0 - 1.0 / (calls.count as f64 + 1.0);
    if calls.curve.is_empty() {
        let ns = &calls.ns;
        let few = [(0.5, ns.p50), (0.9, ns.p90), (0.99, ns.p99), (0.999, ns.p999), (last, ns.max)];
        return few.into_iter().filter(|point| point.0 <= last).collect();
    }
    calls.curve.iter().map(|point| (point.quantile.min(last), point.ns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_calls_have_few_nines() {
        let kind = |count: u64, curve: &str| -> Kind {
            let json = format!(
                r#"{{"kind": "hit", "count": {count}, "curve": {curve},
                     "ns": {{"p50": 1, "p90": 2, "p99": 3, "p999": 4, "max": 5}}}}"#
            );
            serde_json::from_str(&json).expect("a kind")
        };
        assert_eq!(points(&kind(0, "[]")), []);
        assert_eq!(points(&kind(19, "[]")), [(0.5, 1.0), (0.9, 2.0), (0.95, 5.0)]);
        let curve = r#"[{"quantile": 0.5, "ns": 1}, {"quantile": 1, "ns": 5}]"#;
        assert_eq!(points(&kind(19, curve)), [(0.5, 1.0), (0.95, 5.0)]);
    }
}
