//! The shipped stack of magazines, with one fault in how it is used.

use core::cell::Cell;
use core::marker::PhantomData;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use stampool::raw::block::MaybeBlock;
use stampool::raw::free_list::{
    Chain, Head, HeadWord as _, Immediate, MagazineList, MagazineRef, MagazineStore, Mechanism,
    OwnedMagazine, PackedHead, Requirements, Sealed, Take, Treiber,
};
use stampool::raw::sync::Ordering::Acquire;
use stampool::{Block, BuildError, Strategy, TagPolicy, TaggedPacked};

/// Which of the mediator's lists one is: it makes them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Full,
    Partial,
    Empty,
}

impl Role {
    /// The next in turn, on this thread.
    fn next() -> Self {
        thread_local!(static LISTS: Cell<usize> = const { Cell::new(0) });
        let nth = LISTS.replace(LISTS.get() + 1);
        [Self::Full, Self::Partial, Self::Empty][nth % 3]
    }
}

/// What goes wrong when a magazine is put into a list.
pub(super) trait Fault: Send + Sync + 'static {
    /// Width of the tag.
    const TAG_BITS: u32 = 32;

    /// Puts a magazine in, or not quite.
    fn push(list: &FaultyList<Self>, magazine: OwnedMagazine<'_>)
    where
        Self: Sized,
    {
        list.stack.push(magazine);
    }
}

/// No tag: ABA.
pub(super) struct Untagged;

impl Fault for Untagged {
    const TAG_BITS: u32 = 0;
}

/// A remainder is forgotten if another thread changes the list between two loads of its head.
pub(super) struct LostRemainder;

impl Fault for LostRemainder {
    fn push(list: &FaultyList<Self>, magazine: OwnedMagazine<'_>) {
        let seen = list.head();
        if list.role == Role::Partial && !magazine.is_empty() && list.head() != seen {
            return;
        }
        list.stack.push(magazine);
    }
}

/// If another thread's magazine is on top after the push, the push is taken for failed, and the
/// magazine is pushed again.
pub(super) struct DoubleOffer;

impl Fault for DoubleOffer {
    fn push(list: &FaultyList<Self>, magazine: OwnedMagazine<'_>) {
        let name = magazine.name();
        // SAFETY: not so, that is the fault: a magazine with two owners.
        let again = unsafe { core::ptr::read(&raw const magazine) };
        list.stack.push(magazine);
        if list.role == Role::Full && list.head().top != name {
            list.stack.push(again);
        }
    }
}

/// The head is exchanged first, and the blocks are written into the magazine afterwards. A thread
/// that is quick finds the blocks that were in the magazine last time.
pub(super) struct ReorderedPublication;

impl Fault for ReorderedPublication {
    fn push(list: &FaultyList<Self>, mut magazine: OwnedMagazine<'_>) {
        if list.role != Role::Full {
            return list.stack.push(magazine);
        }
        let mut room = vec![MaybeBlock::uninit(); magazine.len()];
        // SAFETY: the magazine is filled again below.
        unsafe { magazine.unload(&mut room) };
        // SAFETY: `unload` wrote all of them: there was room for as many as it held.
        let written = |block: &MaybeBlock| unsafe { block.assume_init() };
        let blocks: Vec<Block> = room.iter().map(written).collect();
        let last = {
            let mut contents = list.contents.lock().unwrap_or_else(PoisonError::into_inner);
            let shared = Shared(blocks.clone());
            contents.insert(magazine.name().address(), shared)
        };
        // SAFETY: not so, that is the fault: it is written after it was given away.
        let mut late = unsafe { core::ptr::read(&raw const magazine) };
        magazine.fill(last.as_ref().map_or(&blocks, |Shared(last)| last));
        list.stack.push(magazine);
        late.fill(&blocks);
    }
}

/// Blocks in a book beside the list.
struct Shared(Vec<Block>);

// SAFETY: addresses, which nobody follows here.
unsafe impl Send for Shared {}

/// A strategy of such lists: [`TaggedPacked`] otherwise.
pub(super) struct Faulty<F>(PhantomData<F>);

impl<F: Fault> Sealed for Faulty<F> {}

// SAFETY: not so, that is the fault.
unsafe impl<F: Fault> Strategy for Faulty<F> {
    const NAME: &'static str = "Mutant";
    type Reclaimer = Immediate;
    type List = FaultyList<F>;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Ok(Mechanism { tag_bits: F::TAG_BITS, ..TaggedPacked::<32>::mechanism(requirements)? })
    }

    fn list(mechanism: &Mechanism) -> FaultyList<F> {
        FaultyList {
            stack: Treiber::new(mechanism.tag_bits, TagPolicy::Wrap),
            role: Role::next(),
            contents: Mutex::default(),
            _fault: PhantomData,
        }
    }
}

/// The list.
pub(super) struct FaultyList<F> {
    stack: Treiber<PackedHead>,
    role: Role,
    /// What each magazine held last, where the fault wants to know.
    contents: Mutex<HashMap<usize, Shared>>,
    _fault: PhantomData<F>,
}

impl<F> FaultyList<F> {
    fn head(&self) -> Head {
        self.stack.head().load(Acquire)
    }
}

// SAFETY: not so, that is the fault.
unsafe impl<F: Fault> MagazineList for FaultyList<F> {
    type Guard<'g> = ();

    fn push(&self, magazine: OwnedMagazine<'_>) {
        F::push(self, magazine);
    }

    /// All is taken for the census alone, which would go round for ever in a list that has come to
    /// do so.
    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, guard: &()) -> Chain<'s> {
        let mut at = if take == Take::All { self.head().top } else { MagazineRef::NONE };
        let mut magazines = 0;
        // SAFETY: met in the head or in a link, by an acquiring load.
        while let Some(magazine) = unsafe { store.resolve(at) } {
            // SAFETY: magazines live as long as their store.
            at = unsafe { magazine.as_ref() }.stale_link();
            magazines += 1;
            assert!(magazines < 1 << 20, "a list goes round in a circle");
        }
        // SAFETY: by the caller, but for the tag, which one of the faults lacks.
        unsafe { self.stack.remove(take, store, guard) }
    }

    fn refuses(&self) -> bool {
        self.stack.refuses()
    }
}
