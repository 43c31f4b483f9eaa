//! The index of `BestFit`: a tree for each band of lengths.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use intrusive_collections::{Bound, KeyAdapter, RBTree, RBTreeLink, UnsafeRef, intrusive_adapter};

use super::index::{Index, Ranges};
use super::list::List;
use super::range::{FreeRange, GRANULE, WORD};

/// Ranges of fewer granules than this are in lists, one for each length.
const SMALL: usize = 32;
const SMALL_BITS: usize = SMALL.ilog2() as usize;
/// Lists and trees together. The last tree has all ranges from 2^36 granules on.
const BANDS: usize = u64::BITS as usize;
/// The bits of the trees in the mask.
const LARGE: u64 = !0 << SMALL;
/// How many ranges are looked at for one that fits.
const PROBES: usize = 8;

/// What lies at the start of a range that is in a tree. Its length is the range's second word.
#[repr(C)]
struct Node {
    unused: MaybeUninit<usize>,
    bytes: usize,
    link: RBTreeLink,
}

// The node of the shortest range that is in a tree ends in front of the range's last word.
const _: () = assert!(size_of::<Node>() + WORD <= SMALL * GRANULE);
const _: () = assert!(core::mem::offset_of!(Node, bytes) == WORD);

intrusive_adapter!(Nodes = UnsafeRef<Node>: Node { link => RBTreeLink });

/// Length and address, as one number.
type Key = u128;

#[inline(always)]
const fn key(bytes: usize, address: usize) -> Key {
    (bytes as u128) << 64 | address as u128
}

impl KeyAdapter<'_> for Nodes {
    type Key = Key;

    #[inline(always)]
    fn get_key(&self, node: &Node) -> Key {
        key(node.bytes, core::ptr::from_ref(node).addr())
    }
}

type Tree = RBTree<Nodes>;

/// Free ranges in trees by length and address: [`BestFit`](super::BestFit).
///
/// ```text
/// mask     0 0 1 0 0 1 0 1 | 0 1 0 1 ..    a bit per band that is not empty
/// lists        |     |   |     |   |
///            range range range |   |       one length each, below 32 granules
/// trees                      tree tree     lengths from 2^k granules to 2^(k+1), k from 5 on
/// ```
// I1: a bit of `mask` is set exactly if its band is not empty. I2: a range of n granules is in the
// band `of(n)`.
pub struct Trees {
    mask: Cell<u64>,
    lists: [List; SMALL],
    trees: RefCell<[Tree; BANDS - SMALL]>,
}

/// The band of ranges of so many granules.
#[inline(always)]
const fn of(granules: usize) -> usize {
    if granules < SMALL {
        return granules;
    }
    let band = granules.ilog2() as usize + (SMALL - SMALL_BITS);
    if band < BANDS { band } else { BANDS - 1 }
}

/// The range of a node, by the pointer that the tree has.
///
/// # Safety
///
/// The node is in a tree.
#[inline(always)]
unsafe fn range(node: NonNull<Node>) -> FreeRange {
    // SAFETY: by the caller; so the range is in the index, and no crumb.
    unsafe { FreeRange::longer_at(node.cast()) }
}

impl Trees {
    #[inline(always)]
    fn note(&self, band: usize) {
        self.mask.set(self.mask.get() | 1 << band);
    }

    #[inline(always)]
    fn forget(&self, band: usize) {
        self.mask.set(self.mask.get() & !(1 << band));
    }

    /// Takes the first range of a list out.
    #[inline(always)]
    fn pop(&self, granules: usize) -> Option<FreeRange> {
        let list = self.lists.get(granules)?;
        let start = list.first()?;
        // SAFETY: it is the first one.
        if unsafe { list.pop(start) } {
            self.forget(granules);
        }
        Some(FreeRange::new(start, granules * GRANULE))
    }

