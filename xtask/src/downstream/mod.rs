//! `cargo xtask downstream`: projects outside of the workspace that depend on stampool by path.
//!
//! Cargo writes into a lockfile whatever any target may need, so a dependency that only the checks
//! use would stand in the lockfile of everybody who uses the pool, and an exact version of it would
//! decide which version they may use themselves. Three projects in `target/stampool/downstream`
//! show that neither happens: one with stampool alone, whose packages are counted; one with the two
//! checkers beside it, which must resolve; and one with loom beside it, whose tests are run. A fourth
//! one has no standard library, and is checked for a machine without an operating system. Then come
//! the projects that check a structure of their own ([`examples`]).
//!
//! Cargo refuses to package a library that depends on a crate without a published version, whatever
//! target and feature that dependency is for. So what is published is packaged too.
//!
//! Each lockfile is made anew, so the registry is asked unless `CARGO_NET_OFFLINE` is set.

mod examples;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::common::{models, workspace};

/// The application, stampool, crossbeam-epoch, crossbeam-utils, intrusive-collections, portable-atomic.
const MOST_PACKAGES: usize = 6;

/// Where the projects are written, from the workspace's root.
const FOLDER: &str = "target/stampool/downstream";

/// What is published: the library, the engines of the models, which its manifest names, and the
/// library of the checks.
const PUBLISHED: &str = "package --package porf --package steered --package stampool \
     --package exact-outcomes --package exact-outcomes-ledger --no-verify --allow-dirty --quiet";

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// A machine without an operating system, and without the standard library.
const BARE: &str = "x86_64-unknown-none";

/// A project, and the lines below `[dev-dependencies]` in its manifest.
struct Project {
    name: &'static str,
    /// What follows stampool's path in the manifest.
    features: &'static str,
    dev_dependencies: &'static str,
    source: &'static str,
}

const ALONE: Project = Project { name: "alone", features: "", dev_dependencies: "", source: "" };

const NO_STD: Project = Project {
    name: "no-std",
    features: ", default-features = false, features = [\"family\"]",
    dev_dependencies: "",
    source: r#"
#![no_std]

use core::alloc::Layout;
use core::mem::MaybeUninit;

use stampool::BufferSource;
use stampool::alloc::{BestFit, Blocks, GoodFit, Linear, SignPost, Stack, Static};

/// Whether each member for one thread has a block.
pub fn all(memory: [&'static mut [MaybeUninit<u8>]; 7]) -> bool {
    let layout = Layout::new::<u64>();
    let [first, second, third, fourth, fifth, sixth, seventh] = memory;
    let linear = Linear::new(BufferSource::new(first));
    let mut stack = Stack::new(BufferSource::new(second));
    let blocks = Blocks::new(layout, BufferSource::new(third));
    let fixed = Static::new(fourth);
    let good = GoodFit::new(BufferSource::new(fifth));
    let best = BestFit::new(BufferSource::new(sixth));
    let sign = SignPost::new(BufferSource::new(seventh));
    linear.allocate(layout).is_ok()
        && stack.scope(|scope| scope.allocate(layout).is_ok())
        && blocks.is_ok_and(|blocks| blocks.allocate(layout).is_ok())
        && fixed.allocate(layout).is_ok()
        && good.allocate(layout).is_ok()
        && best.allocate(layout).is_ok()
        && sign.allocate(layout).is_ok()
}
"#,
};

const CHECKERS: Project = Project {
    name: "checkers",
    features: "",
    dev_dependencies: "loom = \"0.7.3\"\nshuttle = \"0.9.10\"\n",
    source: "",
};

const LOOM: Project = Project {
    name: "loom",
    features: "",
    dev_dependencies: "loom = \"0.7.3\"\n",
    source: r#"
#[test]
fn a_pool_works_beside_a_checker() {
    let pool = stampool::Pool::builder(std::alloc::Layout::new::<u64>()).build().unwrap();
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: the block has the size and the alignment of a u64, and nobody else uses it.
    unsafe { block.cast::<u64>().write(7) };
    // SAFETY: it came from this pool, and is not used again.
    unsafe { local.deallocate(block) };
}

#[test]
fn loom_explores_something_else() {
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::sync::Arc;

    loom::model(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&count);
        let thread = loom::thread::spawn(move || other.fetch_add(1, Ordering::Relaxed));
        count.fetch_add(1, Ordering::Relaxed);
        thread.join().unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
    });
}
"#,
};

/// Runs the command.
///
/// # Errors
/// Where a project does not resolve or build, has too many packages, or fails its tests, where an
/// example's check fails or its fault is not found, or where a library cannot be packaged.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let alone = lock(&ALONE)?;
    println!(
        "stampool alone: {} packages, at most {MOST_PACKAGES}: {}",
        alone.len(),
        alone.join(", ")
    );
    are_few(&alone)?;
    let both = lock(&CHECKERS)?;
    println!("with loom and shuttle as dev-dependencies: resolves, {} packages", both.len());
    lock(&LOOM)?;
    cargo(&LOOM, "test --quiet")?;
    println!("with loom as dev-dependency: its tests pass");
    bare_metal()?;
    examples::run(&workspace::root()?.join(FOLDER).join("target"))?;
    let packaged = workspace::cargo()?.args(PUBLISHED.split(' ')).status()?.success();
    ensure!(packaged, "the library cannot be published; again: cargo {PUBLISHED}");
    println!("porf, steered, stampool, exact-outcomes and its ledger: packaged");
    Ok(())
}

