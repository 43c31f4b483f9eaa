//! The books of a round, when its threads are gone.

use core::alloc::Layout;

use super::block::Block;
use super::{Held, Shared, Violation};

/// Checks all blocks that are live, and what the allocator says of itself. `cut_off` is the number
/// of bytes that calls have taken from the allocator at most, alignment included.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn of_round(
    subject: &dyn Shared,
    blocks: &mut [Block],
    cut_off: usize,
) -> Result<(), Violation> {
    let owner = subject.owner();
    blocks.sort_unstable_by_key(|block| block.start);
    let mut above = 0;
    let mut lower = 0;
    let mut live = 0;
    for block in &*blocks {
        let (start, size) = (block.start.addr().get(), block.layout.size());
        if start < above {
            return Err(Violation::Overlap { lower, upper: start });
        }
        (lower, above) = (start, start + size);
        live += size;
        block.check_all()?;
        let last = block.start.map_addr(|start| start.saturating_add(size - 1));
        if !owner.owns(block.start) || !owner.owns(last) {
            return Err(Violation::NotOwned { block: start });
        }
    }
    let usage = owner.usage();
    let room = usage.obtained_bytes - usage.overhead_bytes;
    let most = cut_off.min(usage.capacity_bytes.unwrap_or(room).min(room));
    if usage.used_bytes < live || usage.used_bytes > most {
        return Err(Violation::Usage { used: usage.used_bytes, least: live, most });
    }
    if let Some(held) = subject.held() {
        of_source(&held, usage.obtained_bytes)?;
    }
    match usage.capacity_bytes {
        Some(capacity) => rest_of(subject, capacity - usage.used_bytes),
        None => Ok(()),
    }
}

fn of_source(held: &Held, allocator: usize) -> Result<(), Violation> {
    if let Some(fault) = held.fault() {
        return Err(fault);
    }
    let source = held.bytes();
    if source != allocator {
        return Err(Violation::Obtained { allocator, source });
    }
    Ok(())
}

/// Whether the `rest` of a buffer can be had: the mark is where the usage says.
fn rest_of(subject: &dyn Shared, rest: usize) -> Result<(), Violation> {
    let layout = Layout::from_size_align(rest, 1).expect("a part of a buffer");
    match subject.owner().allocate(layout) {
        Ok(block) => {
            // SAFETY: just allocated, and used by nobody.
            unsafe { subject.owner().deallocate(block.cast(), layout) };
            Ok(())
        }
        Err(error) => Err(Violation::Refused { reason: error.to_string(), bytes: rest }),
    }
}

/// Checks an allocator that was just reset, whose largest region had `largest` bytes.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn of_reset(subject: &dyn Shared, largest: usize) -> Result<(), Violation> {
    let usage = subject.owner().usage();
    if usage.used_bytes != 0 {
        return Err(Violation::UsedAfterReset { used: usage.used_bytes });
    }
    let Some(held) = subject.held() else { return Ok(()) };
    regions_left(&held, 1)?;
    of_source(&held, usage.obtained_bytes)?;
    let kept = held.bytes();
    if kept == largest { Ok(()) } else { Err(Violation::NotTheLargest { kept, largest }) }
}

/// Checks what the source of an allocator says that was just dropped.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn of_dropped(held: Option<&Held>) -> Result<(), Violation> {
    let Some(held) = held else { return Ok(()) };
    regions_left(held, 0)?;
    of_source(held, 0)
}

fn regions_left(held: &Held, most: usize) -> Result<(), Violation> {
    let regions = held.regions();
    if regions > most { Err(Violation::RegionsLeft { regions, most }) } else { Ok(()) }
}
