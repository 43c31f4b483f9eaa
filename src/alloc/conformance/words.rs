//! Programs in words, for a person who reads a failure.

use core::fmt;

use super::{Fit, Program, SourcePlan, Step};
use crate::source::LARGEST_ALIGN;

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  source: {}", self.source)?;
        for (at, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {at}: {step}")?;
        }
        let order = if self.oldest_first { "oldest" } else { "newest" };
        writeln!(f, "  {}: free what is left, the {order} first", self.steps.len())
    }
}

impl fmt::Display for SourcePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { skew, refuse_from, refuse, misalign, room, is_falling, granule, max_align } =
            *self;
        write!(
            f,
            "regions begin {skew} bytes behind a multiple of 64 KiB, before they are aligned"
        )?;
        if is_falling {
            write!(f, "; each region lies below the one before")?;
        }
        if refuse > 0 {
            write!(f, "; from call {refuse_from} on it refuses {refuse}")?;
        }
        if let Some(call) = misalign {
            write!(f, "; call {call} returns a misaligned region")?;
        }
        if room > 0 {
            write!(f, "; a region can be extended by {room} bytes")?;
        }
        if granule != 1 {
            write!(f, "; it counts in steps of {granule} bytes")?;
        }
        if max_align != LARGEST_ALIGN {
            write!(f, "; it serves alignments up to {max_align}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Allocate { layout, zeroed } => {
                let call = if zeroed { "allocate_zeroed" } else { "allocate" };
                write!(f, "{call}: {} bytes aligned to {}", layout.size(), layout.align())
            }
            Self::Deallocate { which, fit } => {
                write!(f, "deallocate: {}{}", Which(which), Passed(fit))
            }
            Self::Grow { which, fit, by, align, zeroed, in_place } => {
                let call = match (in_place, zeroed) {
                    (true, _) => "grow_in_place",
                    (false, true) => "grow_zeroed",
                    (false, false) => "grow",
                };
                let (which, fit) = (Which(which), Passed(fit));
                write!(f, "{call}: {which} by {by} bytes, aligned to {align}{fit}")
            }
            Self::Shrink { which, fit, to, align, in_place } => {
                let call = if in_place { "shrink_in_place" } else { "shrink" };
                let (which, fit) = (Which(which), Passed(fit));
                write!(f, "{call}: {which} to {to}/255 of its size, aligned to {align}{fit}")
            }
            Self::Move => f.write_str("the allocator's value moves to another address"),
            Self::Reset => f.write_str("reset"),
        }
    }
}

/// The block that a step chooses.
struct Which(usize);

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            usize::MAX => f.write_str("the newest live block"),
            which => write!(f, "live block {which} (modulo their number)"),
        }
    }
}

/// The size that is passed back with a block.
struct Passed(Fit);

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 {
            0 => Ok(()),
            255 => f.write_str("; its returned length is passed as its size"),
            part => write!(
                f,
                "; the size passed is {part}/255 of the way from the requested to the returned one"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::alloc::Layout;

    use super::*;

    #[test]
    fn a_program_reads_as_sentences() {
        let source = SourcePlan {
            skew: 492,
            refuse_from: 2,
            refuse: 1,
            misalign: Some(0),
            room: 8,
            is_falling: false,
            granule: 4096,
            max_align: 16,
        };
        let newest = usize::MAX;
        let grow = |in_place| Step::Grow {
            which: newest,
            fit: Fit(255),
            by: 7,
            align: 1,
            zeroed: true,
            in_place,
        };
        let steps = vec![
            Step::Allocate { layout: Layout::new::<u16>(), zeroed: false },
            grow(false),
            grow(true),
            Step::Shrink { which: 3, fit: Fit(0), to: 51, align: 2, in_place: false },
            Step::Deallocate { which: newest, fit: Fit(5) },
            Step::Move,
            Step::Reset,
        ];
        let program = Program { source, steps, oldest_first: true };
        assert_eq!(
            program.to_string(),
            "  source: regions begin 492 bytes behind a multiple of 64 KiB, before they are \
             aligned; from call 2 on it refuses 1; call 0 returns a misaligned region; a \
             region can be extended by 8 bytes; it counts in steps of 4096 bytes; it serves \
             alignments up to 16\n  \
             0: allocate: 2 bytes aligned to 2\n  \
             1: grow_zeroed: the newest live block by 7 bytes, aligned to 1; its returned length \
             is passed as its size\n  \
             2: grow_in_place: the newest live block by 7 bytes, aligned to 1; its returned length \
             is passed as its size\n  \
             3: shrink: live block 3 (modulo their number) to 51/255 of its size, aligned to 2\n  \
             4: deallocate: the newest live block; the size passed is 5/255 of the way from the \
             requested to the returned one\n  \
             5: the allocator's value moves to another address\n  \
             6: reset\n  \
             7: free what is left, the oldest first\n"
        );
    }
}
