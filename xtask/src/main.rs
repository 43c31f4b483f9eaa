//! `cargo xtask`: all commands. One module per command, a file or a folder;
//! `common` has what several commands need.

mod atomics;
mod bench;
mod checks;
mod ci;
mod common;
mod compare;
mod cross;
mod downstream;
mod family;
mod fuzz_loom;
mod fuzz_pool;
mod hit_path;
mod instructions;
mod layers;
mod ledgers;
mod lines;
mod litmus;
mod miri;
mod mutants;
mod path;
mod sanitize;
mod scale;
mod steered;
mod suites;
mod weaken;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The workbench of stampool.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count the atomic accesses of each path: a hit has none, the others as many as kept.
    Atomics(atomics::Options),
    /// Measure times and memory against other allocators and pools: table, JSON and page.
    Bench(bench::Options),
    /// Run the model checks and write the ledger, target/stampool/ledger.json.
    Checks(checks::Options),
    /// Run everything that CI runs.
    Ci(ci::Options),
    /// Check, stress and time the five strategies, and recommend one. Takes minutes.
    Compare(compare::Options),
    /// Run the library's tests and a short stress for other processors, in an emulator.
    Cross(cross::Options),
    /// Build and test fresh projects that depend on stampool; package what is published.
    Downstream(downstream::Options),
    /// Measure the members of the allocator family beside other allocators.
    Family(family::Options),
    /// Compare loom with shuttle's depth-first search on random small programs.
    FuzzLoom(fuzz_loom::Options),
    /// Fuzz the pool: bytes to programs of its operations, against a plain reference.
    FuzzPool(fuzz_pool::Options),
    /// Print the hit path as compiled, and fail unless it is free of atomics and calls.
    HitPath(hit_path::Options),
    /// Count the instructions of hit, exchange and carve, and compare with kept counts.
    Instructions(instructions::Options),
    /// Check the layers of src, the names of backends, lengths of files and ordering tags.
    Layers(layers::Options),
    /// Put the ledgers of several machines together, or compare two.
    Ledger(ledgers::Options),
    /// Count the library's lines of code, layer by layer.
    Lines(lines::Options),
    /// Compare loom with the known outcomes of litmus tests.
    Litmus(litmus::Options),
    /// Run the library's tests under Miri: undefined behaviour, weak memory, other targets.
    Miri(miri::Options),
    /// Run every kept fault of the core and each ordering weakened; a check must notice.
    Mutants(mutants::Options),
    /// List which of our functions an allocation, a refill, a carve and a flush call.
    Path(path::Options),
    /// Run stress under tsan, asan and valgrind (memcheck); tsan must report a mutant.
    Sanitize(sanitize::Options),
    /// Measure throughput over threads, and draw it with a model of what exchanges cost.
    Scale(scale::Options),
    /// Stress the pool with threads held up at chosen accesses: `steered -- run --help`.
    Steered(steered::Options),
    /// Run other allocators' own test suites on members of the family.
    Suites(suites::Options),
    /// Weaken each ordering by a step, or those of one site; some check must notice.
    Weaken(weaken::Options),
}

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Atomics(options) => atomics::run(&options),
        Command::Bench(options) => bench::run(&options),
        // The exit codes are those of `stress`.
        Command::Steered(options) => match steered::run(&options) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Checks(options) => checks::run(&options),
        Command::Ci(options) => ci::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Cross(options) => cross::run(&options),
        Command::Downstream(options) => downstream::run(&options),
        Command::Family(options) => family::run(&options),
        Command::FuzzLoom(options) => fuzz_loom::run(&options),
        Command::FuzzPool(options) => fuzz_pool::run(&options),
        Command::HitPath(options) => hit_path::run(&options),
        Command::Instructions(options) => instructions::run(&options),
        Command::Path(options) => path::run(&options),
        Command::Layers(options) => layers::run(&options),
        Command::Ledger(options) => ledgers::run(&options),
        Command::Lines(options) => lines::run(&options),
        Command::Litmus(options) => litmus::run(&options),
        Command::Miri(options) => miri::run(&options),
        Command::Mutants(options) => mutants::run(&options),
        Command::Sanitize(options) => sanitize::run(&options),
        Command::Scale(options) => scale::run(&options),
        Command::Suites(options) => suites::run(&options),
        Command::Weaken(options) => weaken::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_list_of_commands_fits_a_terminal() {
        let help = Options::command().render_help().to_string();
        let wide = help.lines().find(|line| line.chars().count() > 100);
        assert!(wide.is_none(), "{wide:?}");
    }
}
