//! What a command did, and how it is reported.

use std::path::Path;

use crate::cli::{Exit, Format};
use crate::html;
use crate::report::{self, Findings, ViolationRow, note};

/// What a command did.
pub(super) struct Done {
    pub(super) report: Option<Box<dyn Findings>>,
    /// What kept it from doing all of it.
    pub(super) trouble: Option<(Exit, String)>,
}

impl Done {
    /// A command that could not begin.
    pub(super) fn nothing(exit: Exit, why: String) -> Self {
        Self { report: None, trouble: Some((exit, why)) }
    }
}

/// What keeps a command that was asked to end from the `left` runs after that.
pub(super) fn interrupted(left: usize) -> (Exit, String) {
    (Exit::Interrupted, format!("interrupted; runs left out: {left}"))
}

/// Prints and saves the results, and says how the command ends.
pub(super) fn publish(format: Format, file: &Path, done: &Done) -> Exit {
    let mut exit = Exit::Fine;
    if let Some(report) = &done.report {
        exit = publish_report(format, file, &**report);
    }
    match (&done.trouble, exit) {
        // A violation is what the command is for: it outranks what else went wrong.
        (Some((_, why)), Exit::Violation) => fail(Exit::Violation, why),
        // Neither may results be taken for saved.
        (Some((Exit::Interrupted, why)), Exit::Internal) => fail(Exit::Internal, why),
        (Some((trouble, why)), _) => fail(*trouble, why),
        (None, exit) => exit,
    }
}

pub(super) fn publish_report(format: Format, file: &Path, report: &dyn Findings) -> Exit {
    let text = match format {
        Format::Text if !report.has_results() => String::new(),
        Format::Text => report.text(),
        Format::Json => report.json(),
    };
    let printed = report::print(&text);
    let saved = report.save(file);
    report.violations().iter().for_each(complain);
    let mut exit = Exit::Fine;
    if let Err(error) = &saved {
        let mut why = format!("{}: {error}", file.display());
        // What no file holds can still be caught from there.
        let is_there = format == Format::Json && printed.is_ok();
        if is_there || report::print(&report.json()).is_ok() {
            why += "; the results are on standard output";
        }
        exit = fail(Exit::Internal, &why);
    } else if !report.has_results() {
        note(&format!("results in {}", file.display()));
    } else {
        match html::beside(file, &report.json()) {
            Ok(page) => {
                let verdict = match (report.violations().len(), report.idle_runs()) {
                    (0, 0) => "no violation".to_owned(),
                    (0, idle) => {
                        format!(
                            "no violation, but runs that did nothing: {idle}; give them more time"
                        )
                    }
                    (count, _) => format!("violations: {count}"),
                };
                note(&format!("{verdict}; results in {} and {}", file.display(), page.display()));
            }
            Err(why) => exit = fail(Exit::Internal, &why),
        }
    }
    if let Err(error) = &printed {
        exit = fail(Exit::Internal, &format!("standard output: {error}"));
    }
    if report.violations().is_empty() { exit } else { Exit::Violation }
}

fn complain(violation: &ViolationRow) {
    note(&format!(
        "VIOLATION {} {} with {} threads: {}\n  again: {}",
        violation.strategy, violation.scenario, violation.threads, violation.what, violation.again
    ));
}

pub(super) fn fail(exit: Exit, why: &str) -> Exit {
    note(&format!("error: {why}"));
    exit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::About;
    use crate::report::{FORMAT, Report};

    #[test]
    fn a_violation_decides_how_the_command_ends() {
        let path = std::env::temp_dir().join(format!("stress-{}.json", std::process::id()));
        let violation = ViolationRow {
            strategy: "S".into(),
            scenario: "churn".into(),
            threads: 2,
            what: "broken".into(),
            again: "again".into(),
        };
        let report = Report {
            format: FORMAT,
            command: "run",
            about: About::this(Some(1)),
            seed: Some(1),
            results: Vec::new(),
            classes: Vec::new(),
            violations: vec![violation],
            hang: None,
        };
        let trouble = Some((Exit::Internal, "the machine failed after it".to_owned()));
        let exit = publish(Format::Text, &path, &Done { report: Some(Box::new(report)), trouble });
        assert_eq!(exit, Exit::Violation);
        let saved = std::fs::read_to_string(&path).expect("saved all the same");
        assert!(saved.contains("\"what\": \"broken\""));
        std::fs::remove_file(path).expect("ours");
    }
}
