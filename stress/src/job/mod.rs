//! What the commands do.

mod arena;
mod bump;
mod done;
mod hang;
mod latency;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod record;
mod replay;
mod run;

pub use self::hang::end_process;

use self::done::{Done, fail, publish};
use crate::cli::{Cli, Command, Exit, OutputArgs, list};
use crate::report;
use crate::{html, interrupt, place, steer};

/// Does what the command line says, and reports.
pub fn execute(cli: &Cli) -> Exit {
    if let Command::Run(args) = &cli.command
        && let Some(mutant) = args.steer.mutant
    {
        interrupt::listen();
        return steer::hunt(args, mutant);
    }
    let (command, output, work): (_, &OutputArgs, Box<dyn FnOnce() -> Done>) = match &cli.command {
        Command::List => {
            return match report::print(&list()) {
                Ok(()) => Exit::Fine,
                Err(_) => Exit::Internal,
            };
        }
        Command::Bump(args) => {
            interrupt::listen();
            return bump::all(args);
        }
        Command::Arena(args) => {
            interrupt::listen();
            return arena::all(args);
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
