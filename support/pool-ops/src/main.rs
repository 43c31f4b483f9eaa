//! Runs programs again: `cargo run -p pool-ops -- HEX`, or with the name of a file that a fuzzer
//! has written.

use std::process::ExitCode;

use pool_ops::{Program, follow_bytes};

fn main() -> ExitCode {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    if inputs.is_empty() {
        eprintln!("give a file, or bytes in hexadecimal");
        return ExitCode::FAILURE;
    }
    for input in inputs {
        let Some(bytes) = std::fs::read(&input).ok().or_else(|| from_hex(&input)) else {
            eprintln!("{input} is neither a file nor hexadecimal");
            return ExitCode::FAILURE;
        };
        println!("{:?}", Program::from_bytes(&bytes));
        println!("{:?}", follow_bytes(&bytes));
    }
    ExitCode::SUCCESS
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|c| c.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    if is_hex { (0..text.len()).step_by(2).map(byte).collect() } else { None }
}
