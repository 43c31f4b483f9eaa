//! The tagged strategies: a tag beside the name of the top magazine.

use super::{
    Addressing, Chain, Immediate, MagazineList, MagazineStore, Mechanism, OwnedMagazine,
    PackedHead, Requirements, Sealed, Strategy, TagPolicy, Take, Treiber, WideHead,
};
use crate::error::BuildError;
use crate::sync::{const_when_shipped, is_lock_free_u64, opaque};

/// The default: a 64-bit address and a 64-bit tag, which a double-width CAS exchanges together.
///
/// If the machine has no such CAS, the pool uses [`TaggedPacked`] instead; its mechanism and its
/// stats say so. `TAG_BITS` other than the default is for experiments, and exempt from semantic
/// versioning as the hidden module `raw` is. A tag below 32 bits must not wrap
/// ([`TagPolicy::Refuse`]).
///
/// # Progress
///
/// Lock-free. A thread that sleeps anywhere stops no other thread.
///
/// # Wrap time
///
/// 2^64 removals: 58,000 years at ten million per second.
#[derive(Clone, Copy, Debug)]
pub struct TaggedWide<const TAG_BITS: u32 = 64>;

/// 32-bit index and 32-bit tag in one 64-bit word.
///
/// # Progress
///
/// Lock-free wherever 64-bit CAS is. A thread that sleeps anywhere stops no other thread.
///
/// # Wrap time
///
/// 2^32 removals from one list, each of a batch: 7.2 minutes at ten million per second. See
/// [`TagPolicy`] for what happens then, and [`TaggedWide`] for `TAG_BITS`.
#[derive(Clone, Copy, Debug)]
pub struct TaggedPacked<const TAG_BITS: u32 = 32>;

/// The narrowest tag that may wrap without [`Requirements::narrow_tags`].
const NARROWEST: u32 = 32;

/// The width of the tag, if the requirements allow it.
fn tag_bits(bits: u32, room: u32, requirements: Requirements) -> Result<u32, BuildError> {
    let may_wrap = requirements.tag_policy == TagPolicy::Wrap && !requirements.narrow_tags;
    if bits < NARROWEST && may_wrap {
        return Err(BuildError::NarrowTag { bits, limit: NARROWEST });
    }
    Ok(bits.min(room))
}

impl<const TAG_BITS: u32> Sealed for TaggedWide<TAG_BITS> {}

// SAFETY: lists are new and do what their mechanism says; removal is exclusive by the tag, see
// `Treiber`.
unsafe impl<const TAG_BITS: u32> Strategy for TaggedWide<TAG_BITS> {
    const NAME: &'static str = "TaggedWide";
    type Reclaimer = Immediate;
    type List = TaggedList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        if !requirements.double_width_cas.is_present() {
            return if requirements.strict {
                Err(BuildError::NotLockFree { strategy: Self::NAME })
            } else {
                TaggedPacked::<TAG_BITS>::mechanism(requirements)
            };
        }
        Ok(Mechanism {
            name: Self::NAME,
            lock_free: true,
            addressing: Addressing::Address,
            tag_bits: tag_bits(TAG_BITS, 64, requirements)?,
            tag_policy: requirements.tag_policy,
            limbo_magazines: 0,
        })
    }

    fn list(mechanism: &Mechanism) -> TaggedList {
        TaggedList::new(mechanism)
    }
}

impl<const TAG_BITS: u32> Sealed for TaggedPacked<TAG_BITS> {}

// SAFETY: lists are new and do what their mechanism says; removal is exclusive by the tag, see
// `Treiber`.
unsafe impl<const TAG_BITS: u32> Strategy for TaggedPacked<TAG_BITS> {
    const NAME: &'static str = "TaggedPacked";
    type Reclaimer = Immediate;
    type List = TaggedList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        let lock_free = is_lock_free_u64();
        if requirements.strict && !lock_free {
            return Err(BuildError::NotLockFree { strategy: Self::NAME });
        }
        Ok(Mechanism {
            name: Self::NAME,
            lock_free,
            addressing: Addressing::Index,
            tag_bits: tag_bits(TAG_BITS, PackedHead::TAG_BITS, requirements)?,
            tag_policy: requirements.tag_policy,
            limbo_magazines: 0,
        })
    }

    fn list(mechanism: &Mechanism) -> TaggedList {
        TaggedList::new(mechanism)
    }
}

/// A Treiber stack. The mechanism decides which head word it has.
pub enum TaggedList {
    /// Address and tag in 128 bits.
    Wide(Treiber<WideHead>),
    /// Index and tag in 64 bits.
    Packed(Treiber<PackedHead>),
}

opaque! { [] TaggedList; }

impl TaggedList {
    const_when_shipped! {
        /// An empty list for a mechanism of the tagged strategies.
        pub fn new(mechanism: &Mechanism) -> Self {
            let (bits, policy) = (mechanism.tag_bits, mechanism.tag_policy);
            match mechanism.addressing {
                Addressing::Address => Self::Wide(Treiber::on(WideHead::none(), bits, policy)),
                Addressing::Index => Self::Packed(Treiber::on(PackedHead::none(), bits, policy)),
            }
        }
    }
}

macro_rules! either {
    ($list:expr, $inner:ident => $call:expr) => {
        match $list {
            TaggedList::Wide($inner) => $call,
            TaggedList::Packed($inner) => $call,
        }
    };
}

// SAFETY: as the list inside.
unsafe impl MagazineList for TaggedList {
    type Guard<'g> = ();

    #[inline]
    fn push(&self, magazine: OwnedMagazine<'_>) {
        either!(self, list => list.push(magazine));
    }

    // Codegen: C9 (papers/codegen.md).
    #[inline(always)]
    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, guard: &()) -> Chain<'s> {
        // SAFETY: by the caller; the tag keeps the top from coming back until it wraps.
        either!(self, list => unsafe { list.remove(take, store, guard) })
    }

    unsafe fn take_all_alone<'s>(&self, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        // SAFETY: by the caller.
        either!(self, list => unsafe { list.take_all_alone(store) })
    }

    fn refuses(&self) -> bool {
        either!(self, list => list.refuses())
    }

    fn cas_failures(&self) -> u64 {
        either!(self, list => list.cas_failures())
    }
}
