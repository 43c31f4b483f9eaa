//! The processors: how programs for them are built and run here.

use std::env;

use crate::common::nightly;

/// A processor that this machine emulates.
pub(super) struct Machine {
    pub(super) target: &'static str,
    linker: &'static str,
    emulator: &'static str,
    /// Where the cross compiler's package puts the C library.
    libraries: &'static str,
}

/// All of them: 32 bits, weaker ordering, and no 128-bit compare-exchange.
pub(super) const MACHINES: [Machine; 3] = [
    Machine {
        target: "i686-unknown-linux-gnu",
        linker: "i686-linux-gnu-gcc",
        emulator: "qemu-i386-static",
        libraries: "/usr/i686-linux-gnu",
    },
    Machine {
        target: "aarch64-unknown-linux-gnu",
        linker: "aarch64-linux-gnu-gcc",
        emulator: "qemu-aarch64-static",
        libraries: "/usr/aarch64-linux-gnu",
    },
    Machine {
        target: "riscv64gc-unknown-linux-gnu",
        linker: "riscv64-linux-gnu-gcc",
        emulator: "qemu-riscv64-static",
        libraries: "/usr/riscv64-linux-gnu",
    },
];

/// Where the standard library for a target comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Std {
    /// Of `rustup target add`.
    Installed,
    /// Built here, from the nightly toolchain's sources.
    Built,
}

impl Std {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Built => "built here",
        }
    }

    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Installed => &[],
            Self::Built => &["-Zbuild-std"],
        }
    }
}

/// What is not here: the name of the skip, and how to get it.
pub(super) type Missing = (&'static str, String);

impl Machine {
    /// Whether all tools are there, and where the standard library comes from.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn std(&self) -> Result<Std, Missing> {
        if !is_program(self.emulator) {
            return Err(("qemu", format!("{}: apt-get install qemu-user-static", self.emulator)));
        }
        if !is_program(self.linker) {
            let package = self.linker.trim_end_matches("-gcc");
            return Err(("cross-linker", format!("apt-get install gcc-{package}")));
        }
        let Some(library) = nightly::path("target-libdir", self.target) else {
            return Err(("nightly", "rustup toolchain install nightly".into()));
        };
        if library.is_dir() {
            return Ok(Std::Installed);
        }
        let how = "rustup component add rust-src --toolchain nightly";
        if nightly::has_sources(self.target) {
            Ok(Std::Built)
        } else {
            Err(("rust-src", how.into()))
        }
    }

    /// How Cargo links for it and runs what it built.
    pub(super) fn settings(&self) -> [(String, String); 3] {
        let name = self.target.replace('-', "_").to_uppercase();
        let runner = format!("{} -L {}", self.emulator, self.libraries);
        [
            (format!("CARGO_TARGET_{name}_LINKER"), self.linker.into()),
            (format!("CARGO_TARGET_{name}_RUNNER"), runner.clone()),
            // For tests that run themselves again, as a child.
            ("STAMPOOL_EMULATOR".into(), runner),
        ]
    }
}

fn is_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
