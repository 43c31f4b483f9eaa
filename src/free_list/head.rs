//! Head words: the name of the top magazine and a tag, which one CAS exchanges together.

use super::magazine::MagazineRef;
use crate::block::{PackedWord, TagWidth, WideWord};
use crate::sync::{AtomicU64, AtomicU128, AtomicUsize, Ordering};

/// The content of a head word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The top magazine.
    pub top: MagazineRef,
    /// Every removal advances it.
    pub tag: u64,
}

/// An atomic head. Every operation is on the whole word. If a thread read top and tag separately,
/// ABA would be possible again.
///
/// # Safety
///
/// All operations are operations of one atomic location that holds a whole [`Head`], with the given
/// orderings: a loaded head was stored as a whole, and an exchange succeeds only on the head that
/// it names.
pub unsafe trait HeadWord: Send + Sync {
    /// An empty head.
    fn empty() -> Self;
    /// Loads the whole word.
    fn load(&self, order: Ordering) -> Head;
    /// Compares and exchanges the whole word.
    ///
    /// # Errors
    ///
    /// The head that was found, if it is not `current`.
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head>;
}

/// Address and 64-bit tag in 128 bits.
pub struct WideHead(AtomicU128);

impl WideHead {
    fn decode(bits: u128) -> Head {
        let word = WideWord::from_bits(bits);
        Head { top: MagazineRef::from_address(word.address), tag: word.tag }
    }

    fn encode(head: Head) -> u128 {
        WideWord { address: head.top.address(), tag: head.tag }.to_bits()
    }
}

// SAFETY: one 128-bit atomic, and `Head` fits into it without loss.
unsafe impl HeadWord for WideHead {
    fn empty() -> Self {
        Self(AtomicU128::new(0))
    }

    #[inline]
    fn load(&self, order: Ordering) -> Head {
        Self::decode(self.0.load(order))
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        self.0
            .compare_exchange(Self::encode(current), Self::encode(new), success, failure)
            .map(Self::decode)
            .map_err(Self::decode)
    }
}

/// Index and 32-bit tag in 64 bits.
pub struct PackedHead(AtomicU64);

impl PackedHead {
    /// The widest tag for which the word has room.
    pub const TAG: TagWidth = TagWidth::new(32);

    fn decode(bits: u64) -> Head {
        let word = PackedWord::from_bits(bits);
        let top =
            word.index_plus_1.checked_sub(1).map_or(MagazineRef::NONE, MagazineRef::from_index);
        Head { top, tag: u64::from(word.tag) }
    }

    fn encode(head: Head) -> u64 {
        let index_plus_1 = head.top.index().map_or(0, |index| index + 1);
        debug_assert!(head.tag <= Self::TAG.max(), "a packed tag has 32 bits");
        #[allow(clippy::cast_possible_truncation, reason = "the width is checked when built")]
        let tag = head.tag as u32;
        PackedWord { index_plus_1, tag }.to_bits()
    }
}

// SAFETY: one 64-bit atomic, and a `Head` of an index and a 32-bit tag fits into it without loss.
unsafe impl HeadWord for PackedHead {
    fn empty() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    fn load(&self, order: Ordering) -> Head {
        Self::decode(self.0.load(order))
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        self.0
            .compare_exchange(Self::encode(current), Self::encode(new), success, failure)
            .map(Self::decode)
            .map_err(Self::decode)
    }
}

/// An address without a tag, for lists that are protected by something else.
pub struct BareHead(AtomicUsize);

// SAFETY: one atomic word, and a `Head` without a tag fits into it without loss.
unsafe impl HeadWord for BareHead {
    fn empty() -> Self {
        Self(AtomicUsize::new(0))
    }

    #[inline]
    fn load(&self, order: Ordering) -> Head {
        Head { top: MagazineRef::from_address(self.0.load(order)), tag: 0 }
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        debug_assert!(new.tag == 0, "there is no room for a tag");
        let decode = |address| Head { top: MagazineRef::from_address(address), tag: 0 };
        self.0
            .compare_exchange(current.top.address(), new.top.address(), success, failure)
            .map(decode)
            .map_err(decode)
    }
}
