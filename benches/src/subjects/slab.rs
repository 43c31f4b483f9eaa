//! A peer: sharded-slab's pool, which knows its objects by keys.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use sharded_slab::{Clear, Pool};

use stampool::Block;

use crate::{Handle, Measured, Never};

/// A block of `SIZE` bytes behind its key: where the handle finds what to clear.
#[repr(C, align(8))]
struct Keyed<const SIZE: usize> {
    key: AtomicUsize,
    bytes: [u8; SIZE],
}

impl<const SIZE: usize> Default for Keyed<SIZE> {
    fn default() -> Self {
        Self { key: AtomicUsize::new(0), bytes: [0; SIZE] }
    }
}

impl<const SIZE: usize> Clear for Keyed<SIZE> {
    fn clear(&mut self) {}
}

/// sharded-slab's pool.
pub struct Slab<const SIZE: usize>(Pool<Keyed<SIZE>>);

impl<const SIZE: usize> Slab<SIZE> {
    /// Without objects.
    pub fn new() -> Self {
        Self(Pool::new())
    }
}

impl<const SIZE: usize> Default for Slab<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

super::shared_subject!([const SIZE: usize] Slab<SIZE>);

impl<const SIZE: usize> Measured for Slab<SIZE> {}

impl<const SIZE: usize> Handle for &Slab<SIZE> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        let mut object = self.0.create().expect("room in the slab");
        let key = object.key();
        let block = NonNull::from(&mut *object).cast::<u8>();
        // Relaxed: whoever frees the block was given it.
        object.key.store(key, Ordering::Relaxed);
        drop(object);
        // SAFETY: the bytes begin behind the key. The slab does not move or touch what is not
        // cleared.
        Ok(Block(unsafe { block.add(size_of::<AtomicUsize>()) }))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller, from `allocate`: the key is in front of it.
        let key = unsafe { block.0.sub(size_of::<AtomicUsize>()) }.cast::<usize>();
        // SAFETY: as above; nobody writes it any more.
        self.0.clear(unsafe { key.read() });
    }
}
