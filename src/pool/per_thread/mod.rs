//! A pool without handles to carry: each thread's is found through the thread.

mod fixed;
mod seats;
mod tenant;

pub use fixed::StaticPool;
pub use tenant::Tenant;

use core::ops::Deref;
use core::ptr::NonNull;

use super::{Census, Local, Pool};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::Home;
use crate::sync::{Mutex, lock};
use seats::PoolNumber;

/// A [`Pool`] whose threads need not carry a handle: each has one in its thread-local storage, made
/// at its first call and handed in when it ends.
///
/// Built by [`PoolBuilder::build_thread_local`](super::PoolBuilder::build_thread_local). It derefs to
/// the pool, so explicit handles, which are quicker still, can be had beside it.
///
/// # Ends
///
/// Threads may end before, while and after the pool is dropped, and destructors of other
/// thread-local values may call it: a thread whose storage is gone shares one cache, behind a lock,
/// with all others in that state. It counts as one handle more in the pool's memory bound.
///
/// # Progress
///
/// That of [`Pool`], but for that lock. A thread's first call takes memory for its seat from the
/// source, and some from the program's allocator: a pool like this cannot be the program's
/// allocator.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// let pool = Pool::builder(Layout::new::<[u64; 8]>()).build_thread_local()?;
/// std::thread::scope(|threads| {
///     for _ in 0..4 {
///         threads.spawn(|| {
///             let block = pool.allocate().expect("memory");
///             // SAFETY: allocated from this pool, and used by nobody else.
///             unsafe { pool.deallocate(block) };
///         });
///     }
/// });
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ThreadLocalPool<S: Strategy = TaggedWide> {
    /// Before the pool, so that it goes first.
    guest: Mutex<Option<Guest<S>>>,
    pool: Pool<S>,
    number: PoolNumber,
}

/// The cache of threads that have none.
struct Guest<S: Strategy>(Tenant<S>);

// SAFETY: behind a lock: one thread at a time, which is all that a slot and a participant ask.
unsafe impl<S: Strategy> Send for Guest<S> {}

impl<S: Strategy> ThreadLocalPool<S> {
    pub(super) fn new(pool: Pool<S>) -> Self {
        Self { guest: Mutex::new(None), pool, number: PoolNumber::fresh() }
    }

    /// Takes a block, as [`Local::allocate`] does.
    ///
    /// # Errors
    ///
    /// As there; also where there is no memory for the thread's seat, nor a seat to share.
    #[inline]
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { seats::near::<S>(self.number) } {
            Some(at) => at.local.allocate_at(at.slot),
            None => self.allocate_far(),
        }
    }

    /// Gives a block back, as [`Local::deallocate`] does. Never fails.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn deallocate(&self, block: NonNull<u8>) {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { seats::near::<S>(self.number) } {
            // SAFETY: by the caller.
            Some(at) => unsafe { at.local.deallocate_at(at.slot, block) },
            // SAFETY: by the caller.
            None => unsafe { self.deallocate_far(block) },
        }
    }

    /// An explicit handle, as of [`Pool::local`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local(&self) -> Result<Local<'_, S>, AllocError> {
        self.invite()?;
        self.pool.local()
    }

    /// As [`Pool::prefill`]; the seat for threads that have none comes first.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        self.invite()?;
        self.pool.prefill(blocks, handles)
    }

    /// As [`Pool::seal`]; the seat for threads that have none comes first. They share it, where no
    /// other is left.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.invite()?;
        self.pool.seal()
    }

    /// As [`Pool::without_growth`]; keeps others out of the shared seat too.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guest = lock(&self.guest);
        self.pool.without_growth(f)
    }

    /// As [`Pool::end`].
    pub fn end(self) {
        let Self { guest, pool, .. } = self;
        drop(guest);
        pool.end();
    }

    /// Counts all blocks that are not in users' hands, as [`Pool::census`]. Those in threads' caches
    /// are counted too.
    pub fn census(&mut self) -> Census {
        self.pool.census()
    }

    /// Runs `f` on the calling thread's handle, seated now where it was not, or on the one that is
    /// shared.
    pub(super) fn seated<R>(&self, f: impl FnOnce(&Local<'_, S>) -> R) -> Result<R, AllocError> {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { seats::near::<S>(self.number) } {
            Some(at) => Ok(f(at.local)),
            None => self.with_seat(f),
        }
    }

    // Out of line, with everything in registers: else a hit sets up a stack frame for them.

    #[cold]
    #[inline(never)]
    fn allocate_far(&self) -> Result<NonNull<u8>, AllocError> {
        self.with_seat(|local| local.allocate())?
    }

    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate).
    #[cold]
    #[inline(never)]
    unsafe fn deallocate_far(&self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        let freed = self.with_seat(|local| unsafe { local.deallocate(block) });
        debug_assert!(
            freed.is_ok(),
            "who allocated the block has seen to it that there is a guest"
        );
    }

    /// As [`seated`](Self::seated), where no handle is near.
    fn with_seat<R>(&self, f: impl FnOnce(&Local<'_, S>) -> R) -> Result<R, AllocError> {
        self.invite()?;
        let mut f = Some(f);
        let mut once = |local: &Local<'_, S>| f.take().expect("run once")(local);
        // SAFETY: our own number and core.
        let seated = unsafe { seats::sit(self.number, self.pool.core(), &mut once) };
        if let Ok(Some(done)) = seated {
            return Ok(done);
        }
        let guest = lock(&self.guest);
        Ok(once(&guest.as_ref().expect("invited").0))
    }

    /// Sees to it that there is a seat for threads without one. Comes before every seat, so that
    /// whoever has a block to free finds it.
    fn invite(&self) -> Result<(), AllocError> {
        let mut guest = lock(&self.guest);
        if guest.is_none() {
            // SAFETY: used through the pool, and dropped before it.
            *guest = Some(Guest(unsafe { Tenant::attach(self.pool.core(), Home::default()) }?));
        }
        Ok(())
    }

    /// A seat that is not bound to a thread. For models, which have no threads of std.
    ///
    /// # Errors
    ///
    /// As [`local`](Self::local).
    ///
    /// # Safety
    ///
    /// It is only used, other than dropped, while the pool is there.
    #[doc(hidden)]
    pub unsafe fn tenant(&self) -> Result<Tenant<S>, AllocError> {
        self.invite()?;
        let core = self.pool.core();
        // SAFETY: by the caller.
        unsafe { Tenant::attach(core, core.home()) }
    }
}

// Not `DerefMut`: a pool that is swapped for another one would keep its number.
impl<S: Strategy> Deref for ThreadLocalPool<S> {
    type Target = Pool<S>;

    /// Seats the shared cache first: whoever gets blocks by the pool may free them here.
    fn deref(&self) -> &Pool<S> {
        // Where there is no memory for it, there is none for a handle of the pool either.
        _ = self.invite();
        &self.pool
    }
}
