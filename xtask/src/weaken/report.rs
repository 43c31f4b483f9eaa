//! The mutants as a table on the terminal.

use comfy_table::{ContentArrangement, Table, presets};

use super::{Line, Verdict};

/// How much of a message is shown; all of it is in the JSON.
const WIDTH: usize = 70;

/// Prints what came of each mutant, and the sites that have none.
pub(super) fn print(lines: &[Line], relaxed: &[&str]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["site", "from", "to", "verdict", "by", "after", "detail"]);
    for line in lines {
        let (verdict, by, after, detail) = cells(line);
        let site = [line.site.clone(), line.from.clone(), line.to.clone()];
        table.add_row(site.into_iter().chain([verdict.into(), by, after, short(&detail)]));
    }
    println!("{table}");
    println!("already weakest, Relaxed: {}", relaxed.join(", "));
}

fn cells(line: &Line) -> (&'static str, String, String, String) {
    match (&line.verdict, line.argued) {
        (Verdict::Killed { row, executions, detail }, None) => {
            ("killed", row.clone(), format!("{executions} executions"), detail.clone())
        }
        (Verdict::Killed { row, executions, .. }, Some(_)) => (
            "KILLED",
            row.clone(),
            format!("{executions} executions"),
            "although argued to be equivalent".into(),
        ),
        (Verdict::Survived { rows }, Some(reason)) => {
            ("argued", format!("{rows} checks pass"), String::new(), reason.into())
        }
        (Verdict::Survived { rows }, None) => {
            ("SURVIVED", format!("{rows} checks pass"), String::new(), String::new())
        }
        (Verdict::Unclear { detail }, _) => {
            ("UNCLEAR", String::new(), String::new(), detail.clone())
        }
    }
}

/// An argument is shown whole, since it is what must be believed; a message is cut.
fn short(detail: &str) -> String {
    match detail.char_indices().nth(WIDTH) {
        Some((end, _)) if detail.starts_with(['v', 'n', 'c']) => format!("{}...", &detail[..end]),
        _ => detail.into(),
    }
}
