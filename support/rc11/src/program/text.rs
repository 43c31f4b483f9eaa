//! Programs as text.

use core::fmt;
use core::str::FromStr;

use super::{Guard, LOCATIONS, Op, Order, Program, Step, Value};

const NAMES: [char; LOCATIONS] = ['x', 'y', 'z', 'u'];

/// A step, or an ordering, that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no step of a program", self.0)
    }
}

impl core::error::Error for ParseError {}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relaxed => "rlx",
            Self::Acquire => "acq",
            Self::Release => "rel",
            Self::AcqRel => "ar",
            Self::SeqCst => "sc",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::LastRead => f.write_str("r"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.guard {
            Guard::Always => {}
            Guard::If(value) => write!(f, "[{value}]")?,
            Guard::Unless(value) => write!(f, "[!{value}]")?,
        }
        let name = self.op.location().map_or('F', |location| NAMES[location]);
        match self.op {
            Op::Load(_, order) | Op::Fence(order) => write!(f, "{name}.{order}"),
            Op::Store(_, value, order) => write!(f, "{name}={value}.{order}"),
            Op::Add(_, value, order) => write!(f, "{name}+{value}.{order}"),
            Op::Swap(_, value, order) => write!(f, "{name}<{value}.{order}"),
            Op::Exchange(_, old, new, success, failure) => {
                write!(f, "{name}?{old}:{new}.{success}/{failure}")
            }
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, thread) in self.threads.iter().enumerate() {
            if i > 0 {
                f.write_str(" | ")?;
            }
            for (j, step) in thread.iter().enumerate() {
                let space = if j > 0 { " " } else { "" };
                write!(f, "{space}{step}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Order {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Relaxed, Self::Acquire, Self::Release, Self::AcqRel, Self::SeqCst];
        let found = all.into_iter().find(|order| order.to_string() == text);
        found.ok_or_else(|| ParseError(text.to_owned()))
    }
}

fn order(text: &str) -> Option<Order> {
    text.parse().ok()
}

fn value(text: &str) -> Option<Value> {
    if text == "r" { Some(Value::LastRead) } else { text.parse().ok().map(Value::Number) }
}

/// A guard, and what stands behind it.
fn guard(text: &str) -> Option<(Guard, &str)> {
    let Some(inner) = text.strip_prefix('[') else { return Some((Guard::Always, text)) };
    let (condition, rest) = inner.split_once(']')?;
    let guard = match condition.strip_prefix('!') {
        Some(value) => Guard::Unless(value.parse().ok()?),
        None => Guard::If(condition.parse().ok()?),
    };
    Some((guard, rest))
}

/// Whether an operation takes this ordering. The standard forbids the others.
fn legal(op: Op) -> bool {
    use Order::{AcqRel, Acquire, Relaxed, Release};
    match op {
        Op::Load(_, order) | Op::Exchange(_, _, _, _, order) => !matches!(order, Release | AcqRel),
        Op::Store(_, _, order) => !matches!(order, Acquire | AcqRel),
        Op::Fence(order) => order != Relaxed,
        Op::Add(..) | Op::Swap(..) => true,
    }
}

fn op(text: &str) -> Option<Op> {
    let (access, orders) = text.split_once('.')?;
    if access == "F" {
        return Some(Op::Fence(order(orders)?));
    }
    let mut chars = access.chars();
    let name = chars.next()?;
    let location = NAMES.iter().position(|known| *known == name)?;
    let Some(sign) = chars.next() else { return Some(Op::Load(location, order(orders)?)) };
    let rest = chars.as_str();
    if sign == '?' {
        let (old, new) = rest.split_once(':')?;
        let (success, failure) = orders.split_once('/')?;
        let (old, new) = (old.parse().ok()?, value(new)?);
        return Some(Op::Exchange(location, old, new, order(success)?, order(failure)?));
    }
    let (value, order) = (value(rest)?, order(orders)?);
    match sign {
        '=' => Some(Op::Store(location, value, order)),
        '+' => Some(Op::Add(location, value, order)),
        '<' => Some(Op::Swap(location, value, order)),
        _ => None,
    }
}

impl FromStr for Step {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let step = guard(text).and_then(|(guard, rest)| Some(Self { guard, op: op(rest)? }));
        step.filter(|step| legal(step.op)).ok_or_else(|| ParseError(text.to_owned()))
    }
}

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let thread = |thread: &str| thread.split_whitespace().map(str::parse).collect();
        Ok(Self { threads: text.split('|').map(thread).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written() {
        let text = "x.acq x=1.rel y+2.sc z<r.ar u?0:r.ar/acq F.rel | [1]x=2.rlx [!0]F.sc | ";
        let program: Program = text.parse().expect("the text is correct");
        assert_eq!(program.to_string(), text);
        assert_eq!(program.locations(), 4);
    }

    #[test]
    fn what_is_no_step_is_named() {
        let wrong =
            ["x", "x.foo", "v.rlx", "x-1.rlx", "x.rel", "x=1.acq", "F.rlx", "x?0:1.ar", "[1x.rlx"];
        for text in wrong {
            assert_eq!(text.parse::<Program>(), Err(ParseError(text.to_owned())), "{text}");
        }
    }
}