    /// Takes the first bytes out of the shortest range in a tree of `band` or above that has so many.
    #[inline(always)]
    fn take_from_trees(&self, band: usize, bytes: usize) -> Option<NonNull<u8>> {
        let mut trees = self.trees.borrow_mut();
        let own = band.checked_sub(SMALL).and_then(|nth| trees.get(nth));
        let found =
            own.and_then(|tree| tree.lower_bound(Bound::Included(&key(bytes, 0))).get_ptr());
        let (band, node, is_first) = match found {
            Some(node) => (band, node, false),
            None => {
                let above = self.mask.get() & (!1 << band) & LARGE;
                // Without a bit this is the number of a band that is not there.
                let band = above.trailing_zeros() as usize;
                (band, trees.get(band.wrapping_sub(SMALL))?.front().get_ptr()?, true)
            }
        };
        let tree = trees.get_mut(band - SMALL)?;
        // SAFETY: the node is in a tree, which hands it over.
        let range = unsafe { range(node) };
        // SAFETY: the node is in this tree.
        let mut cursor = unsafe { tree.cursor_mut_from_ptr(node.as_ptr()) };
        // SAFETY: the range is so long.
        let end = unsafe { range.start.add(bytes) };
        let rest = FreeRange::new(end, range.bytes - bytes);
        if is_first && of(rest.bytes / GRANULE) == band && bytes >= size_of::<Node>() {
            // The shortest range of the band is that also when it is shorter. Its node moves, and does
            // not overlap the old one.
            // SAFETY: what is left of the range, which is long enough for a node.
            _ = cursor.replace_with(unsafe { node_of(rest) });
            return Some(range.start);
        }
        cursor.remove();
        if tree.is_empty() {
            self.forget(band);
        }
        drop(trees);
        if rest.bytes != 0 {
            // SAFETY: what is left of the range.
            unsafe { self.insert(rest) };
        }
        Some(range.start)
    }
}

/// Writes a range's length and its node, which is in no tree yet.
///
/// # Safety
///
/// The range is free, and has `SMALL` granules at least.
#[inline(always)]
unsafe fn node_of(range: FreeRange) -> UnsafeRef<Node> {
    // SAFETY: by the caller; it is no crumb.
    unsafe { range.write_longer() };
    let node = range.start.cast::<Node>();
    // SAFETY: the range has room for a node.
    let link = unsafe { &raw mut (*node.as_ptr()).link };
    // SAFETY: as above; the range is free.
    unsafe { link.write(RBTreeLink::new()) };
    // SAFETY: the node stays as it is while it is in a tree (I1 of `Ranges`).
    unsafe { UnsafeRef::from_raw(node.as_ptr()) }
}

impl Index for Trees {}

impl Ranges for Trees {
    const EMPTY: Self = Self {
        mask: Cell::new(0),
        lists: [const { List::new() }; SMALL],
        trees: RefCell::new([const { RBTree::new(Nodes::NEW) }; BANDS - SMALL]),
    };

    #[inline(always)]
    unsafe fn insert(&self, range: FreeRange) {
        let band = of(range.bytes / GRANULE);
        self.note(band);
        if let Some(list) = self.lists.get(band) {
            // SAFETY: by the caller.
            unsafe { range.write_length() };
            // SAFETY: by the caller.
            unsafe { list.push(range.start, range.is_crumb()) };
            return;
        }
        // SAFETY: by the caller; the range is long enough.
        let node = unsafe { node_of(range) };
        if let Some(tree) = self.trees.borrow_mut().get_mut(band - SMALL) {
            tree.insert(node);
        }
    }

