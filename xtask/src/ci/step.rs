//! A step of `cargo xtask ci`.

/// What runs a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Cargo.
    Cargo,
    /// This program.
    Xtask,
}

/// One step.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// What is run, at which bound.
    pub(super) what: String,
    pub(super) program: Program,
    pub(super) words: Vec<&'static str>,
    /// Variables for its environment.
    pub(super) settings: &'static [(&'static str, &'static str)],
}

impl Step {
    pub(super) fn new(
        name: &'static str,
        what: &str,
        program: Program,
        words: &'static str,
    ) -> Self {
        let words = words.split_whitespace().collect();
        Self { name, what: what.into(), program, words, settings: &[] }
    }

    /// The command that runs it again.
    pub(super) fn command(&self) -> String {
        let settings = self.settings.iter().map(|(name, value)| format!("{name}='{value}' "));
        let program = match self.program {
            Program::Cargo => "cargo",
            Program::Xtask => "cargo xtask",
        };
        format!("{}{program} {}", settings.collect::<String>(), self.words.join(" "))
    }
}
