//! Says what the binary was built from: compiler, commit, flags.

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let commit = match (first_line("git", &["rev-parse", "--short=12", "HEAD"]), changes()) {
        (Some(commit), Some(false)) => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "unknown".into(),
    };
    let version = first_line(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().replace('\x1f', " ");
    println!("cargo::rustc-env=STRESS_COMMIT={commit}");
    println!("cargo::rustc-env=STRESS_RUSTC={version}");
    println!("cargo::rustc-env=STRESS_FLAGS={flags}");
    println!("cargo::rustc-env=STRESS_OPT_LEVEL={}", env::var("OPT_LEVEL").unwrap_or_default());
    println!("cargo::rustc-env=STRESS_TARGET={}", env::var("TARGET").unwrap_or_default());
    // Whatever is in the binary; the log says when another commit is checked out.
    for path in ["build.rs", "Cargo.toml", "src", "../src", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Some(log) = first_line("git", &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// Whether files differ from the commit; `None` without git.
fn changes() -> Option<bool> {
    let output = Command::new("git").args(["status", "--porcelain"]).output().ok()?;
    output.status.success().then_some(!output.stdout.is_empty())
}

fn first_line(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().map(str::to_owned))?
}
