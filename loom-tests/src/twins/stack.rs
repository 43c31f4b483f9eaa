//! One stack with one fault: the faults of the reports, and a tag that is reset.

use core::marker::PhantomData;

use stampool::raw::free_list::{
    Addressing, BareHead, Chain, Head, HeadWord, Immediate, MagazineList, MagazineRef,
    MagazineStore, Mechanism, OwnedMagazine, PackedHead, Requirements, Sealed, Take, Treiber,
    WideHead,
};
use stampool::raw::sync::Ordering;
use stampool::{BuildError, Strategy, TagPolicy, TaggedPacked, TaggedWide};

use super::tags::ABA;
use super::twin::{LOST, TWICE, Twin, UNACQUIRED, on_list};
use crate::scenarios::Depth;
use crate::scenarios::list::{Op, Program, Scenario, does};

pub(super) fn twins() -> Vec<Twin> {
    vec![
        on_list::<Faulty<Untagged>>("TaggedWide", "twin/argobots_178", UNACQUIRED, &ABA),
        Twin {
            under_shuttle: Some(LOST),
            ..on_list::<Faulty<Untagged>>("TaggedWide", "twin/rpmalloc_32", UNACQUIRED, &CAME_BELOW)
        },
        on_list::<Faulty<Untagged>>("TaggedWide", "twin/cs431_560", UNACQUIRED, &SLOTS),
        on_list::<Faulty<EarlyLink>>("TaggedPacked", "twin/heapless_180", TWICE, &ABA),
        on_list::<Faulty<Swap<true>>>(
            "TaggedPacked",
            "twin/ck_batch_pop",
            UNACQUIRED,
            &TAKE_ALL_AND_BACK,
        ),
        on_list::<Faulty<Torn>>("TaggedWide", "twin/vespa_12975", UNACQUIRED, &ABA),
        on_list::<Faulty<Swap<false>>>(
            "TaggedPacked",
            "twin/swap_take_all",
            UNACQUIRED,
            &TAKE_ALL_AND_BACK,
        ),
    ]
}

/// A's successor was B, and N comes in between behind a popper's back.
static CAME_BELOW: Scenario = Scenario {
    name: "came_below",
    depth: Depth::Exhaustive,
    stack: &[2, 1],
    threads: &[does(&[Op::Pop]), Program { holds: &[3], ops: &[Op::Pop, Op::Push, Op::Push] }],
};

/// Two threads that take slots and give them back.
static SLOTS: Scenario = Scenario {
    name: "slots",
    depth: Depth::Exhaustive,
    stack: &[2, 1],
    threads: &[does(&[Op::Pop]), does(&[Op::Pop, Op::Pop, Op::Push, Op::Pop])],
};

/// All taken behind a popper's back, and its top pushed back alone.
static TAKE_ALL_AND_BACK: Scenario = Scenario {
    name: "take_all_and_back",
    depth: Depth::Exhaustive,
    stack: &[2, 1],
    threads: &[does(&[Op::Pop, Op::Pop]), does(&[Op::TakeAll, Op::Push])],
};

/// What a twin does with its stack.
trait Fault: Send + Sync + 'static {
    /// Its head word.
    type Head: HeadWord + 'static;
    /// What it was made from.
    type From: Strategy;
    /// The width of its tag.
    const TAG_BITS: u32;

    fn pop<'s>(stack: &Treiber<Self::Head>, store: &'s MagazineStore) -> Chain<'s> {
        shipped(stack, Take::One, store)
    }

    fn take_all<'s>(stack: &Treiber<Self::Head>, store: &'s MagazineStore) -> Chain<'s> {
        shipped(stack, Take::All, store)
    }
}

/// The shipped removal.
pub(super) fn shipped<'s, H: HeadWord>(
    stack: &Treiber<H>,
    take: Take,
    store: &'s MagazineStore,
) -> Chain<'s> {
    // SAFETY: all magazines are of this store. What keeps the top from coming back is what the
    // twins lack.
    unsafe { stack.remove(take, store, &()) }
}

/// No tag, and nothing in its place: a pool's, a list's of heaps, a list's of slots.
struct Untagged;

impl Fault for Untagged {
    type Head = BareHead;
    type From = TaggedWide;
    const TAG_BITS: u32 = 0;
}

