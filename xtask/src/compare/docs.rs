//! The page `choosing`: its facts and its figures are written here, its prose by hand.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::data::{Comparison, Strategy, measures, time_in_words, wrap_seconds};
use super::facts::{self, Facts};
use super::{recommend, stalled, table};
use crate::common::workspace;

/// The page, below the workspace's root.
const PAGE: &str = "src/docs/choosing.md";

/// What every strategy needs beside blocks.
const MAGAZINES: &str =
    "a magazine for each slot and each carved batch; a large one for each slot if batches grow";

/// Begins and ends what is written here.
fn markers(part: &str) -> [String; 2] {
    [format!("<!-- {part}: by cargo xtask compare --docs -->"), format!("<!-- {part} end -->")]
}

/// Writes both parts, and says where.
///
/// # Errors
/// Where the page is not there, or lacks a marker, or the comparison was no full one.
pub(super) fn write(comparison: &Comparison) -> Result<PathBuf> {
    let command = &comparison.made.command;
    ensure!(command.contains("--full"), "`{command}` is too short a run for {PAGE}");
    let path = workspace::root()?.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let page = put(&page, "facts", &of_facts(&facts::all()))?;
    let page = put(&page, "figures", &of_figures(comparison))?;
    fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))?;
    Ok(Path::new(PAGE).into())
}

/// What stands between the markers of `part`.
fn between<'p>(page: &'p str, part: &str) -> Result<[&'p str; 3]> {
    let [begin, end] = markers(part);
    for marker in [&begin, &end] {
        ensure!(page.matches(&**marker).count() == 1, "{PAGE}: `{marker}` must stand there once");
    }
    let (before, rest) = page.split_once(&begin).context("the marker was there")?;
    let (text, after) = rest.split_once(&end).context("the end comes before the beginning")?;
    Ok([before, text, after])
}

fn put(page: &str, part: &str, text: &str) -> Result<String> {
    let [before, _, after] = between(page, part)?;
    let [begin, end] = markers(part);
    Ok(format!("{before}{begin}\n\n{text}\n{end}{after}"))
}

/// A table with a column per strategy: it is read from top to bottom, to strike out what will not
/// do.
fn of_facts(all: &[Facts]) -> String {
    let mut text = row("", all.iter().map(|one| format!("[`{0}`](crate::{0})", one.name)));
    text += &"|---".repeat(all.len() + 1);
    text += "|\n";
    let mut line =
        |title, cell: &dyn Fn(&Facts) -> String| text += &row(title, all.iter().map(cell));
    line("push", &|one| one.push.sentence());
    line("removal", &|one| one.removal.sentence());
    line("growth", &|one| one.growth.sentence());
    line("effect on the others of a thread that sleeps in an exchange", &|one| one.asleep.into());
    line("the tag wraps after", &|one| {
        wrap_seconds(one.tag_bits).map_or("no tag".into(), time_in_words)
    });
    line("blocks carved", &|_| facts::BOUND.into());
    line("beside blocks", &|one| match one.beside {
        "" => MAGAZINES.into(),
        more => format!("{MAGAZINES}; {more}"),
    });
    line("magazines that may wait, for each slot", &|one| one.limbo_magazines.to_string());
    line("needs", &|one| one.needs.into());
    text
}

fn row(title: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
    format!("| {title} |{cells}\n")
}

/// What was measured.
fn of_figures(comparison: &Comparison) -> String {
    let made = &comparison.made;
    let mut text = format!(
        "`{}`, {}, commit {}, {} cores of {}, which other work shared.\n\n",
        made.command.replace("--full", "--docs"),
        made.date,
        made.commit,
        comparison.cores,
        made.processor
    );
    text += &costs(comparison);
    text += "\n";
    text += &asleep(comparison);
    text += "\n";
    for line in &comparison.ran {
        // A star would be taken for emphasis, or for a list in the list.
        text += &format!("- {}\n", line.replace('*', "\\*"));
    }
    text += &format!("\n> {}\n\n", recommend::recommend_without_prices(comparison));
    text += &row("strategy", ["cost", "progress"].map(String::from).into_iter());
    text += "|---|---|---|\n";
    for [name, cost, progress] in recommend::prices(comparison) {
        text += &row(&name, [cost, progress].into_iter());
    }
    if let Some(sentence) = &comparison.without_tag {
        text += &format!("\n> {sentence}\n");
    }
    text
}

