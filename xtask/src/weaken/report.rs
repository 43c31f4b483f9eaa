//! The mutants as a table on the terminal.

use super::line::{Line, Verdict};
use crate::common::terminal;

/// How much of a message is shown; all of it is in the JSON. An argument is shown whole.
const WIDTH: usize = 70;

/// Prints what came of each mutant, and the sites that have none.
pub(super) fn print(lines: &[Line], relaxed: &[&str]) {
    let mut table = terminal::table(["site", "from", "to", "verdict", "by", "after", "detail"], []);
    for line in lines {
        let (verdict, by, after, detail) = cells(line);
        let site = [line.site.clone(), line.from.clone(), line.to.clone()];
        table.add_row(site.into_iter().chain([verdict.into(), by, after, short(&detail)]));
    }
    println!("{table}");
    println!("already weakest, Relaxed: {}", relaxed.join(", "));
}

fn cells(line: &Line) -> (&'static str, String, String, String) {
    let none = String::new;
    match (&line.verdict, line.argued) {
        (Verdict::Killed { row, executions, detail }, argued) => {
            let after = format!("{executions} executions");
            match argued {
                None => ("killed", row.clone(), after, short(detail)),
                Some(_) => ("KILLED", row.clone(), after, "but argued to be equivalent".into()),
            }
        }
        (Verdict::Survived { rows }, Some(reason)) => {
            ("argued", format!("{rows} checks pass"), none(), reason.into())
        }
        (Verdict::Survived { rows }, None) => {
            ("SURVIVED", format!("{rows} checks pass"), none(), none())
        }
        (Verdict::Unclear { detail }, _) => ("UNCLEAR", none(), none(), short(detail)),
    }
}

fn short(detail: &str) -> String {
    match detail.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &detail[..end]),
        None => detail.into(),
    }
}
