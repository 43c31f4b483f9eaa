//! Checks that a hit executes no atomic instruction and no call.
//!
//! The judge walks every path from the entry and stops where the slow path begins: at a call of, or
//! a jump to, `Local::refill` or `Local::flush`. The instructions on these paths are all that a hit
//! can execute.

use std::collections::BTreeSet;

use super::listing::{Line, Listing};

/// Parts of the slow path's mangled names, with their lengths, as both manglings write them.
const SLOW: [&str; 3] = ["6refill", "5flush", "18deallocate_counted"];

/// What a hit executes, by the compiled code.
#[derive(Debug)]
pub(crate) struct Hit {
    /// Lines with the instructions on the ways from the entry to a return.
    pub(crate) path: BTreeSet<usize>,
    /// The instructions that a hit must not execute.
    pub(crate) charges: Vec<Charge>,
}

/// Something that a hit must not do, with the instruction that does it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// An atomic instruction or a fence.
    Atomic(String),
    /// A call, or a jump out of the function.
    Departure(String),
    /// It never returns, unless by the slow path.
    NoReturn,
}

impl Charge {
    /// Whether it is an atomic instruction.
    pub(crate) fn is_atomic(&self) -> bool {
        matches!(self, Self::Atomic(_))
    }

    /// Whether control leaves the function.
    pub(crate) fn is_departure(&self) -> bool {
        matches!(self, Self::Departure(_))
    }
}

/// Walks `listing`.
pub(crate) fn judge(listing: &Listing) -> Hit {
    let mut seen = BTreeSet::new();
    let mut steps = Vec::new();
    let mut returns = BTreeSet::new();
    let mut charges = Vec::new();
    let mut next: Vec<usize> = instruction(listing, 0).into_iter().collect();
    while let Some(at) = next.pop() {
        let Line::Instruction(text) = &listing.lines[at] else { continue };
        if !seen.insert(at) {
            continue;
        }
        let mut falls_through = true;
        match kind(text) {
            Kind::Plain => {}
            Kind::Atomic => charges.push(Charge::Atomic(text.clone())),
            Kind::Return => {
                returns.insert(at);
                falls_through = false;
            }
            Kind::Trap => falls_through = false,
            Kind::Transfer { target, conditional } => {
                falls_through = conditional;
                match listing.lines.iter().position(|line| is_label(line, target)) {
                    Some(label) => steps.extend(instruction(listing, label).map(|to| (at, to))),
                    // What lies behind a call of the slow path is the slow path's.
                    None if SLOW.iter().any(|name| target.contains(name)) => {
                        falls_through &= !is_call(text);
                    }
                    None => charges.push(Charge::Departure(text.clone())),
                }
            }
        }
        if falls_through {
            steps.extend(instruction(listing, at + 1).map(|to| (at, to)));
        }
        next.extend(steps.iter().filter(|(from, _)| *from == at).map(|(_, to)| to));
    }
    if returns.is_empty() {
        charges.push(Charge::NoReturn);
    }
    Hit { path: leading_to(returns, &steps), charges }
}

/// The first instruction at or behind a line.
fn instruction(listing: &Listing, at: usize) -> Option<usize> {
    (at..listing.lines.len()).find(|&at| matches!(listing.lines[at], Line::Instruction(_)))
}

/// Everything from which `ends` can be reached.
fn leading_to(ends: BTreeSet<usize>, steps: &[(usize, usize)]) -> BTreeSet<usize> {
    let mut path = ends;
    loop {
        let before = path.len();
        let more: Vec<usize> =
            steps.iter().filter(|(_, to)| path.contains(to)).map(|(from, _)| *from).collect();
        path.extend(more);
        if path.len() == before {
            return path;
        }
    }
}

fn is_label(line: &Line, target: &str) -> bool {
    matches!(line, Line::Label(label) if label == target)
}

fn is_call(text: &str) -> bool {
    text.starts_with("call")
}

enum Kind<'t> {
    Plain,
    Atomic,
    Return,
    Trap,
    Transfer { target: &'t str, conditional: bool },
}

fn kind(text: &str) -> Kind<'_> {
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((text, ""));
    match mnemonic {
        "lock" | "mfence" | "lfence" | "sfence" | "syscall" => Kind::Atomic,
        // With memory it locks without being told.
        _ if mnemonic.starts_with("xchg") && operands.contains('(') => Kind::Atomic,
        _ if mnemonic.starts_with("ret") => Kind::Return,
        "ud2" => Kind::Trap,
        _ if mnemonic.starts_with("jmp") => Kind::Transfer { target: operands, conditional: false },
        _ if mnemonic.starts_with('j') || is_call(mnemonic) => {
            Kind::Transfer { target: operands, conditional: true }
        }
        _ => Kind::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As rustc 1.95 writes it, names shortened.
    const FREE: &str = "
_ZN8hit_path14probe_allocate17h0E:
.Lfunc_begin21:
	.cfi_startproc
	subq	$24, %rsp
	movq	24(%rsi), %rax
	testq	%rax, %rax
	je	.LBB21_2
	movq	56(%rsi,%rax,8), %rax
	addq	$24, %rsp
	retq
.LBB21_2:
	callq	_ZN8stampool4pool5local14Local6refill17h0E
	lock		incq	(%rdi)
	jmp	.LBB21_3
.LBB21_3:
	callq	*_ZN4core6option13expect_failed17h0E@GOTPCREL(%rip)
	ud2
	.size	probe_allocate, 0
";

    fn charges(assembly: &str) -> Vec<Charge> {
        judge(&Listing::of(assembly, "probe_allocate").unwrap()).charges
    }

    #[test]
    fn what_only_the_slow_path_does_is_free() {
        let hit = judge(&Listing::of(FREE, "probe_allocate").unwrap());
        assert_eq!(hit.charges, []);
        assert_eq!(hit.path.len(), 7);
    }

    #[test]
    fn a_jump_to_the_slow_path_is_free() {
        let jump =
            FREE.replace(".LBB21_2\n	movq", "_ZN8stampool4pool5local14Local5flush17h0E\n	movq");
        assert_eq!(charges(&jump), []);
    }

    #[test]
    fn mutants_are_found() {
        let with = |instruction| FREE.replacen("testq", &format!("{instruction}\n	testq"), 1);
        for atomic in ["lock		incq	(%rdi)", "xchgq	%rax, (%rdi)", "mfence"] {
            assert!(charges(&with(atomic))[0].is_atomic(), "{atomic}");
        }
        for departure in ["callq	other", "callq	*%rax", "jne	other", "jmp	*%rax"] {
            assert!(charges(&with(departure))[0].is_departure(), "{departure}");
        }
        // Hidden behind a branch that is not the slow path's.
        let branch = FREE.replace("je	.LBB21_2", "je	.LBB21_3");
        assert!(charges(&branch)[0].is_departure());
    }

    #[test]
    fn a_hit_must_return() {
        assert_eq!(charges(&FREE.replace("retq", "ud2")), [Charge::NoReturn]);
        assert!(Listing::of(FREE, "probe_deallocate").is_err());
    }
}
