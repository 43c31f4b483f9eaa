//! `cargo xtask family`: counts the instructions of the allocator family's calls, beside those of
//! other allocators, and holds the ratios against their bars.
//!
//! Counts do not depend on what else the machine does. They depend on the compiler and on the
//! peers' versions, so both are counted in the same run.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::common::terminal;
use crate::instructions;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// A member's call may take at most so many times the instructions of a peer's.
struct Bar {
    member: &'static str,
    peer: &'static str,
    call: &'static str,
    most: f64,
    /// What it takes today, rounded up, where that is more. It is printed as missed; only a call
    /// that takes even more fails the command.
    today: Option<f64>,
}

const fn bar(member: &'static str, peer: &'static str, call: &'static str, most: f64) -> Bar {
    Bar { member, peer, call, most, today: None }
}

impl Bar {
    const fn missed_at(self, today: f64) -> Self {
        Self { today: Some(today), ..self }
    }
}

const BARS: &[Bar] = &[
    bar("Linear", "bump-scope", "allocate", 1.0),
    bar("Linear", "bump-scope", "allocate any layout", 1.0).missed_at(1.06),
    bar("Linear", "bump-scope", "allocate, free", 1.0),
    bar("Linear", "bump-scope", "grow last", 1.0),
    bar("Linear", "bump-scope", "shrink last", 1.0),
    bar("AsyncLinear", "blink-alloc, sync", "allocate", 0.5),
    bar("AsyncLinear, run", "Linear", "allocate", 1.15),
    bar("Stack", "bump-scope", "scope, allocate", 1.0).missed_at(2.36),
    bar("Blocks", "bare free list", "take, give", 1.05),
    bar("Blocks", "slab", "take, give", 0.8),
    bar("Bitmap", "bitmap-allocator", "take a block", 0.3),
    bar("Bitmap", "bitmap-allocator", "free, take a block", 0.3).missed_at(0.6),
    bar("Bitmap", "bitmap-allocator", "free, take a run", 0.1),
    bar("Bitmap", "bitmap-allocator", "free, take a run of many", 0.1),
];

/// Runs the command.
///
/// # Errors
/// Where a call cannot be counted though callgrind is there, or takes more than its bar and more
/// than it did when the bar was missed.
pub(crate) fn run(_options: &Options) -> Result<()> {
    if instructions::version("valgrind").is_none() {
        skips::skip("valgrind", "it is not installed");
        return Ok(());
    }
    let example = instructions::build("family", &["--release"])?;
    let output = Command::new(&example).output()?;
    ensure!(output.status.success(), "the example does not list its calls");
    let mut counts: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let (subject, call) = line.split_once('\t').context("a subject and a call")?;
        let count = instructions::count(&example, &[subject, call])?;
        let each = count as f64 / instructions::OPERATIONS;
        counts.entry(call.to_owned()).or_default().insert(subject.to_owned(), each);
    }
    let mut table = terminal::table(["call", "subject", "instructions"], [2, 2, 2]);
    for (call, subjects) in &counts {
        for (subject, each) in subjects {
            table.add_row([call.clone(), subject.clone(), format!("{each:.1}")]);
        }
    }
    println!("{table}");
    let (mut missed, mut worse) = (0, Vec::new());
    for Bar { member, peer, call, most, today } in BARS {
        let of = |subject: &str| counts.get(*call).and_then(|row| row.get(subject)).copied();
        let (Some(own), Some(other)) = (of(member), of(peer)) else {
            worse.push(format!("{call}: {member} or {peer} was not counted"));
            continue;
        };
        let ratio = own / other;
        let verdict = if ratio <= *most { "kept" } else { "missed" };
        let line =
            format!("{call}: {member} takes {ratio:.2} of {peer}, at most {most}: {verdict}");
        println!("{line}");
        missed += usize::from(ratio > *most);
        if ratio > today.unwrap_or(*most) {
            worse.push(line);
        }
    }
    println!("{} of {} bars kept, {missed} missed", BARS.len() - missed, BARS.len());
    ensure!(worse.is_empty(), "worse than it was: {}", worse.join("; "));
    Ok(())
}
