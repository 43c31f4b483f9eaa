//! Strategies that are others', with more of a look at the blocks.

use core::marker::PhantomData;

use super::{Mechanism, Requirements, Strategy, TaggedWide};
use crate::chunk::Tracked;
use crate::error::BuildError;

/// The strategy `S`, and a look at each block that changes hands: a caller that frees what is not
/// its own to free gets a panic that says what it was. Had by [`PoolBuilder::checked`]; chapter
/// [`levels`](crate::docs::levels).
///
/// [`PoolBuilder::checked`]: crate::PoolBuilder::checked
pub struct Checked<S = TaggedWide>(PhantomData<fn() -> S>);

/// The strategy `S`, with all that [`Checked`] does, and freed blocks are filled, kept back for a
/// while, and looked at before they are used again. Had by [`PoolBuilder::hardened`]; chapter
/// [`levels`](crate::docs::levels).
///
/// [`PoolBuilder::hardened`]: crate::PoolBuilder::hardened
pub struct Hardened<S = TaggedWide>(PhantomData<fn() -> S>);

macro_rules! watched {
    ($strategy:ident, $hard:literal) => {
        // SAFETY: mechanism and lists are those of `S`.
        unsafe impl<S: Strategy> Strategy for $strategy<S> {
            const NAME: &'static str = S::NAME;
            type Reclaimer = S::Reclaimer;
            type Level = Tracked<$hard>;
            type List = S::List;

            fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
                S::mechanism(requirements)
            }

            fn list(mechanism: &Mechanism) -> S::List {
                S::list(mechanism)
            }
        }
    };
}

watched!(Checked, false);
watched!(Hardened, true);
