//! One function out of a file of assembly, as rustc writes it for x86-64.

use core::fmt;

use anyhow::{Context, Result, ensure};

/// A function's lines, without directives.
#[derive(Debug)]
pub(crate) struct Listing {
    /// In the order of the file.
    pub(crate) lines: Vec<Line>,
}

/// A line that matters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A place to jump to.
    Label(String),
    /// An instruction; a `lock` prefix stands before it, in the same line.
    Instruction(String),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(name) => write!(f, "{name}:"),
            Self::Instruction(text) => write!(f, "    {text}"),
        }
    }
}

impl Listing {
    /// The function whose mangled name contains `name`.
    ///
    /// # Errors
    /// Where there is none, or it is empty.
    pub(crate) fn of(assembly: &str, name: &str) -> Result<Self> {
        let mut lines = assembly.lines();
        lines
            .find(|line| is_symbol(line) && line.contains(name))
            .with_context(|| format!("no function {name} in the assembly"))?;
        let body = lines.take_while(|line| !line.trim_start().starts_with(".size"));
        let lines: Vec<Line> = body.filter_map(line).collect();
        ensure!(!lines.is_empty(), "{name} has no instructions");
        Ok(Self { lines })
    }
}

/// Whether a line begins a function.
fn is_symbol(line: &str) -> bool {
    line.ends_with(':') && !line.starts_with(['.', ' ', '\t', '#'])
}

fn line(text: &str) -> Option<Line> {
    // A tab parts mnemonic and operands, comments begin with '#'.
    let text = text.split('#').next()?.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.strip_suffix(':') {
        // Debug information only.
        Some(label) if label.starts_with(".Ltmp") || label.starts_with(".Lfunc") => None,
        Some(label) => Some(Line::Label(label.into())),
        None if text.is_empty() || text.starts_with('.') => None,
        None => Some(Line::Instruction(text)),
    }
}
