//! The layers themselves, for the model checks and for experiments: the code of which the public
//! items are made.
//!
//! They are exempt from semantic versioning, and meant for people who read the contracts.
//!
//! # Without a heap
//!
//! A client may keep mediator, registry, carver and regions in a `static`, under every strategy but
//! `EpochDeferred`: `Mediator::in_place`, `Registry::new`, `Carver::new` and `Regions::new` are
//! `const` in a shipped build, and so are the functions `new` of the strategies' lists. None of them
//! needs the program's allocator, then or later. `tests/in_place/` is such a client. It keeps the
//! growth lock, a `ForkMutex`, and then the locks of its mediator (`Mediator::keep_locks`) over each
//! fork.
//!
//! # The strategies
//!
//! The only list of the strategies is here too ([`with_strategies`]). A harness iterates over it
//! ([`each_strategy`]) instead of naming the strategies itself, so it cannot miss one.

macro_rules! layers {
    ($($layer:ident),*) => {
        $(pub mod $layer {
            pub use crate::$layer::*;
        })*
    };
}
layers!(sync, threads, block, chunk, free_list, mediator, thread_cache, checking, pool);

pub use crate::{each_strategy, with_strategies};

/// Passes the names of all strategies to a macro of the caller, after the tokens that the caller
/// gives: `with_strategies!(list { 1, 2; })` becomes `list! { 1, 2; TaggedWide TaggedPacked ... }`.
///
/// Each name is the name of a type in the crate's root, and equals the type's `NAME`. The first
/// strategy is the default of all pools.
#[doc(hidden)]
#[macro_export]
macro_rules! with_strategies {
    ($($callback:ident)::+ { $($given:tt)* }) => {
        $($callback)::+! { $($given)* TaggedWide TaggedPacked EpochDeferred Quiescent Locked }
    };
}

/// An array with a value for each strategy: `each_strategy!(S => S::NAME)`. The caller chooses the
/// name `S` of the type, and imports [`Strategy`](crate::Strategy).
#[doc(hidden)]
#[macro_export]
macro_rules! each_strategy {
    ($S:ident => $value:expr) => {
        $crate::with_strategies!($crate::each_strategy { @array $S, $value; })
    };
    (@array $S:ident, $value:expr; $($strategy:ident)*) => {
        [$({
            type $S = $crate::$strategy;
            $value
        }),*]
    };
}

/// The names of all strategies.
pub const STRATEGIES: &[&str] = &each_strategy!(S => <S as crate::Strategy>::NAME);

#[cfg(test)]
mod tests {
    use super::STRATEGIES;

    macro_rules! words {
        ($($strategy:ident)*) => { [$(stringify!($strategy)),*] };
    }

    #[test]
    fn a_strategy_is_called_as_its_type_is() {
        assert_eq!(STRATEGIES, with_strategies!(words {}));
    }
}
