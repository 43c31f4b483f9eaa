//! A member as bump-scope's `Bump` and `BumpVec`, as far as its fuzz programs call them.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;
use std::rc::Rc;

use allocator_api2_02::alloc::{AllocError as ApiError, Allocator as Api};
use allocator_api2_02::vec::Vec;
pub use bump_scope::{alloc, settings};
use stampool::Source;

use self::alloc::{AllocError, Allocator, Global};
use self::settings::BumpSettings;
use crate::member::{self, Member};

/// Traits of bump-scope's.
pub mod traits {
    /// What a [`BumpVec`](super::BumpVec) allocates from.
    pub trait BumpAllocatorTyped: allocator_api2_02::alloc::Allocator {}
}

/// A member over an allocator. Its settings say nothing to a member.
pub struct Bump<A = Global, Settings = BumpSettings> {
    member: ManuallyDrop<Member<'static>>,
    chunks: Rc<Cell<usize>>,
    base: A,
    settings: PhantomData<Settings>,
}

/// An allocator as a source, and how many of its regions are held.
struct Base<A> {
    base: A,
    chunks: Rc<Cell<usize>>,
}

// SAFETY: a test uses it on one thread.
unsafe impl<A> Send for Base<A> {}

// SAFETY: the contract of the allocator.
unsafe impl<A: Allocator> Source for Base<A> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = self.base.allocate(layout).ok()?;
        self.chunks.set(self.chunks.get() + 1);
        Some(region.cast())
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.chunks.set(self.chunks.get() - 1);
        // SAFETY: by the caller.
        unsafe { self.base.deallocate(region, layout) }
    }
}

/// As bump-scope's first chunk.
const FIRST_CHUNK: Layout = Layout::new::<[u8; 512]>();

impl<Settings> Bump<Global, Settings> {
    /// A member without a chunk.
    #[expect(clippy::new_without_default, reason = "bump-scope's tests call `new` alone")]
    pub fn new() -> Self {
        Self::new_in(Global)
    }

    /// The same; the first chunk has room for this layout.
    pub fn with_capacity(layout: Layout) -> Self {
        Self::with_capacity_in(layout, Global)
    }
}

impl<A: Allocator + Clone, Settings> Bump<A, Settings> {
    /// A member over an allocator.
    pub fn new_in(base: A) -> Self {
        Self::with_capacity_in(FIRST_CHUNK, base)
    }

    /// The same; the first chunk has room for this layout.
    pub fn with_capacity_in(layout: Layout, base: A) -> Self {
        let chunks = Rc::new(Cell::new(0));
        let source = Base { base: base.clone(), chunks: Rc::clone(&chunks) };
        let member = member::chosen(source, layout.size());
        // SAFETY: the allocator outlives this value, which has a `Drop` and so may not dangle, and
        // the member goes in that.
        let member = unsafe { core::mem::transmute::<Member<'_>, Member<'static>>(member) };
        Self { member: ManuallyDrop::new(member), chunks, base, settings: PhantomData }
    }

    /// The allocator below.
    pub const fn allocator(&self) -> Option<&A> {
        Some(&self.base)
    }
}

impl<A, Settings> Drop for Bump<A, Settings> {
    fn drop(&mut self) {
        // SAFETY: once.
        unsafe { ManuallyDrop::drop(&mut self.member) };
    }
}

/// What a member has and uses.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    chunks: usize,
    used_bytes: usize,
}

impl Stats {
    /// How many chunks there are.
    pub const fn count(self) -> usize {
        self.chunks
    }

    /// Bytes below the mark.
    pub const fn allocated(self) -> usize {
        self.used_bytes
    }
}

/// A value or a slice in a member's memory.
#[derive(Debug)]
pub struct BumpBox<'a, T: ?Sized>(NonNull<T>, PhantomData<&'a T>);

impl<'a, T: ?Sized> BumpBox<'a, T> {
    /// A reference to it.
    pub const fn into_ref(self) -> &'a T {
        // SAFETY: written, or without a need to be, and nobody else's.
        unsafe { self.0.as_ref() }
    }

    /// A pointer to it.
    pub const fn into_raw(self) -> NonNull<T> {
        self.0
    }
}