/// Checks the members for one thread for a machine without an operating system.
fn bare_metal() -> Result<()> {
    let packages = lock(&NO_STD)?;
    // The project, stampool, and the trees of `BestFit`.
    ensure!(packages.len() == 3, "without std stampool needs {}", packages.join(", "));
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let is_installed =
        |list: Vec<u8>| String::from_utf8_lossy(&list).lines().any(|line| line == BARE);
    if !installed.is_ok_and(|output| is_installed(output.stdout)) {
        skips::skip("bare metal", "rustup target add x86_64-unknown-none");
        return Ok(());
    }
    cargo(&NO_STD, "check --quiet --target x86_64-unknown-none")?;
    println!(
        "without std: the members for one thread build for {BARE}, and need intrusive-collections alone"
    );
    Ok(())
}

/// Writes the project, has cargo make a lockfile for it, and returns the packages in that.
fn lock(project: &Project) -> Result<Vec<String>> {
    let folder = workspace::root()?.join(FOLDER).join(project.name);
    write(project, &folder).with_context(|| format!("cannot write {}", folder.display()))?;
    cargo(project, "generate-lockfile --quiet")?;
    Ok(packages(&fs::read_to_string(folder.join("Cargo.lock"))?))
}

fn write(project: &Project, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest(project, &workspace::root()?)?)?;
    Ok(fs::write(folder.join("src/lib.rs"), project.source)?)
}

/// The manifest. The project is a workspace of its own, as one outside of this repository is.
fn manifest(project: &Project, stampool: &Path) -> Result<String> {
    let Project { name, features, dev_dependencies, .. } = project;
    let path = models::toml_string(stampool)?;
    Ok(format!(
        "[package]\nname = \"downstream-{name}\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nstampool = {{ path = {path}{features} }}\n\n\
         [dev-dependencies]\n{dev_dependencies}"
    ))
}

/// Runs cargo in the project's folder.
fn cargo(project: &Project, words: &str) -> Result<()> {
    let command = command(project, words);
    let mut cargo: Command = workspace::cargo()?;
    cargo.current_dir(workspace::root()?.join(FOLDER).join(project.name));
    // One folder for all projects: what they share is built once.
    cargo.env("CARGO_TARGET_DIR", workspace::root()?.join(FOLDER).join("target"));
    let status = cargo.args(words.split(' ')).status().context("cannot start cargo")?;
    ensure!(status.success(), "a project that depends on stampool fails; again: {command}");
    Ok(())
}

/// The command that does it again, from the workspace's root.
fn command(project: &Project, words: &str) -> String {
    format!("(cd {FOLDER}/{} && cargo {words})", project.name)
}

/// The names in a lockfile.
fn packages(lockfile: &str) -> Vec<String> {
    let names = lockfile.lines().filter_map(|line| line.strip_prefix("name = "));
    names.map(|name| name.trim_matches('"').to_owned()).collect()
}

fn are_few(packages: &[String]) -> Result<()> {
    let len = packages.len();
    ensure!(
        len <= MOST_PACKAGES,
        "a project with stampool alone has {len} packages in its lockfile, more than \
         {MOST_PACKAGES}; again: {}",
        command(&ALONE, "generate-lockfile && cargo tree --target all --edges all")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockfile(names: &[&str]) -> String {
        let package = |name: &&str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [\n \"name\",\n]\n\n"
            )
        };
        format!("version = 4\n\n{}", names.iter().map(package).collect::<String>())
    }

    #[test]
    fn packages_are_counted_by_name() {
        assert_eq!(packages(&lockfile(&["app", "stampool"])), ["app", "stampool"]);
        // Two versions of one package are two.
        assert_eq!(packages(&lockfile(&["loom", "loom"])).len(), 2);
    }

    #[test]
    fn six_packages_are_few_and_seven_are_not() {
        are_few(&packages(&lockfile(&["a"; 6]))).unwrap();
        let error = are_few(&packages(&lockfile(&["a"; 7]))).unwrap_err().to_string();
        assert!(error.contains("7 packages"), "{error}");
        assert!(error.contains("(cd target/stampool/downstream/alone && cargo "), "{error}");
    }

    #[test]
    fn a_project_stands_outside_of_the_workspace() {
        let manifest = manifest(&LOOM, Path::new("/some where/\"x\"")).unwrap();
        assert!(manifest.contains("\n[workspace]\n"), "{manifest}");
        assert!(manifest.contains(r#"stampool = { path = "/some where/\"x\"" }"#), "{manifest}");
        assert!(manifest.ends_with("[dev-dependencies]\nloom = \"0.7.3\"\n"), "{manifest}");
    }
}
