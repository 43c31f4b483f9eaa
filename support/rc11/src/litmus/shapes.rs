//! The table of verdicts: `shapes.txt`, a test a line.
//!
//! A line is `VERDICT NAME: PROGRAM; OUTCOME`. Names and shapes are those of herd's tests (Alglave,
//! Maranget and Tautschnig, *Herding Cats*, TOPLAS 36(2), 2014) and of Lahav et al. 2017; the
//! verdicts are RC11's, with the release sequences of C++20. A suffix says what stands between the
//! accesses of each thread: `F.sc` is a fence.

use std::sync::LazyLock;

use super::verdict::{Shape, Verdict};

/// Every litmus test.
pub static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let lines = include_str!("shapes.txt").lines();
    let tests = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    tests.map(|line| read(line).unwrap_or_else(|| panic!("`{line}` is no litmus test"))).collect()
});

fn read(line: &'static str) -> Option<Shape> {
    let (verdict, rest) = line.split_once(' ')?;
    let verdict = match verdict {
        "allowed" => Verdict::Allowed,
        "forbidden" => Verdict::Forbidden,
        _ => return None,
    };
    let (name, rest) = rest.split_once(':')?;
    let (program, outcome) = rest.split_once(';')?;
    Some(Shape { name: name.trim(), program: program.trim(), outcome: outcome.trim(), verdict })
}