    #[inline(always)]
    unsafe fn remove(&self, range: FreeRange) {
        let band = of(range.bytes / GRANULE);
        let is_empty = if let Some(list) = self.lists.get(band) {
            // SAFETY: by the caller, and I2.
            unsafe { list.remove(range.start, range.is_crumb()) }
        } else if let Some(tree) = self.trees.borrow_mut().get_mut(band - SMALL) {
            let node = range.start.cast::<Node>();
            // SAFETY: by the caller, and I2.
            unsafe { tree.cursor_mut_from_ptr(node.as_ptr()) }.remove();
            tree.is_empty()
        } else {
            false
        };
        if is_empty {
            self.forget(band);
        }
    }

    #[inline(always)]
    fn take(&self, bytes: usize) -> Option<NonNull<u8>> {
        let band = of(bytes / GRANULE);
        if let Some(range) = self.pop(band) {
            return Some(range.start);
        }
        let lists = self.mask.get() & (!0 << band) & !LARGE;
        if lists == 0 || bytes == 0 {
            return if bytes == 0 { None } else { self.take_from_trees(band, bytes) };
        }
        let range = self.pop(lists.trailing_zeros() as usize)?;
        // SAFETY: the range is longer than that.
        let end = unsafe { range.start.add(bytes) };
        // SAFETY: what is left of the range.
        unsafe { self.insert(FreeRange::new(end, range.bytes - bytes)) };
        Some(range.start)
    }

    #[cold]
    #[inline(never)]
    fn find(&self, bytes: usize, fits: impl Fn(FreeRange) -> bool) -> Option<FreeRange> {
        let first = of(bytes / GRANULE);
        // SAFETY: nothing is entered or taken out meanwhile.
        let lists = self.lists.iter().enumerate().skip(first).flat_map(|(granules, list)| unsafe {
            list.iter().map(move |start| FreeRange::new(start, granules * GRANULE))
        });
        let trees = self.trees.borrow();
        let trees = trees.iter().skip(first.saturating_sub(SMALL)).flat_map(|tree| {
            let mut cursor = tree.lower_bound(Bound::Included(&key(bytes, 0)));
            core::iter::from_fn(move || {
                let node = cursor.get_ptr()?;
                cursor.move_next();
                // SAFETY: the cursor is at a node of a tree.
                Some(unsafe { range(node) })
            })
        });
        lists.chain(trees).take(PROBES).find(|range| fits(*range))
    }

    fn clear(&self) {
        self.mask.set(0);
        self.lists.iter().for_each(List::clear);
        self.trees.borrow_mut().iter_mut().for_each(RBTree::fast_clear);
    }

    fn visit(&self, mut each: impl FnMut(FreeRange)) {
        for (granules, list) in self.lists.iter().enumerate() {
            // SAFETY: `each` has no way to change the index.
            for start in unsafe { list.iter() } {
                each(FreeRange::new(start, granules * GRANULE));
            }
        }
        for tree in self.trees.borrow().iter() {
            let mut cursor = tree.front();
            while let Some(node) = cursor.get_ptr() {
                // SAFETY: the cursor is at a node of a tree.
                each(unsafe { range(node) });
                cursor.move_next();
            }
        }
    }

    #[cfg(test)]
    fn is_sound(&self) -> bool {
        let noted = |band: usize| self.mask.get() >> band & 1 == 1;
        let lists = self.lists.iter().enumerate().all(|(granules, list)| {
            noted(granules) == list.first().is_some() && list.is_sound(granules == 1)
        });
        let trees = self.trees.borrow();
        let trees = trees.iter().enumerate().all(|(nth, tree)| {
            let band = |node: &Node| of(node.bytes / GRANULE) == SMALL + nth;
            noted(SMALL + nth) != tree.is_empty()
                && tree.iter().all(band)
                && tree.iter().is_sorted_by_key(|node| Nodes::NEW.get_key(node))
        });
        lists && trees
    }
}

impl Drop for Trees {
    fn drop(&mut self) {
        // A tree that is dropped would walk its nodes.
        self.trees.get_mut().iter_mut().for_each(RBTree::fast_clear);
    }
}

impl fmt::Debug for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trees").finish_non_exhaustive()
    }
}
