//! Counts, and prints a [`Report`](atomics::Report) as JSON. Built and run by `cargo xtask
//! atomics`: only the steered backend counts.

use std::process::ExitCode;

#[cfg(stampool_model = "steered")]
mod counted;

#[cfg(stampool_model = "steered")]
fn main() -> ExitCode {
    match serde_json::to_writer(std::io::stdout(), &counted::report()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(stampool_model = "steered"))]
fn main() -> ExitCode {
    eprintln!("error: this build does not count: cargo xtask atomics");
    ExitCode::FAILURE
}
