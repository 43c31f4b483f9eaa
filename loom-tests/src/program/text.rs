//! The short written form of programs.

use core::fmt;
use core::str::FromStr;

use super::{Location, Op, Order, Program};

/// The token that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(pub String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no operation", self.0)
    }
}

impl core::error::Error for ParseError {}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Narrow(n) => f.write_str(["x", "y", "z"][*n]),
            Self::Wide => f.write_str("w"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(at, order) => write!(f, "{at}.{order}"),
            Self::Store(at, value, order) => write!(f, "{at}={value}.{order}"),
            Self::Add(at, value, order) => write!(f, "{at}+{value}.{order}"),
            Self::Swap(at, value, order) => write!(f, "{at}<{value}.{order}"),
            Self::Exchange(at, old, new, success, failure) => {
                write!(f, "{at}?{old}:{new}.{success}/{failure}")
            }
            Self::Fence(order) => write!(f, "F.{order}"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, thread) in self.threads.iter().enumerate() {
            let ops: Vec<String> = thread.iter().map(ToString::to_string).collect();
            write!(f, "{}{}", if i == 0 { "" } else { " | " }, ops.join(" "))?;
        }
        Ok(())
    }
}

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let thread = |text: &str| {
            text.split_whitespace()
                .map(|token| op(token).ok_or_else(|| ParseError(token.into())))
                .collect()
        };
        Ok(Self { threads: text.split('|').map(thread).collect::<Result<_, _>>()? })
    }
}

fn op(token: &str) -> Option<Op> {
    let (what, orders) = token.split_once('.')?;
    if what == "F" {
        return Some(Op::Fence(order(orders)?));
    }
    let at = match what.chars().next()? {
        'x' => Location::Narrow(0),
        'y' => Location::Narrow(1),
        'z' => Location::Narrow(2),
        'w' => Location::Wide,
        _ => return None,
    };
    let rest = &what[1..];
    let Some(kind) = rest.chars().next() else {
        return Some(Op::Load(at, order(orders)?));
    };
    let values = &rest[1..];
    Some(match kind {
        '=' => Op::Store(at, values.parse().ok()?, order(orders)?),
        '+' => Op::Add(at, values.parse().ok()?, order(orders)?),
        '<' => Op::Swap(at, values.parse().ok()?, order(orders)?),
        '?' => {
            let (old, new) = values.split_once(':')?;
            let (success, failure) = orders.split_once('/')?;
            let (old, new) = (old.parse().ok()?, new.parse().ok()?);
            Op::Exchange(at, old, new, order(success)?, order(failure)?)
        }
        _ => return None,
    })
}

fn order(text: &str) -> Option<Order> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_back() {
        let text = "x.acq y=1.rel z+2.rlx w<3.ar | w?0:1.ar/acq F.sc w.sc";
        assert_eq!(text.parse::<Program>().unwrap().to_string(), text);
        assert_eq!("x.acq q.acq".parse::<Program>(), Err(ParseError("q.acq".into())));
        assert!("x?1.ar/acq".parse::<Program>().is_err());
        assert!("x.strong".parse::<Program>().is_err());
    }
}
