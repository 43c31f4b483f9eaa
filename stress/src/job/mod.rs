//! What the commands do.

mod replay;
mod run;

use std::path::Path;

use crate::cli::{Cli, Command, Exit, Format, OutputArgs, list};
use crate::report::{self, Report, ViolationRow};

/// Does what the command line says, and reports.
pub fn execute(cli: &Cli) -> Exit {
    let (output, work): (_, Box<dyn FnOnce() -> Done>) = match &cli.command {
        Command::List => {
            return match report::print(&list()) {
                Ok(()) => Exit::Fine,
                Err(_) => Exit::Internal,
            };
        }
        Command::Run(args) => (&args.output, Box::new(|| run::all(args))),
        Command::Replay(args) => (&args.output, Box::new(|| replay::all(args))),
    };
    if let Err(error) = report::reserve(&output.out) {
        return fail(Exit::Usage, &format!("{}: {error}", output.out.display()));
    }
    let done = work();
    publish(output, &done)
}

/// What a command did.
struct Done {
    report: Option<Report>,
    /// What kept it from doing all of it.
    trouble: Option<(Exit, String)>,
}

impl Done {
    /// A command that could not begin.
    fn nothing(exit: Exit, why: String) -> Self {
        Self {
            report: None,
            trouble: Some((exit, why)),
        }
    }
}

/// Prints and saves the results, and says how the command ends.
fn publish(output: &OutputArgs, done: &Done) -> Exit {
    let mut exit = Exit::Fine;
    if let Some(report) = &done.report {
        exit = publish_report(output, report);
    }
    match (&done.trouble, exit) {
        // A violation is what the command is for: it outranks what else went wrong.
        (Some((_, why)), Exit::Violation) => fail(Exit::Violation, why),
        (Some((trouble, why)), _) => fail(*trouble, why),
        (None, exit) => exit,
    }
}

fn publish_report(output: &OutputArgs, report: &Report) -> Exit {
    let text = match output.format {
        Format::Text => report.text(),
        Format::Json => report.json(),
    };
    let printed = report::print(&text);
    let saved = report.save(&output.out);
    report.violations.iter().for_each(complain);
    if !report.violations.is_empty() {
        return Exit::Violation;
    }
    if let Err(error) = saved {
        return fail(
            Exit::Internal,
            &format!("{}: {error}", output.out.display()),
        );
    }
    if let Err(error) = printed {
        return fail(Exit::Internal, &format!("standard output: {error}"));
    }
    if report.results.iter().all(|row| row.ops == 0) {
        return fail(Exit::NothingRan, "nothing ran");
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
    file.trim_end_matches(".zst")
        .trim_end_matches(".stpt")
        .to_owned()
}
