//! Pools of every kind in statics.

use core::fmt;
use core::ops::Deref;
use core::panic::Location;

use crate::error::BuildError;
use crate::sync::OnceLock;

/// A pool in a static, of any kind but [`ThreadLocalPool`](super::ThreadLocalPool), which has
/// [`StaticPool`](super::StaticPool) for that. The pool is built at its first use. Declared by
/// [`static_pool!`](crate::static_pool).
///
/// # Progress
///
/// That of the pool. Threads that use it while the first use builds it wait until it is built.
pub struct LazyPool<P> {
    pool: OnceLock<P>,
    /// Where the static is declared: a panic names it, because the pool may be used anywhere.
    declared: &'static Location<'static>,
    build: fn() -> Result<P, BuildError>,
}

impl<P: 'static> LazyPool<P> {
    /// A pool that the first use builds by calling `build` once. Other threads wait meanwhile.
    #[track_caller]
    pub const fn new(build: fn() -> Result<P, BuildError>) -> Self {
        Self { pool: OnceLock::new(), declared: Location::caller(), build }
    }

    /// The pool, if it has been built.
    pub(super) fn if_built(&self) -> Option<&P> {
        self.pool.get()
    }
}

impl<P: 'static> Deref for LazyPool<P> {
    type Target = P;

    /// Builds the pool if no call has built it yet. Panics if it cannot be built.
    #[inline]
    fn deref(&self) -> &P {
        self.pool.get_or_init(|| match (self.build)() {
            Ok(pool) => pool,
            Err(error) => {
                panic!("stampool: the static pool of {} cannot be built: {error}", self.declared)
            }
        })
    }
}

impl<P: fmt::Debug + 'static> fmt::Debug for LazyPool<P> {
    /// Does not build the pool if no call has built it yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.if_built() {
            Some(pool) => f.debug_tuple("LazyPool").field(pool).finish(),
            None => f.write_str("LazyPool(not built yet)"),
        }
    }
}
