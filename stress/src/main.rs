//! The command `stress`; see `stress --help` and `stress/README.md`.

use std::panic;
use std::process::ExitCode;

use clap::Parser as _;
use stress::cli::{Cli, Exit};
use stress::job;

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        // A panic of the pool under test is a violation and caught where it happens; what
        // comes up to here is the harness's own.
        Ok(cli) => panic::catch_unwind(|| job::execute(&cli)).unwrap_or(Exit::Internal),
        Err(error) => {
            // Nothing to be done where even the terminal is gone.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Fine }
        }
    };
    exit.into()
}
