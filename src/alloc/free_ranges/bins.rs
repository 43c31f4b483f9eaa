//! The index of `GoodFit`: bins of ranges of about one length.

use core::ptr::NonNull;

use super::index::{Index, Ranges};
use super::list::List;
use super::range::{FreeRange, GRANULE};
use crate::alloc::octaves::{EXACT, Filled, NONE, above, of};

/// The bin of the crumbs.
const CRUMBS: usize = 1;
/// How many ranges of a bin are looked at, where not all of the bin are long enough.
const PROBES: usize = 8;

/// Free ranges in bins, 16 per octave: [`GoodFit`](super::GoodFit).
///
/// ```text
/// filled   0010..  0000..  1000.. .. 0001   a bit per bin that is not empty
/// bins        |             |
///           range         range             linked through their words, the newest first
///             |
///           range
/// ```
///
/// A bin of lengths of less than 32 granules has ranges of one length.
// I1: `filled` has the bins that are not empty. I2: a range of n granules is in the bin `of(n)`. So the bin `CRUMBS` has all crumbs.
#[derive(Debug)]
pub struct Bins {
    filled: Filled,
    bins: [List; NONE + 1],
}

impl Bins {
    #[inline(always)]
    fn list(&self, bin: usize) -> &List {
        debug_assert!(bin <= NONE, "I2");
        // SAFETY: `of` returns no larger number, and each bit in the masks has a bin.
        unsafe { self.bins.get_unchecked(bin) }
    }

    /// Enters a range into its bin.
    ///
    /// # Safety
    ///
    /// As [`insert`](Ranges::insert), and `bin` is the range's.
    #[inline(always)]
    unsafe fn enter(&self, bin: usize, range: FreeRange) {
        if range.is_crumb() {
            // SAFETY: by the caller.
            return unsafe { self.enter_crumb(range) };
        }
        // SAFETY: by the caller.
        unsafe { range.write_longer() };
        // SAFETY: by the caller.
        if unsafe { self.list(bin).push(range.start, false) } {
            self.filled.note(bin);
        }
    }

    /// # Safety
    ///
    /// As [`insert`](Ranges::insert), and the range is a crumb.
    #[inline(always)]
    unsafe fn enter_crumb(&self, crumb: FreeRange) {
        // SAFETY: by the caller.
        unsafe { crumb.write_length() };
        // SAFETY: by the caller.
        if unsafe { self.list(CRUMBS).push(crumb.start, true) } {
            self.filled.note(CRUMBS);
        }
    }

    /// Takes a range out of its bin.
    ///
    /// # Safety
    ///
    /// The range is in the bin.
    #[inline(always)]
    unsafe fn leave(&self, bin: usize, range: FreeRange) {
        // SAFETY: by the caller.
        if unsafe { self.list(bin).remove(range.start, range.is_crumb()) } {
            self.filled.forget(bin);
        }
    }

    /// The ranges of a bin, the newest first.
    ///
    /// # Safety
    ///
    /// Nothing is entered or taken out while the iterator is used.
    unsafe fn ranges(&self, bin: usize) -> impl Iterator<Item = FreeRange> {
        // SAFETY: by the caller.
        let ranges = unsafe { self.list(bin).iter() };
        // SAFETY: these ranges are in the index.
        ranges.map(|start| unsafe { FreeRange::beginning_at(start) })
    }
}

impl Index for Bins {}

impl Ranges for Bins {
    const EMPTY: Self = Self { filled: Filled::new(), bins: [const { List::new() }; NONE + 1] };

    #[inline(always)]
    unsafe fn insert(&self, range: FreeRange) {
        // SAFETY: by the caller.
        unsafe { self.enter(of(range.bytes / GRANULE), range) }
    }

    #[inline(always)]
    unsafe fn remove(&self, range: FreeRange) {
        // SAFETY: by the caller, and I2.
        unsafe { self.leave(of(range.bytes / GRANULE), range) }
    }

    #[inline(always)]
    fn take(&self, bytes: usize) -> Option<NonNull<u8>> {
        let granules = bytes / GRANULE;
        if granules < EXACT
            && let Some(start) = self.list(granules).first()
        {
            // SAFETY: it is the first one of the bin.
            if unsafe { self.list(granules).pop(start) } {
                self.filled.forget(granules);
            }
            return Some(start);
        }
        let bin = self.filled.first_from(above(granules));
        let start = self.list(bin).first()?;
        // SAFETY: the ranges of a bin are in the index, and this one is no crumb, because it has more
        // granules than one.
        let range = unsafe { FreeRange::longer_at(start) };
        let rest = range.bytes - bytes;
        let to = of(rest / GRANULE);
        if to == bin {
            // SAFETY: the range is so long.
            let end = unsafe { start.add(bytes) };
            // SAFETY: the range is in the bin, and this is what is left of it. It is no crumb.
            unsafe { self.list(bin).replace_first(start, end) };
            // SAFETY: as above.
            unsafe { FreeRange::new(end, rest).write_longer() };
            return Some(start);
        }
        // SAFETY: it is the first one of the bin.
        if unsafe { self.list(bin).pop(start) } {
            self.filled.forget(bin);
        }
        if rest != 0 {
            // SAFETY: the range is so long.
            let end = unsafe { start.add(bytes) };
            // SAFETY: what is left of the range.
            unsafe { self.enter(to, FreeRange::new(end, rest)) };
        }
        Some(start)
    }

    #[cold]
    #[inline(never)]
    fn find(&self, bytes: usize, fits: impl Fn(FreeRange) -> bool) -> Option<FreeRange> {
        let fits = |range: &FreeRange| range.bytes >= bytes && fits(*range);
        let (granules, mut probes) = (bytes / GRANULE, PROBES);
        let mut from = of(granules);
        while probes > 0 {
            let bin = self.filled.first_from(from);
            if bin == NONE {
                return None;
            }
            // SAFETY: nothing is entered or taken out meanwhile.
            let mut ranges = unsafe { self.ranges(bin) }.take(probes);
            let found = ranges.find(|range| {
                probes -= 1;
                fits(range)
            });
            if found.is_some() {
                return found;
            }
            from = bin + 1;
        }
        // All that was looked at may have been too short. From this bin on all ranges are long enough.
        let bin = self.filled.first_from(above(granules));
        // SAFETY: nothing is entered or taken out meanwhile.
        unsafe { self.ranges(bin) }.next().filter(fits)
    }

    fn clear(&self) {
        self.filled.clear();
        self.bins.iter().for_each(List::clear);
    }

    fn visit(&self, mut each: impl FnMut(FreeRange)) {
        let mut bin = self.filled.first_from(1);
        while bin != NONE {
            // SAFETY: `each` has no way to change the index.
            unsafe { self.ranges(bin) }.for_each(&mut each);
            bin = self.filled.first_from(bin + 1);
        }
    }

    #[cfg(test)]
    fn is_sound(&self) -> bool {
        (1..NONE).all(|bin| {
            // SAFETY: nothing changes meanwhile.
            let mut ranges = unsafe { self.ranges(bin) }.peekable();
            self.filled.is_noted(bin) == ranges.peek().is_some()
                && ranges.all(|range| of(range.bytes / GRANULE) == bin)
                && self.list(bin).is_sound(bin == CRUMBS)
        })
    }
}