/// Times as ratios to the first strategy's.
fn costs(comparison: &Comparison) -> String {
    let Some(first) = comparison.strategies.first() else { return String::new() };
    let traces = first.memory.keys().map(|trace| measures::replay(trace));
    let all: Vec<String> = measures::BENCHES.map(String::from).into_iter().chain(traces).collect();
    let heads = all.iter().map(|measure| match first.times.get(measure) {
        Some(time) => format!("{measure} (1 is {time:.1} ns)"),
        None => measure.clone(),
    });
    let mut text = row(&format!("time over that of {}", first.name), heads);
    text += &"|---".repeat(all.len() + 1);
    text += "|\n";
    for one in &comparison.strategies {
        let cells = all.iter().map(|measure| {
            let base = first.times.get(measure).copied().unwrap_or(f64::NAN);
            let Some(time) = one.times.get(measure) else { return "-".into() };
            match one.quartiles.get(measure) {
                Some([low, high]) => {
                    format!("{:.2} ({:.2} .. {:.2})", time / base, low / base, high / base)
                }
                None => format!("{:.2}", time / base),
            }
        });
        text += &row(&name(one), cells);
    }
    for (other, times) in &comparison.others {
        let cells =
            all.iter().map(|measure| match (times.get(measure), first.times.get(measure)) {
                (Some(time), Some(base)) => format!("{:.2}", time / base),
                _ => "-".into(),
            });
        text += &row(&format!("other: {other}"), cells);
    }
    text
}

/// Beside a sleeper, and without, where that is what the other is in relation to.
fn asleep(comparison: &Comparison) -> String {
    let Some(first) = comparison.strategies.first() else { return String::new() };
    let measures = stalled::BATCHES.map(stalled::measure);
    let mut heads = Vec::new();
    for measure in &measures {
        heads.push(format!("{measure}: time over that of {}", first.name));
        heads.push("throughput left beside a sleeper".into());
    }
    let rest = ["limbo seen / limit", "overflows per 1000 operations", "without the sleeper"];
    heads.extend(rest.map(String::from));
    let columns = heads.len() + 1;
    let mut text = row("", heads.into_iter());
    text += &"|---".repeat(columns);
    text += "|\n";
    for one in &comparison.strategies {
        let mut cells = Vec::new();
        for measure in &measures {
            let time = |of: &Strategy| of.stalled.without_ns.get(measure).copied();
            let over = time(one).zip(time(first)).map(|(own, base)| format!("{:.2}", own / base));
            cells.push(over.unwrap_or("-".into()));
            cells.push(one.stalled.throughput.get(measure).map_or("-".into(), |ratio| {
                format!("{:.2} ({:.2} .. {:.2})", ratio.median, ratio.min, ratio.max)
            }));
        }
        cells.extend(table::limbo_and_overflows(one));
        let star = if one.stops_all { " \\*" } else { "" };
        text += &row(&(name(one) + star), cells.into_iter());
    }
    text
}

fn name(one: &Strategy) -> String {
    format!("`{}`", one.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        fs::read_to_string(workspace::root().unwrap().join(PAGE)).unwrap()
    }

    const AGAIN: &str = "again: cargo xtask compare --docs";

    #[test]
    fn the_page_says_what_the_facts_say() {
        let page = page();
        let [_, text, _] = between(&page, "facts").unwrap();
        assert_eq!(text.trim(), of_facts(&facts::all()).trim(), "{AGAIN}");
    }

    #[test]
    fn the_figures_are_of_the_strategies_that_there_are() {
        let page = page();
        let [_, text, _] = between(&page, "figures").unwrap();
        // Two tables, one row each, in this order; the figures are those of some machine.
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let own: Vec<&str> = facts::all().iter().map(|facts| facts.name).collect();
        assert_eq!(rows.collect::<Vec<_>>(), [own.clone(), own].concat(), "{AGAIN}");
        let command = text.trim().lines().next().unwrap_or("");
        assert!(command.starts_with("`cargo xtask compare --docs`, 20"), "no quick run; {AGAIN}");
    }

    #[test]
    fn a_marker_that_is_missing_or_there_twice_is_refused() {
        let [begin, end] = markers("facts");
        assert!(put(&begin, "facts", "x").is_err());
        assert!(put(&format!("{begin}{begin}{end}"), "facts", "x").is_err());
        assert!(put(&format!("{end}{begin}"), "facts", "x").is_err());
        let page = put(&format!("a\n{begin}old{end}\nb"), "facts", "new\n").unwrap();
        assert_eq!(page, format!("a\n{begin}\n\nnew\n\n{end}\nb"));
    }
}
