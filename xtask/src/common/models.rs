//! Builds model binaries: one target folder per checker, the private cfg, and the patched loom.

use core::time::Duration;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Message;

use crate::common::{patched_loom, workspace};

/// A build is not silent for longer than this.
const TELL_EACH: Duration = Duration::from_secs(10);

/// What the library under check is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// loom with the patch.
    Loom,
    /// loom as it is published: to show what it misses.
    LoomUpstream,
    /// porf.
    Porf,
    /// shuttle.
    Shuttle,
}

impl Model {
    /// The value of the private cfg, and what the binary must answer to `--backend`.
    pub(crate) fn backend(self) -> &'static str {
        match self {
            Self::Loom | Self::LoomUpstream => "loom",
            Self::Porf => "porf",
            Self::Shuttle => "shuttle",
        }
    }

    fn target_folder(self) -> &'static str {
        match self {
            Self::Loom => "target/loom",
            Self::LoomUpstream => "target/loom-upstream",
            Self::Porf => "target/porf",
            Self::Shuttle => "target/shuttle",
        }
    }

    /// The binary with the model checks.
    pub(crate) fn checks(self) -> Binary {
        let (package, name) = match self {
            Self::Loom | Self::LoomUpstream => ("loom-tests", "models"),
            Self::Porf => ("loom-tests", "porf"),
            Self::Shuttle => ("shuttle-tests", "models"),
        };
        Binary { package, kind: Kind::Test, name }
    }
}

/// One target of a package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary {
    /// The package that it belongs to.
    pub(crate) package: &'static str,
    /// What kind of target it is.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) name: &'static str,
}

/// A kind of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In `src/bin`.
    Bin,
    /// In `tests`, with a `main` of its own.
    Test,
}

/// Builds `binary` for `model` and returns the path of the executable.
///
/// # Errors
/// Where it does not build.
pub(crate) fn build(model: Model, binary: Binary) -> Result<PathBuf> {
    build_at(&workspace::root()?, model, binary)
}

/// As [`build`], of the copy of the workspace at `root`, into the target folder of the original:
/// what does not differ is built once for both.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_at(root: &Path, model: Model, binary: Binary) -> Result<PathBuf> {
    let Binary { package, kind, name } = binary;
    eprintln!("building {package} {name} for {}", model.backend());
    let mut cargo = workspace::cargo()?;
    cargo.current_dir(root);
    match kind {
        Kind::Bin => cargo.args(["build", "--bin", name]),
        Kind::Test => cargo.args(["test", "--no-run", "--test", name]),
    };
    cargo.args(["--package", package, "--profile", "model", "--quiet"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    cargo.arg("--target-dir").arg(workspace::root()?.join(model.target_folder()));
    if model != Model::LoomUpstream {
        // For porf and shuttle too: their builds link loom through the shared harness.
        let paths = toml_string(&patched_loom::prepare()?)?;
        cargo.args(["--config", &format!("paths=[{paths}]")]);
    }
    // The encoded form wins over every other way to set flags, so that none can drop the cfg.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(model));
    executable(cargo, name).with_context(|| format!("{package} {name} does not build"))
}

/// Builds the model checks of the workspace at `root` for `models`, all at once: a build has
/// stretches that keep one core busy.
///
/// # Errors
/// Where one of them does not build, or was built for another backend.
pub(crate) fn build_checks(root: &Path, models: &[Model]) -> Result<Vec<PathBuf>> {
    // Here, so that no two builds patch loom at the same time.
    patched_loom::prepare()?;
    let build = |model: Model| {
        let executable = build_at(root, model, model.checks())?;
        assert_backend(model, &executable)?;
        Ok(executable)
    };
    thread::scope(|scope| {
        let builds: Vec<_> = models.iter().map(|model| scope.spawn(|| build(*model))).collect();
        builds.into_iter().map(|build| build.join().expect("no build panics")).collect()
    })
}

/// Runs the build and reads the executable's path from cargo's messages, which `cargo` must print
/// to its stdout.
///
/// # Errors
/// Where it does not build.
pub(crate) fn executable(cargo: Command, name: &str) -> Result<PathBuf> {
    let mut found = executables(cargo, &[name])?;
    found.pop().context("cargo named no executable")
}

/// As [`executable`], of several, in the order of `names`. A build that takes long says every ten
/// seconds how far it is.
///
/// # Errors
/// Where it does not build.
pub(crate) fn executables(mut cargo: Command, names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let stdout = BufReader::new(child.stdout.take().context("cargo has no stdout")?);
    let mut found = vec![None; names.len()];
    let built = Mutex::new((0, String::new()));
    let (done, over) = mpsc::channel::<()>();
    let read = thread::scope(|scope| {
        scope.spawn(|| tell(&built, over));
        let read = || {
            for message in Message::parse_stream(stdout) {
                let Message::CompilerArtifact(artifact) = message? else { continue };
                if !artifact.fresh {
                    let mut built = built.lock().expect("nobody panics with it");
                    *built = (built.0 + 1, artifact.target.name.clone());
                }
                if let Some(place) = names.iter().position(|name| artifact.target.name == *name)
                    && let Some(path) = artifact.executable
                {
                    found[place] = Some(path.into_std_path_buf());
                }
            }
            Ok::<(), anyhow::Error>(())
        };
        let read = read();
        drop(done);
        read
    });
    read?;
    ensure!(child.wait()?.success(), "cargo failed");
    let found: Option<Vec<PathBuf>> = found.into_iter().collect();
    found.context("cargo did not name all executables")
}

/// Says every ten seconds how far a build is, until it is `over`.
fn tell(built: &Mutex<(usize, String)>, over: mpsc::Receiver<()>) {
    let start = Instant::now();
    while over.recv_timeout(TELL_EACH) == Err(mpsc::RecvTimeoutError::Timeout) {
        let (crates, last) = &*built.lock().expect("nobody panics with it");
        let seconds = start.elapsed().as_secs();
        let last = if last.is_empty() { String::new() } else { format!(", the last was {last}") };
        eprintln!("  building for {seconds} s: {crates} targets are done{last}");
    }
}

/// Asks a model binary which backend it was built for.
///
/// # Errors
/// Where that is another one than `model`'s: a cfg that did not arrive builds the real backend.
pub(crate) fn assert_backend(model: Model, executable: &Path) -> Result<()> {
    let output = Command::new(executable).arg("--backend").output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    ensure!(
        answer.trim() == model.backend(),
        "{} was built for the `{}` backend, not for `{}`",
        executable.display(),
        answer.trim(),
        model.backend()
    );
    Ok(())
}

/// A path as a TOML literal.
///
/// # Errors
/// Where it is not UTF-8.
pub(crate) fn toml_string(path: &Path) -> Result<String> {
    let path = path.to_str().context("the workspace's path is not UTF-8")?;
    // JSON's escapes are a subset of TOML's.
    Ok(serde_json::to_string(path)?)
}

/// The compiler's flags for a model build.
fn flags(model: Model) -> String {
    let backend = format!("--cfg\x1fstampool_model=\"{}\"", model.backend());
    match model {
        // With this the real epoch runs on loom's atomics.
        Model::Loom | Model::LoomUpstream => backend + "\x1f--cfg\x1fcrossbeam_loom",
        Model::Porf | Model::Shuttle => backend,
    }
}
