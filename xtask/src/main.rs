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
    /// Count the atomic accesses of each path, by kind; a hit has none, and the rest is as kept.
    Atomics(atomics::Options),
    /// Times and memory against what one would use instead: a table, JSON and a page of plots.
    Bench(bench::Options),
    /// Run the model checks and write the ledger, target/stampool/ledger.json.
    Checks(checks::Options),
    /// Everything that CI runs.
    Ci(ci::Options),
    /// The main job: which strategy, is it right, what does it cost? Some minutes, mostly building.
    Compare(compare::Options),
    /// The library's tests and a short stress run for other processors, in an emulator.
    Cross(cross::Options),
    /// Build and test projects outside of the workspace that depend on stampool; count their
    /// packages; package what is published.
    Downstream(downstream::Options),
    /// Count the instructions of the allocator family's calls beside those of other allocators.
    Family(family::Options),
    /// Compare loom with shuttle's depth-first search on random small programs.
    FuzzLoom(fuzz_loom::Options),
    /// Fuzz the pool: bytes to programs of its operations, against a plain reference.
    FuzzPool(fuzz_pool::Options),
    /// Print the hit path as compiled, and fail unless it is free of atomics and calls.
    HitPath(hit_path::Options),
    /// Count the instructions of hit, exchange and carve, and compare with those that were kept.
    Instructions(instructions::Options),
    /// List which of our functions an allocation, a refill, a carve and a flush call.
    Path(path::Options),
    /// Check the layers of src, the names of backends, the length of files and the ordering tags.
    Layers(layers::Options),
    /// Put the ledgers of several machines together, or compare two.
    Ledger(ledgers::Options),
    /// Count the library's lines of code, layer by layer.
    Lines(lines::Options),
    /// Compare loom with the known outcomes of litmus tests.
    Litmus(litmus::Options),
    /// The library's tests under Miri: undefined behaviour, weak memory, other targets.
    Miri(miri::Options),
    /// Run every kept fault of the core, and every ordering one step weaker; some check must
    /// notice.
    Mutants(mutants::Options),
    /// Stress under ThreadSanitizer, AddressSanitizer and valgrind; tsan must report a mutant.
    Sanitize(sanitize::Options),
    /// Throughput over threads, with plots, and a model of what exchanges cost over cores.
    Scale(scale::Options),
    /// Stress with threads that are held up where it hurts: `cargo xtask steered -- run --help`.
    Steered(steered::Options),
    /// The second half of `mutants` alone, on the shipped sources, or for one site.
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
