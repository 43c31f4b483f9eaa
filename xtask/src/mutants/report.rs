//! The mutants as a table on the terminal.

use comfy_table::{ContentArrangement, Table, presets};

use super::judge::Judgement;
use super::runner::Line;

/// No line of the table is longer: cells wrap.
const WIDTH: u16 = 100;

/// Prints by what each mutant died, and the faults.
pub(super) fn print(lines: &[Line]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table.set_header(["mutant", "killed by", "after", "words"]);
    for Line { mutant, words, judgement, .. } in lines {
        let (by, after) = match judgement {
            Judgement::Killed { by, executions: 0, .. } => (by.clone(), "test".into()),
            Judgement::Killed { by, executions, .. } => (by.clone(), executions.to_string()),
            Judgement::Survived => ("SURVIVED".into(), String::new()),
            Judgement::Hung { .. } => ("HUNG".into(), String::new()),
            Judgement::WrongWords { .. } => ("OTHER WORDS".into(), String::new()),
            Judgement::Unclear { .. } => ("UNCLEAR".into(), String::new()),
        };
        table.add_row([(*mutant).to_string(), by, after, (*words).to_string()]);
    }
    println!("{table}");
    lines
        .iter()
        .filter_map(|line| line.fault.as_ref())
        .for_each(|fault| println!("fault: {fault}"));
}
