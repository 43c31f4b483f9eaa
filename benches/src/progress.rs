//! What a person sees while rounds run, on standard error.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::rounds::Step;

/// Shows the rounds of `what` as they pass: a bar on a terminal, and elsewhere a line before and, if
/// other work was in the way, a line after.
pub fn show(what: &str, rounds: usize) -> impl FnMut(Step) + use<> {
    let what = what.to_owned();
    let bar = bar(&what, rounds);
    let (mut passed, mut repeated) = (0, 0);
    move |step| match step {
        Step::Repeated(turns) => {
            repeated += turns;
            bar.set_message(message(&what, repeated));
            bar.tick();
        }
        Step::Round => {
            bar.inc(1);
            passed += 1;
            if passed == rounds && repeated > 0 && bar.is_hidden() {
                eprintln!("{}", message(&what, repeated));
            }
        }
    }
}

fn message(what: &str, repeated: usize) -> String {
    match repeated {
        0 => what.to_owned(),
        _ => format!("{what} ({repeated} turns done again: other work is in the way)"),
    }
}

fn bar(what: &str, rounds: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        eprintln!("measuring {what}: {rounds} rounds");
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} round {pos}/{len} {elapsed}");
    ProgressBar::new(rounds.try_into().unwrap_or(u64::MAX))
        .with_style(style.expect("the template is valid"))
        .with_finish(ProgressFinish::AndClear)
        .with_message(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn turns_that_are_done_again_are_told() {
        assert_eq!(message("hit", 0), "hit");
        assert_eq!(message("hit", 3), "hit (3 turns done again: other work is in the way)");
    }
}
