//! One litmus test and its verdict.

use crate::model::{Executions, Outcome};
use crate::program::Program;

/// What the model says about an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some execution has it.
    Allowed,
    /// No execution has it.
    Forbidden,
}

/// A program, and an outcome that is the point of it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The usual name, and what is special here.
    pub name: &'static str,
    /// The program's text.
    pub program: &'static str,
    /// What the threads read, with `|` between threads and `*` for anything. If `=>` follows, also
    /// what the locations hold at the end.
    pub outcome: &'static str,
    /// The verdict of RC11.
    pub verdict: Verdict,
}

/// Whether `pattern` says the same as `text`, word for word.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.split_whitespace(), text.split_whitespace());
    pattern.clone().count() == text.clone().count()
        && pattern.zip(text).all(|(pattern, word)| pattern == "*" || pattern == word)
}

impl Shape {
    /// The program.
    ///
    /// # Panics
    /// If it cannot be read, or if the outcome has not as many words as the program has reads and,
    /// behind `=>`, locations: a slip in the table.
    #[must_use]
    pub fn program(&self) -> Program {
        let program: Program = self.program.parse().expect("the table's programs can be read");
        let (reads, last) = self.outcome.split_once("=>").unwrap_or((self.outcome, ""));
        let threads: Vec<&str> = reads.split('|').collect();
        assert_eq!(threads.len(), program.threads.len(), "{}: threads", self.name);
        for (words, steps) in threads.iter().zip(&program.threads) {
            let reads = steps.iter().filter(|step| step.op.reads()).count();
            assert_eq!(words.split_whitespace().count(), reads, "{}: reads", self.name);
        }
        let words = last.split_whitespace().count();
        let expected = if self.outcome.contains("=>") { program.locations() } else { 0 };
        assert_eq!(words, expected, "{}: locations", self.name);
        program
    }

    fn is(&self, outcome: &Outcome) -> bool {
        let text = outcome.to_string();
        if self.outcome.contains("=>") {
            return matches(self.outcome, &text);
        }
        let (reads, _) = text.split_once("=>").expect("an outcome names the last values");
        matches(self.outcome, reads)
    }

    /// What `executions` say about the outcome.
    #[must_use]
    pub fn judge(&self, executions: &Executions) -> Verdict {
        let seen = executions.outcomes.iter().any(|outcome| self.is(outcome));
        if seen { Verdict::Allowed } else { Verdict::Forbidden }
    }
}
