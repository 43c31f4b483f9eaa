//! What the commands do.

mod hang;
mod latency;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod record;
mod replay;
mod run;

use std::path::Path;

pub use self::hang::end_process;

use crate::cli::{Cli, Command, Exit, Format, OutputArgs, list};
use crate::report::{self, Findings, ViolationRow, note};
use crate::{html, interrupt, place, steer};

/// Does what the command line says, and reports.
pub fn execute(cli: &Cli) -> Exit {
    if let Command::Run(args) = &cli.command
        && let Some(sabotage) = args.steer.sabotage
    {
        interrupt::listen();
        return steer::hunt(args, sabotage);
    }
    let (command, output, work): (_, &OutputArgs, Box<dyn FnOnce() -> Done>) = match &cli.command {
        Command::List => {
            return match report::print(&list()) {
                Ok(()) => Exit::Fine,
                Err(_) => Exit::Internal,
            };
        }
        Command::Reproduce(args) => return steer::reproduce(args),
        Command::SteerCheck(args) => return steer::check(args),
        Command::Report(args) => return html::draw(args),
        #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
        Command::Record(args) => return record::record(args),
        Command::Run(args) => {
            ("run", &args.output, Box::new(|| run::all(args, &args.output.file("run"))))
        }
        Command::Latency(args) => ("latency", &args.output, Box::new(|| latency::all(args))),
        Command::Replay(args) => ("replay", &args.output, Box::new(|| replay::all(args))),
    };
    // Commands that are done above have no results so far that could be saved, or their own way.
    interrupt::listen();
    let file = output.file(command);
    if let Err(error) = place::reserve(&file) {
        return fail(Exit::Usage, &format!("cannot write {}: {error}", file.display()));
    }
    let done = work();
    publish(output.format, &file, &done)
}

/// What a command did.
struct Done {
    report: Option<Box<dyn Findings>>,
    /// What kept it from doing all of it.
    trouble: Option<(Exit, String)>,
}

impl Done {
    /// A command that could not begin.
    fn nothing(exit: Exit, why: String) -> Self {
        Self { report: None, trouble: Some((exit, why)) }
    }
}

/// What keeps a command that was asked to end from the `left` runs after that.
fn interrupted(left: usize) -> (Exit, String) {
    (Exit::Interrupted, format!("interrupted; runs left out: {left}"))
}

/// Prints and saves the results, and says how the command ends.
fn publish(format: Format, file: &Path, done: &Done) -> Exit {
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

fn publish_report(format: Format, file: &Path, report: &dyn Findings) -> Exit {
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
            Ok(page) => note(&format!("results in {} and {}", file.display(), page.display())),
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

fn fail(exit: Exit, why: &str) -> Exit {
    note(&format!("error: {why}"));
    exit
}

/// The name that a trace goes by in reports.
fn trace_name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    file.trim_end_matches(".zst").trim_end_matches(".stpt").to_owned()
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

    #[test]
    fn a_trace_goes_by_its_name() {
        assert_eq!(trace_name(Path::new("a/b.stpt.zst")), "b");
        assert_eq!(trace_name(Path::new("b")), "b");
    }
}