impl<A, Settings> Bump<A, Settings> {
    /// What it has and uses.
    pub fn stats(&self) -> Stats {
        Stats { chunks: self.chunks.get(), used_bytes: self.member.usage().used_bytes }
    }

    /// A block of this layout.
    ///
    /// # Panics
    /// Where the member has none.
    pub fn allocate_layout(&self, layout: Layout) -> NonNull<u8> {
        self.member.allocate(layout).expect("memory").cast()
    }

    /// A slice that is not initialised.
    ///
    /// # Panics
    /// Where the member has none.
    pub fn alloc_uninit_slice<T>(&self, len: usize) -> BumpBox<'_, [MaybeUninit<T>]> {
        let start = self.allocate_layout(Layout::array::<T>(len).expect("a layout"));
        BumpBox(NonNull::slice_from_raw_parts(start.cast(), len), PhantomData)
    }

    /// A slice of values that `make` returns.
    ///
    /// # Panics
    /// Where the member has none.
    pub fn alloc_slice_fill_with<T>(
        &self,
        len: usize,
        mut make: impl FnMut() -> T,
    ) -> BumpBox<'_, [T]> {
        let start = self.allocate_layout(Layout::array::<T>(len).expect("a layout")).cast::<T>();
        let place = start.cast::<MaybeUninit<T>>().as_ptr();
        // SAFETY: the block has room for so many values, and is nobody else's.
        let places = unsafe { core::slice::from_raw_parts_mut(place, len) };
        for place in places {
            place.write(make());
        }
        BumpBox(NonNull::slice_from_raw_parts(start, len), PhantomData)
    }

    /// A value that `make` returns.
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> BumpBox<'_, T> {
        let place = self.allocate_layout(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block has the layout of `T`.
        unsafe { place.write(make()) };
        BumpBox(place, PhantomData)
    }
}

impl<A, Settings> fmt::Debug for Bump<A, Settings> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bump").field("usage", &self.member.usage()).finish_non_exhaustive()
    }
}

macro_rules! calls {
    ($Error:expr, $Type:ty) => {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, $Type> {
            self.member.allocate(layout).map(|block| member::cut(block, layout)).map_err(|_| $Error)
        }

        fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, $Type> {
            self.member
                .allocate_zeroed(layout)
                .map(|block| member::cut(block, layout))
                .map_err(|_| $Error)
        }

        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: by the caller.
            unsafe { self.member.deallocate(block, layout) }
        }

        calls! { @resize $Error, $Type, grow }
        calls! { @resize $Error, $Type, grow_zeroed }
        calls! { @resize $Error, $Type, shrink }
    };
    (@resize $Error:expr, $Type:ty, $method:ident) => {
        unsafe fn $method(
            &self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, $Type> {
            // SAFETY: by the caller.
            let block = unsafe { self.member.$method(block, old, new) };
            block.map(|block| member::cut(block, new)).map_err(|_| $Error)
        }
    };
}

// SAFETY: the rules of the member.
unsafe impl<A, Settings> Allocator for Bump<A, Settings> {
    calls! { AllocError, AllocError }
}

// SAFETY: as above; the member cannot be reset while it is borrowed.
unsafe impl<A, Settings> Api for &Bump<A, Settings> {
    calls! { ApiError, ApiError }
}

impl<A, Settings> traits::BumpAllocatorTyped for &Bump<A, Settings> {}

/// A vector in a member's memory: the one of the crate `allocator-api2`.
#[derive(Debug)]
pub struct BumpVec<T, A: Api>(Vec<T, A>);

impl<T, A: Api> BumpVec<T, A> {
    /// An empty one.
    pub const fn new_in(allocator: A) -> Self {
        Self(Vec::new_in(allocator))
    }

    /// Adds a value.
    pub fn push(&mut self, value: T) {
        self.0.push(value);
    }

    /// All values.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}
