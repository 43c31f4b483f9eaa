//! `loom-tests/executions.txt`: the number of executions of each exhausted row.
//!
//! A row passes if it sees the outcomes of its specification, all of them and no other. A search
//! that loses executions may still see all outcomes, because many executions share one. So each
//! exhausted row must have exactly as many executions as the file says. porf also says how many
//! events the longest execution had, which shows a lock around operations that are one critical
//! section already. The searches are deterministic: the same sources give the same numbers.

use core::fmt::{self, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use ledger::{Checker, DEEP_TIER, Expect, Limit, Row, Verdict};

use crate::common::workspace;

/// The file, from the workspace's root.
const FILE: &str = "loom-tests/executions.txt";

/// More executions than loom makes in a second or so.
const MOST_EVERY_TIME: u64 = 10_000;

const HEAD: &str = "\
# Executions of each row that a checker exhausts, one row a line, sorted by key. Behind them, in rows
# of porf, the events of the longest execution. `cargo xtask checks` compares the numbers, and
# `cargo xtask checks --keep-executions` writes them.
";

/// The kept numbers, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept(BTreeMap<String, Numbers>);

/// What is kept of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    executions: u64,
    /// 0: the checker does not count events, or none are kept.
    events: usize,
}

impl Numbers {
    fn of(row: &Row) -> Self {
        Self { executions: row.executions, events: row.events }
    }

    /// Whether a row that has these numbers is as it was. Where no events are kept, the executions
    /// decide.
    fn is_as(self, kept: Self) -> bool {
        let same_events = kept.events == 0 || kept.events == self.events;
        kept.executions == self.executions && same_events
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let executions = words.next()?.parse().ok()?;
        let events = words.next().map_or(Some(0), |events| events.parse().ok())?;
        words.next().is_none().then_some(Self { executions, events })
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.events {
            0 => write!(f, "{}", self.executions),
            events => write!(f, "{} {events}", self.executions),
        }
    }
}

/// What keeping the numbers of a run has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Rows that have a number now and had none, or another one.
    pub(super) new: Vec<String>,
    /// Rows that there are not any more.
    pub(super) gone: Vec<String>,
    /// Rows that have not run, whose numbers stay.
    pub(super) left: usize,
}

