//! What the commands do.

mod latency;
mod replay;
mod run;

use std::path::Path;

use crate::cli::{Cli, Command, Exit, Format, OutputArgs, list};
use crate::report::{self, Findings, ViolationRow};
use crate::steer;

/// Does what the command line says, and reports.
pub fn execute(cli: &Cli) -> Exit {
    if let Command::Run(args) = &cli.command
        && let Some(sabotage) = args.steer.sabotage
    {
        return steer::hunt(args, sabotage);
    }
    let (output, work): (OutputArgs, Box<dyn FnOnce() -> Done>) = match &cli.command {
        Command::List => {
            return match report::print(&list()) {
                Ok(()) => Exit::Fine,
                Err(_) => Exit::Internal,
            };
        }
        Command::Reproduce(args) => return steer::reproduce(args),
        Command::SteerCheck(args) => return steer::check(args),
        Command::Run(args) => (args.output.clone(), Box::new(|| run::all(args))),
        Command::Latency(args) => (args.output(), Box::new(|| latency::all(args))),
        Command::Replay(args) => (args.output.clone(), Box::new(|| replay::all(args))),
    };
    if let Err(error) = report::reserve(&output.out) {
        return fail(Exit::Usage, &format!("{}: {error}", output.out.display()));
    }
    let done = work();
    publish(&output, &done)
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

/// Prints and saves the results, and says how the command ends.
fn publish(output: &OutputArgs, done: &Done) -> Exit {
    let mut exit = Exit::Fine;
    if let Some(report) = &done.report {
        exit = publish_report(output, &**report);
    }
    match (&done.trouble, exit) {
        // A violation is what the command is for: it outranks what else went wrong.
        (Some((_, why)), Exit::Violation) => fail(Exit::Violation, why),
        (Some((trouble, why)), _) => fail(*trouble, why),
        (None, exit) => exit,
    }
}

fn publish_report(output: &OutputArgs, report: &dyn Findings) -> Exit {
    let text = match output.format {
        Format::Text if !report.has_results() => String::new(),
        Format::Text => report.text(),
        Format::Json => report.json(),
    };
    let printed = report::print(&text);
    let saved = report.save(&output.out);
    report.violations().iter().for_each(complain);
    if !report.violations().is_empty() {
        return Exit::Violation;
    }
    if let Err(error) = saved {
        return fail(Exit::Internal, &format!("{}: {error}", output.out.display()));
    }
    if let Err(error) = printed {
        return fail(Exit::Internal, &format!("standard output: {error}"));
    }
    eprintln!("results in {}", output.out.display());
    Exit::Fine
}

fn complain(violation: &ViolationRow) {
    eprintln!(
        "VIOLATION {} {} with {} threads: {}\n  again: {}",
        violation.strategy, violation.scenario, violation.threads, violation.what, violation.again
    );
}

fn fail(exit: Exit, why: &str) -> Exit {
    eprintln!("error: {why}");
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
    use crate::report::{FORMAT, Report};

    #[test]
    fn a_violation_decides_how_the_command_ends() {
        let path = std::env::temp_dir().join(format!("stress-{}.json", std::process::id()));
        let output = OutputArgs { format: Format::Text, out: path.clone() };
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
            seed: Some(1),
            results: Vec::new(),
            classes: Vec::new(),
            violations: vec![violation],
        };
        let trouble = Some((Exit::Internal, "the machine failed after it".to_owned()));
        let exit = publish(&output, &Done { report: Some(Box::new(report)), trouble });
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
