//! The checks at the end of a run, when no thread is at work.

use stampool::Block;

use super::violation::{Log, Violation};
use crate::subject::{Examined, Handle, MagazineCounts};

/// Checks that every carved block is either live or found idle.
pub fn balance<U: Examined>(subject: &mut U, live: usize, log: &Log) {
    let idle = subject.idle_blocks().blocks();
    let carved = subject.carved_blocks();
    if carved != live + idle {
        log.report(Violation::Unbalanced { carved, live, idle });
    }
}

/// Checks the memory bound.
pub fn bound(carved: usize, peak_live: usize, bound: usize, log: &Log) {
    if carved > bound {
        log.report(Violation::OverBound { carved, bound, peak_live });
    }
}

/// Checks what waits against its limit, and the number of magazines. Returns whether they were
/// right.
pub fn magazines(counts: &MagazineCounts, log: &Log) -> bool {
    let MagazineCounts {
        limbo_magazines,
        limbo_limit,
        magazines,
        least_magazines,
        most_magazines,
        ..
    } = *counts;
    let limbo_fits = limbo_magazines <= limbo_limit;
    if !limbo_fits {
        log.report(Violation::OverfullLimbo { limbo_magazines, limbo_limit });
    }
    let magazines_fit = (least_magazines..=most_magazines).contains(&magazines);
    if !magazines_fit {
        log.report(Violation::OddMagazines { magazines, least_magazines, most_magazines });
    }
    limbo_fits && magazines_fit
}

/// Allocates as many blocks as were carved, all of which must be free, and gives them back.
///
/// No census is asked: a block that is lost makes the pool carve another, a block that is
/// there twice shows twice, and so do blocks that share bytes.
pub fn drain<U: Examined>(subject: &U, log: &Log) {
    let carved_before = subject.carved_blocks();
    let mut handle = match subject.attach() {
        Ok(handle) => handle,
        Err(refused) => return log.report(Violation::Refused { reason: refused.to_string() }),
    };
    let mut blocks = Vec::with_capacity(carved_before);
    for _ in 0..carved_before {
        match handle.allocate() {
            Ok(block) => blocks.push(block),
            Err(refused) => return log.report(Violation::Refused { reason: refused.to_string() }),
        }
    }
    let carved_after = subject.carved_blocks();
    if carved_after != carved_before {
        return log.report(Violation::Unreachable { carved_before, carved_after });
    }
    // SAFETY: allocated above, from this handle.
    unsafe { give_back(subject, &mut handle, blocks, log) };
}

/// Allocates until the subject refuses: that must be at its capacity, not before and not after.
/// Every block must be free.
pub fn full_capacity<U: Examined>(subject: &U, capacity: usize, log: &Log) {
    let mut handle = match subject.attach() {
        Ok(handle) => handle,
        Err(refused) => return log.report(Violation::Refused { reason: refused.to_string() }),
    };
    // One more than may be is enough to know.
    let all = core::iter::from_fn(|| handle.allocate().ok());
    let blocks: Vec<_> = all.take(capacity + 1).collect();
    let allocated = blocks.len();
    if allocated > capacity {
        return log.report(Violation::OverCapacity { blocks: allocated, capacity });
    }
    if allocated < capacity {
        return log.report(Violation::RoomLost { allocated, capacity });
    }
    // SAFETY: allocated above, from this handle.
    unsafe { give_back(subject, &mut handle, blocks, log) };
}

/// Gives blocks back, if no two of them are one block or share bytes; else reports that.
///
/// # Safety
/// The handle has handed them out, and nobody has given them back.
unsafe fn give_back<U: Examined>(
    subject: &U,
    handle: &mut U::Handle<'_>,
    mut blocks: Vec<Block>,
    log: &Log,
) {
    blocks.sort_unstable();
    if let Some(violation) = collision(&blocks, subject.layout().size()) {
        return log.report(violation);
    }
    for block in blocks {
        // SAFETY: by the caller, and all are different.
        unsafe { handle.deallocate(block) };
    }
}

/// The first two neighbours of a sorted list that are one block or share bytes.
fn collision(sorted: &[Block], size: usize) -> Option<Violation> {
    sorted.windows(2).find_map(|pair| {
        let (low, high) = (pair[0].0.addr().get(), pair[1].0.addr().get());
        match high - low {
            0 => Some(Violation::HandedOutTwice { block: low, first: None, second: None }),
            gap if gap < size => Some(Violation::Overlap { low, high, size }),
            _ => None,
        }
    })
}