impl Kept {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or holds something else than sorted lines of a key and a number.
    pub(super) fn read() -> Result<Self> {
        let path = path()?;
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self) -> Result<()> {
        let path = path()?;
        fs::write(&path, self.text()).with_context(|| format!("cannot write {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut kept = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, numbers) = line
                .split_once(' ')
                .and_then(|(key, numbers)| Some((key, Numbers::parse(numbers)?)))
                .with_context(|| format!("{FILE}: `{line}` is no key and numbers"))?;
            ensure!(*last < *key, "{FILE}: `{key}` does not come behind `{last}`");
            last = key.into();
            kept.insert(last.clone(), numbers);
        }
        Ok(Self(kept))
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_string();
        for (key, numbers) in &self.0 {
            writeln!(text, "{key} {numbers}").expect("a string takes everything");
        }
        text
    }

    /// What is wrong with the numbers of an exhausted row, in words.
    fn fault(&self, row: &Row) -> Option<String> {
        let (key, now) = (row.key(), Numbers::of(row));
        let how =
            format!("`cargo xtask checks --keep-executions --filter '{key}'` keeps the new ones");
        let word = if now.events > 0 { "executions and events" } else { "executions" };
        match self.0.get(&key) {
            Some(kept) if now.is_as(*kept) => None,
            Some(kept) => Some(format!("{word}: {now} instead of the {kept} that are kept; {how}")),
            // A deep row that ends for the first time, on a faster machine say.
            None if row.tier >= DEEP_TIER => None,
            None => Some(format!("{word}: {now}, and none are kept; {how}")),
        }
    }

    /// Breaks the exhausted rows that have another number of executions.
    pub(super) fn compare(&self, rows: &mut [Row]) {
        for row in rows.iter_mut().filter(|row| row.is_exhaustive()) {
            if let Some(fault) = self.fault(row) {
                (row.verdict, row.detail) = (Verdict::Broken, fault);
            }
        }
    }

    /// Whether a row is as it was when its numbers were kept: exhausted, in as many executions.
    pub(super) fn is_as_kept(&self, row: &Row) -> bool {
        row.is_exhaustive()
            && self.0.get(&row.key()).is_some_and(|kept| Numbers::of(row).is_as(*kept))
    }

    /// Whether a row of loom takes long, and porf exhausts the same scenario: then loom runs it in the
    /// deep tier alone. `is_registered` answers for a key.
    pub(super) fn is_left_to_porf(&self, row: &Row, is_registered: impl Fn(&str) -> bool) -> bool {
        let takes_long =
            || self.0.get(&row.key()).is_some_and(|kept| kept.executions > MOST_EVERY_TIME);
        let twin = || Row { checker: Checker::Porf, bound: Limit::Unbounded, ..row.clone() }.key();
        row.checker == Checker::Loom
            && row.expect == Expect::Pass
            && takes_long()
            && is_registered(&twin())
            && self.0.contains_key(&twin())
    }

    /// Whether a number of this row is kept.
    pub(super) fn has(&self, row: &Row) -> bool {
        self.0.contains_key(&row.key())
    }

    /// The rows of the file that no checker can exhaust: they are not registered, or not so.
    pub(super) fn unknown(&self, registered: &[Row]) -> Vec<&str> {
        let known = exhaustible(registered);
        self.0.keys().filter(|key| !known.contains(*key)).map(|key| &**key).collect()
    }

    /// Takes the numbers of the exhausted `rows`, drops those of rows that are not registered any
    /// more, and leaves the others as they are.
    ///
    /// # Errors
    /// If one of the rows is broken.
    pub(super) fn keep(&mut self, rows: &[Row], registered: &[Row]) -> Result<Changes> {
        if let Some(broken) = rows.iter().find(|row| row.is_broken()) {
            anyhow::bail!("nothing is kept of a run with broken rows: {}", broken.key());
        }
        let mut changes = Changes::default();
        let known = exhaustible(registered);
        changes.gone.extend(self.0.keys().filter(|key| !known.contains(*key)).cloned());
        self.0.retain(|key, _| known.contains(key));
        for row in rows.iter().filter(|row| row.is_exhaustive()) {
            let now = Numbers::of(row);
            let before = self.0.insert(row.key(), now);
            if before != Some(now) {
                let before = before.map_or("none".into(), |before| before.to_string());
                changes.new.push(format!("{}: {before} -> {now}", row.key()));
            }
        }
        let ran: BTreeSet<String> = rows.iter().map(Row::key).collect();
        changes.left = self.0.keys().filter(|key| !ran.contains(*key)).count();
        Ok(changes)
    }
}

impl Changes {
    /// Says what has changed.
    pub(super) fn print(&self) {
        self.new.iter().for_each(|line| println!("kept: {line}"));
        self.gone.iter().for_each(|key| println!("gone: {key}"));
        println!(
            "{FILE}: {} numbers changed, {} rows gone, {} rows did not run and keep their numbers",
            self.new.len(),
            self.gone.len(),
            self.left
        );
    }
}

/// The keys of the rows that can be exhausted.
fn exhaustible(registered: &[Row]) -> BTreeSet<String> {
    let is_searched = |row: &&Row| row.bound == Limit::Unbounded && row.expect == Expect::Pass;
    registered.iter().filter(is_searched).map(Row::key).collect()
}

fn path() -> Result<PathBuf> {
    Ok(workspace::root()?.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scenario: &str, executions: u64) -> Row {
        let row = Row::not_run("s", scenario, Checker::Porf, 0, Limit::Unbounded, Expect::Pass);
        Row { executions, verdict: Verdict::Ok, ..row }
    }

    fn kept(text: &str) -> Kept {
        Kept::parse(text).unwrap()
    }

    #[test]
    fn the_file_is_read_as_it_is_written() {
        let mut some = Kept::default();
        let with_events = Row { events: 7, ..row("a", 13) };
        some.keep(&[row("b", 2), with_events], &[row("a", 0), row("b", 0)]).unwrap();
        assert!(some.text().ends_with("\ns/a/porf/unbounded 13 7\ns/b/porf/unbounded 2\n"));
        assert_eq!(kept(&some.text()), some);
    }

    #[test]
    fn what_is_not_sorted_or_no_number_is_refused() {
        assert!(Kept::parse("a 1\nb 2\n").is_ok());
        for bad in ["b 1\na 2\n", "a 1\na 1\n", "a\n", "a -1\n", "a x\n", "a 1 x\n", "a 1 2 3\n"] {
            assert!(Kept::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_row_with_another_number_or_none_is_broken_with_both_numbers() {
        let kept = kept("s/a/porf/unbounded 13\ns/c/porf/unbounded 13 8\n");
        let longer = Row { events: 9, ..row("c", 13) };
        let mut rows = [row("a", 13), row("a", 12), row("b", 7), longer];
        assert!(kept.is_as_kept(&rows[0]) && !kept.is_as_kept(&rows[1]));
        kept.compare(&mut rows);
        assert!(rows[0].is_ok());
        assert!(rows[1].is_broken() && rows[1].detail.contains("12 instead of the 13"));
        assert!(rows[1].detail.contains("--keep-executions --filter 's/a/porf/unbounded'"));
        assert!(rows[2].is_broken() && rows[2].detail.contains("7, and none are kept"));
        assert!(rows[3].is_broken() && rows[3].detail.contains("13 9 instead of the 13 8 that"));
    }

    #[test]
    fn bounded_broken_and_unkept_deep_rows_are_left_alone() {
        let broken = Row { verdict: Verdict::Broken, detail: "why".into(), ..row("a", 1) };
        let bounded = Row { bound: Limit::Bounded(3), ..row("a", 1) };
        let deep = Row { tier: DEEP_TIER, ..row("b", 1) };
        let before = [broken, bounded, deep];
        let mut rows = before.clone();
        kept("s/a/porf/unbounded 13\n").compare(&mut rows);
        assert_eq!(rows, before);
    }

    #[test]
    fn loom_leaves_to_porf_what_it_exhausts_slowly() {
        let kept = kept(
            "s/a/loom/unbounded 10001\ns/a/porf/unbounded 13\ns/b/loom/unbounded 10001\ns/c/loom/unbounded 9\ns/c/porf/unbounded 2\n",
        );
        let under_loom = |scenario| Row { checker: Checker::Loom, ..row(scenario, 0) };
        let left = |row: &Row| kept.is_left_to_porf(row, |key| key.contains("/porf/"));
        assert!(left(&under_loom("a")), "porf exhausts it in 13");
        assert!(!kept.is_left_to_porf(&under_loom("a"), |_| false), "porf has it no more");
        assert!(!left(&under_loom("b")), "porf never had it");
        assert!(!left(&under_loom("c")), "it is quick");
        assert!(!left(&row("a", 0)), "porf itself");
        assert!(!left(&Row { expect: Expect::Fail, ..under_loom("a") }), "a twin");
    }

    #[test]
    fn a_kept_row_that_is_not_registered_is_told() {
        let kept = kept("s/a/porf/unbounded 13\ns/b/porf/unbounded 2\n");
        assert_eq!(kept.unknown(&[row("a", 0)]), ["s/b/porf/unbounded"]);
        let bounded = Row { bound: Limit::Bounded(3), ..row("b", 0) };
        assert_eq!(kept.unknown(&[row("a", 0), bounded]), ["s/b/porf/unbounded"]);
    }

    #[test]
    fn what_did_not_run_keeps_its_number_and_what_is_gone_goes() {
        let mut some = kept("s/a/porf/unbounded 1\ns/b/porf/unbounded 2\ns/c/porf/unbounded 3\n");
        let changes = some.keep(&[row("a", 5)], &[row("a", 0), row("b", 0)]).unwrap();
        assert_eq!(some, kept("s/a/porf/unbounded 5\ns/b/porf/unbounded 2\n"));
        assert_eq!(changes.new, ["s/a/porf/unbounded: 1 -> 5"]);
        assert_eq!((changes.gone, changes.left), (vec!["s/c/porf/unbounded".into()], 1));
    }

    #[test]
    fn nothing_is_kept_of_a_run_with_a_broken_row() {
        let mut some = kept("s/a/porf/unbounded 1\n");
        let broken = Row { verdict: Verdict::Broken, ..row("b", 9) };
        assert!(some.keep(&[row("a", 5), broken], &[row("a", 0), row("b", 0)]).is_err());
        assert_eq!(some, kept("s/a/porf/unbounded 1\n"));
    }
}
