//! `stress report`: draws the results in files as one page of charts.
//!
//! The page describes what the files say, including the machine on which they were made. It says
//! nothing about the machine that draws it.

mod frame;
mod latency;
mod memory;
mod read;
mod replay;
mod run;
mod style;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use page::Page;

use crate::cli::Exit;
use crate::place::replace;
use crate::report::{note, print};
use read::{Input, Results};

/// Arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Files of results as JSON, or folders that `--out` named.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub inputs: Vec<PathBuf>,
    /// The page; without it: report.html beside the first input.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl ReportArgs {
    fn out(&self) -> PathBuf {
        let first = self.inputs.first().map_or(Path::new(""), PathBuf::as_path);
        let beside = if first.is_dir() { first } else { first.parent().unwrap_or(first) };
        self.out.clone().unwrap_or_else(|| beside.join("report.html"))
    }
}

/// Draws the page, and says where it is.
pub(crate) fn draw(args: &ReportArgs) -> Exit {
    let html = match read::all(&args.inputs) {
        Ok(inputs) => page(&inputs).html(),
        Err(why) => return fail(Exit::Usage, &why),
    };
    let out = args.out();
    let folder = out.parent().map_or(Ok(()), fs::create_dir_all);
    if let Err(error) = folder.and_then(|()| replace(&out, &html)) {
        return fail(Exit::Usage, &format!("{}: {error}", out.display()));
    }
    match print(&format!("{}\n", out.display())) {
        Ok(()) => Exit::Fine,
        Err(error) => fail(Exit::Internal, &format!("standard output: {error}")),
    }
}

/// Draws what `file` is to say, `json`, beside it; the page's name is the file's.
///
/// # Errors
/// One line that says what could not be drawn or written.
pub(crate) fn beside(file: &Path, json: &str) -> Result<PathBuf, String> {
    let out = file.with_extension("html");
    let input = read::parse(file, json).map_err(|why| format!("{}: {why}", file.display()))?;
    replace(&out, &page(&[input]).html()).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(out)
}

fn fail(exit: Exit, why: &str) -> Exit {
    note(&format!("error: {why}"));
    exit
}

/// The page for what was read.
fn page(inputs: &[Input]) -> Page {
    let commands: Vec<&str> = inputs.iter().map(Input::command).collect();
    let mut page = Page::new("stampool under stress")
        .subtitle(format!("Results of stress {}", commands.join(", stress ")))
        .section(frame::verdicts(inputs));
    for input in inputs {
        match &input.results {
            Results::Run(runs) => {
                page = page
                    .section(run::throughput(input, runs))
                    .section(memory::memory(input, runs))
                    .section(run::cas_failures(input, runs));
            }
            Results::Latency(rows) => page = page.section(latency::latency(input, rows)),
            Results::Replay(runs, classes) => {
                page = page.section(replay::replay(input, runs, classes));
            }
        }
    }
    for input in inputs {
        page = page.section(frame::results(input));
    }
    page.section(frame::environment(inputs))
}
