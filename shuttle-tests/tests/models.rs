//! Every check that shuttle runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::harness;
use shuttle_tests::selfcheck;

fn main() -> ExitCode {
    harness::main(selfcheck::checks(), loom_tests::BACKEND)
}
