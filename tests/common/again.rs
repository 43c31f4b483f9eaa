//! Tests that run themselves again, in a process of its own.

use std::process::Command;

/// A command that runs this program again, in the emulator if `cargo xtask cross` runs it in one.
pub(crate) fn this_program() -> Command {
    let program = std::env::current_exe().expect("a path");
    let Ok(emulator) = std::env::var("STAMPOOL_EMULATOR") else { return Command::new(program) };
    let mut words = emulator.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).arg(program);
    command
}
