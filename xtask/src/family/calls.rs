//! Instructions of single calls, under callgrind.
//!
//! Counts do not depend on what else the machine does. They depend on the compiler and on the
//! peers' versions, so both are counted in the same run.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::figures::{Bar, Figure, Found, Measure};
use crate::instructions;

/// A member's call may take at most so many times the instructions of a peer's.
struct Promise {
    member: &'static str,
    peer: &'static str,
    call: &'static str,
    most: f64,
    /// What it takes today, rounded up, where that is more. It is printed as missed; only a call
    /// that takes even more fails the command.
    today: Option<f64>,
}

const fn bar(member: &'static str, peer: &'static str, call: &'static str, most: f64) -> Promise {
    Promise { member, peer, call, most, today: None }
}

impl Promise {
    const fn missed_at(self, today: f64) -> Self {
        Self { today: Some(today), ..self }
    }
}

const BARS: &[Promise] = &[
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
    bar("SlabArena", "system", "free, allocate", 0.5),
    bar("SlabArena", "system", "free, allocate any layout", 1.0),
    bar("SlabArena", "Locked<GoodFit>", "free, allocate", 0.25),
    bar("StrategyPool", "BestFit", "free, allocate", 1.1),
];

/// Counts all calls.
///
/// # Errors
/// Where a call cannot be counted though callgrind is there.
pub(super) fn run(found: &mut Found) -> Result<()> {
    let Some(version) = instructions::version("valgrind") else {
        skips::skip("valgrind", "it is not installed");
        found.left.push("instructions of calls: valgrind is not installed".into());
        return Ok(());
    };
    let example = instructions::build("family", &["--release"])?;
    let output = Command::new(&example).output()?;
    ensure!(output.status.success(), "the example does not list its calls");
    for line in String::from_utf8(output.stdout)?.lines() {
        let (subject, call) = line.split_once('\t').context("a subject and a call")?;
        let count = instructions::count(&example, &[subject, call])?;
        let each = count as f64 / instructions::OPERATIONS;
        found.figures.push(Figure::new(Measure::Instructions, call, subject, each));
    }
    for Promise { member, peer, call, most, today } in BARS {
        let of = |subject: &str| found.value(Measure::Instructions, call, subject);
        let (own, other) = of(member)
            .zip(of(peer))
            .with_context(|| format!("{call}: {member} or {peer} was not counted"))?;
        found.bars.push(Bar {
            measure: Measure::Instructions,
            workload: (*call).into(),
            member: (*member).into(),
            peer: Some((*peer).into()),
            ratio: own / other,
            most: *most,
            fails_above: Some(today.unwrap_or(*most)),
        });
    }
    found.ran.push(format!(
        "instructions of a call: {version}, callgrind, {} calls each",
        instructions::OPERATIONS
    ));
    Ok(())
}
