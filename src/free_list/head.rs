//! Head words: the name of the top magazine and a tag, which one CAS exchanges together.
//!
//! | word | bits 0.. | upper bits |
//! |---|---|---|
//! | [`WideHead`], 128 bits | address or 0, 64 bits | tag, 64 bits |
//! | [`PackedHead`], 64 bits | index + 1 or 0, 32 bits | tag, 32 bits |
//! | [`BareHead`], a pointer's width | address or 0 | no tag |
//!
//! Every removal advances the tag, which wraps at its declared width.

use super::magazine::MagazineRef;
use crate::sync::{AtomicU64, AtomicU128, AtomicUsize, Ordering, const_when_shipped, opaque};

/// The content of a head word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The top magazine.
    pub top: MagazineRef,
    /// Every removal advances it.
    pub tag: u64,
}

/// The largest tag of `bits` bits. `bits` above 64 are taken as 64.
pub(super) const fn last_tag(bits: u32) -> u64 {
    match bits {
        0 => 0,
        1..64 => u64::MAX >> (64 - bits),
        _ => u64::MAX,
    }
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

/// A head word on one atomic: how a head becomes the atomic's bits, and how the bits become the
/// head again.
macro_rules! head_word {
    ($(#[$doc:meta])* $name:ident($atomic:ident): $encode:expr, $decode:expr;) => {
        $(#[$doc])*
        pub struct $name($atomic);

        opaque! { [] $name; }

        impl $name {
            const_when_shipped! {
                /// An empty head.
                pub fn none() -> Self {
                    Self($atomic::new(0))
                }
            }
        }

        // SAFETY: each is one operation of one atomic, and decoding gives back every head that the
        // lists with this word encode: they name magazines as the word does, and their tags have
        // no more bits than it.
        #[allow(clippy::cast_possible_truncation, reason = "takes the parts of a word apart")]
        unsafe impl HeadWord for $name {
            fn empty() -> Self {
                Self::none()
            }

            #[inline]
            fn load(&self, order: Ordering) -> Head {
                let decode = $decode;
                decode(self.0.load(order))
            }

            #[inline]
            fn compare_exchange(
                &self,
                current: Head,
                new: Head,
                success: Ordering,
                failure: Ordering,
            ) -> Result<Head, Head> {
                let (encode, decode) = ($encode, $decode);
                let (current, new) = (encode(current), encode(new));
                self.0.compare_exchange(current, new, success, failure).map(decode).map_err(decode)
            }
        }
    };
}

head_word! {
    /// Address and 64-bit tag in 128 bits.
    WideHead(AtomicU128):
    |head: Head| (head.tag as u128) << 64 | head.top.0 as u128,
    |bits: u128| Head { top: MagazineRef(bits as usize), tag: (bits >> 64) as u64 };
}
head_word! {
    /// Index and 32-bit tag in 64 bits.
    PackedHead(AtomicU64):
    // The index i has the name 2i + 1, so this is i + 1; it is 0 for no magazine.
    |head: Head| {
        debug_assert!(head.tag <= last_tag(PackedHead::TAG_BITS), "a packed tag has 32 bits");
        head.tag << 32 | head.top.0.div_ceil(2) as u64
    },
    |bits: u64| {
        let top = MagazineRef((2 * (bits as u32) as usize).saturating_sub(1));
        Head { top, tag: bits >> 32 }
    };
}
head_word! {
    /// An address alone, for lists that something else than a tag protects.
    BareHead(AtomicUsize):
    |head: Head| {
        debug_assert!(head.tag == 0, "there is no room for a tag");
        head.top.0
    },
    |bits: usize| Head { top: MagazineRef(bits), tag: 0 };
}

impl PackedHead {
    /// Bits of the widest tag that the word has room for.
    pub const TAG_BITS: u32 = 32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a word holds once `head` was exchanged for nothing.
    fn kept<W: HeadWord>(head: Head) -> Head {
        let (word, order) = (W::empty(), Ordering::Relaxed);
        let empty = word.load(order);
        assert_eq!(empty, Head { top: MagazineRef::NONE, tag: 0 });
        assert_eq!(word.compare_exchange(empty, head, order, order), Ok(empty));
        assert_eq!(word.compare_exchange(empty, empty, order, order).is_ok(), head == empty);
        if head == empty { empty } else { word.load(order) }
    }

    proptest! {
        #[test]
        fn words_keep_the_whole_head(address: usize, index in 0_u32..(1 << 31) - 8, tag: u64) {
            let wide = Head { top: MagazineRef(address), tag };
            prop_assert_eq!(kept::<WideHead>(wide), wide);
            let packed = Head { top: MagazineRef::from_index(index), tag: tag >> 32 };
            prop_assert_eq!(kept::<PackedHead>(packed), packed);
            let bare = Head { top: MagazineRef(address), tag: 0 };
            prop_assert_eq!(kept::<BareHead>(bare), bare);
        }

        #[test]
        fn a_tag_of_k_bits_comes_back_after_2_to_the_k_steps(bits in 0_u32..12, start: u64) {
            let start = start & last_tag(bits);
            let steps = core::iter::successors(Some(start), |tag| Some((tag + 1) & last_tag(bits)));
            prop_assert_eq!(steps.skip(1).position(|tag| tag == start), Some((1 << bits) - 1));
        }
    }

    #[test]
    fn widths_have_their_largest_tag() {
        assert_eq!(last_tag(0), 0);
        assert_eq!(last_tag(32), u64::from(u32::MAX));
        assert_eq!(last_tag(64), u64::MAX);
        assert_eq!(last_tag(99), u64::MAX);
    }
}