/// Pops with a link that it read before it loaded the head that its CAS compares.
struct EarlyLink;

impl Fault for EarlyLink {
    type Head = PackedHead;
    type From = TaggedPacked;
    const TAG_BITS: u32 = 32;

    fn pop<'s>(stack: &Treiber<PackedHead>, store: &'s MagazineStore) -> Chain<'s> {
        let head = stack.head();
        let early = head.load(Ordering::Acquire);
        // SAFETY: met in the head, by an acquiring load.
        let Some(top) = (unsafe { store.resolve(early.top) }) else {
            return shipped(stack, Take::One, store);
        };
        // SAFETY: magazines live as long as their store.
        let link = unsafe { top.as_ref() }.stale_link();
        // The exclusive load: from here on no change of the head goes unnoticed.
        let late = head.load(Ordering::Acquire);
        let next = Head { top: link, tag: late.tag + 1 };
        if late.top == early.top
            && head.compare_exchange(late, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
        {
            // SAFETY: not so, that is the fault.
            return unsafe { Chain::assume(late.top, 1, store) };
        }
        shipped(stack, Take::One, store)
    }
}

/// Taking all exchanges the pointer and leaves the tag as it is, or exchanges the whole word and so
/// puts the tag back to 0.
struct Swap<const LEAVES_TAG: bool>;

impl<const LEAVES_TAG: bool> Fault for Swap<LEAVES_TAG> {
    type Head = PackedHead;
    type From = TaggedPacked;
    const TAG_BITS: u32 = 32;

    fn take_all<'s>(stack: &Treiber<PackedHead>, store: &'s MagazineStore) -> Chain<'s> {
        let mut head = stack.head().load(Ordering::Acquire);
        loop {
            let tag = if LEAVES_TAG { head.tag } else { 0 };
            let next = Head { top: MagazineRef::NONE, tag };
            match stack.head().compare_exchange(head, next, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: the exchange removed all; what the tag then lets happen is the fault.
                Ok(_) => return unsafe { Chain::assume(head.top, usize::MAX, store) },
                Err(found) => head = found,
            }
        }
    }
}

/// Pointer and tag are loaded one after the other.
struct Torn;

impl Fault for Torn {
    type Head = TornHead;
    type From = TaggedWide;
    const TAG_BITS: u32 = 64;
}

struct TornHead(WideHead);

// SAFETY: not so, that is the fault.
unsafe impl HeadWord for TornHead {
    fn empty() -> Self {
        Self(WideHead::empty())
    }

    fn load(&self, order: Ordering) -> Head {
        let top = self.0.load(order).top;
        Head { top, tag: self.0.load(order).tag }
    }

    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        self.0.compare_exchange(current, new, success, failure)
    }
}

/// The shipped stack with a fault.
struct Faulty<F>(F);

impl<F: Fault> Sealed for Faulty<F> {}

// SAFETY: not so, that is the fault.
unsafe impl<F: Fault> Strategy for Faulty<F> {
    const NAME: &'static str = F::From::NAME;
    type Reclaimer = Immediate;
    type List = FaultyList<F>;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        F::From::mechanism(requirements)
    }

    fn list(mechanism: &Mechanism) -> FaultyList<F> {
        let packed = F::From::NAME == TaggedPacked::<32>::NAME;
        assert_eq!(
            mechanism.addressing == Addressing::Index,
            packed,
            "the head that the twin names"
        );
        let stack = Treiber::new(F::TAG_BITS, TagPolicy::Wrap);
        FaultyList(stack, PhantomData)
    }
}

struct FaultyList<F: Fault>(Treiber<F::Head>, PhantomData<F>);

// SAFETY: not so, that is the fault.
unsafe impl<F: Fault> MagazineList for FaultyList<F> {
    type Guard<'g> = ();

    fn push(&self, magazine: OwnedMagazine<'_>) {
        self.0.push(magazine);
    }

    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        match take {
            Take::One => F::pop(&self.0, store),
            Take::All => F::take_all(&self.0, store),
            Take::UpTo(_) => shipped(&self.0, take, store),
        }
    }

    fn refuses(&self) -> bool {
        self.0.refuses()
    }
}
