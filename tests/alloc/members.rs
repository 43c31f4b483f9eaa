//! Every member keeps the contract.

use core::alloc::Layout;

use stampool::alloc::conformance::{Conformance, TestSource};
use stampool::alloc::wrap::Locked;
use stampool::alloc::{Blocks, Linear, Scope, Stack, Static};
use stampool::{ExactPool, Local, Pool, ThreadLocalPool};

/// Programs per member: a number that ends soon under Miri too.
const PROGRAMS: u64 = if cfg!(miri) { 20 } else { 10_000 };

#[test]
fn linear() {
    Conformance::new(Linear::new).owner().reset().programs(PROGRAMS).check();
}

#[test]
fn linear_with_tiny_chunks() {
    let make = |source| Linear::with_first_chunk(source, 1);
    Conformance::new(make).owner().reset().programs(PROGRAMS).check();
}

#[test]
fn fixed() {
    for len in [0, 1, 15, 16, 17, 63, 64, 1000, 100_000] {
        // SAFETY: the kit keeps the buffer until the allocator is gone.
        let make = |source: TestSource| unsafe { Static::from_raw_parts(source.buffer(len), len) };
        let programs = PROGRAMS / 9 + 1;
        Conformance::new(make).owner().reset().up_to(len.max(1), 64).programs(programs).check();
    }
}

#[test]
fn stack() {
    Conformance::new(Stack::new).owner().reset().recovers().programs(PROGRAMS).check();
}

#[test]
fn stack_with_tiny_chunks() {
    let make = |source| Stack::with_first_chunk(source, 1);
    let check = Conformance::new(make).owner().reset().recovers().up_to(300, 64).steps(80);
    check.programs(PROGRAMS / 2).check();
}

/// A scope, as an allocator that owns its stack.
struct Scoped {
    scope: Option<Scope<'static, TestSource>>,
    stack: *mut Stack<TestSource>,
}

impl Scoped {
    fn new(source: TestSource) -> Self {
        let stack = Box::into_raw(Box::new(Stack::with_first_chunk(source, 100)));
        // SAFETY: the stack lives until the drop of this value, which ends the scope first.
        let scope = unsafe { &*stack }.enter().expect("no scope is open");
        Self { scope: Some(scope), stack }
    }

    const fn scope(&self) -> &Scope<'static, TestSource> {
        self.scope.as_ref().expect("a scope until the drop")
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        self.scope = None;
        // SAFETY: made by `Box::into_raw`; the scope that borrowed it is closed.
        let stack = unsafe { Box::from_raw(self.stack) };
        assert_eq!(stack.usage().used_bytes, 0, "the scope has given everything back");
    }
}

// SAFETY: all calls go to the scope.
unsafe impl stampool::alloc::Allocator for Scoped {
    fn allocate(
        &self,
        layout: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        self.scope().allocate(layout)
    }

    unsafe fn deallocate(&self, block: core::ptr::NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.scope().deallocate(block, layout) }
    }

    unsafe fn grow_in_place(
        &self,
        block: core::ptr::NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        // SAFETY: by the caller.
        unsafe { self.scope().grow_in_place(block, old, new) }
    }

    unsafe fn shrink_in_place(
        &self,
        block: core::ptr::NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        // SAFETY: by the caller.
        unsafe { self.scope().shrink_in_place(block, old, new) }
    }
}

impl stampool::alloc::Owner for Scoped {
    fn owns(&self, address: core::ptr::NonNull<u8>) -> bool {
        self.scope().owns(address)
    }

    fn usage(&self) -> stampool::alloc::Usage {
        self.scope().usage()
    }
}

#[test]
fn scope() {
    Conformance::new(Scoped::new).owner().recovers().programs(PROGRAMS).check();
}

#[test]
fn blocks() {
    for (size, align, first) in [(1, 1, 1), (8, 8, 4), (24, 8, 2), (100, 64, 1), (5000, 4096, 3)] {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        let make = |source| {
            Blocks::with_first_chunk(layout, source, first).expect("blocks of this layout")
        };
        let check = Conformance::new(make).owner().reset().recovers().up_to(size, align);
        check.programs(PROGRAMS / 5 + 1).check();
    }
}

#[test]
fn locked() {
    let make = |source| Locked::new(Linear::new(source));
    Conformance::new(make).owner().reset().programs(PROGRAMS / 10 + 1).check();
}

/// A pool and one of its allocators, which borrows it.
struct Owned<P> {
    allocator: stampool::alloc::PoolAllocator<P>,
    // Declared last, so that it is dropped last.
    _pool: Box<dyn core::any::Any>,
}

// SAFETY: all calls go to the allocator.
unsafe impl<P: stampool::alloc::BlockPool> stampool::alloc::Allocator for Owned<P> {
    fn allocate(
        &self,
        layout: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        self.allocator.allocate(layout)
    }

    unsafe fn deallocate(&self, block: core::ptr::NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.allocator.deallocate(block, layout) }
    }

    unsafe fn grow_in_place(
        &self,
        block: core::ptr::NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        // SAFETY: by the caller.
        unsafe { self.allocator.grow_in_place(block, old, new) }
    }

    unsafe fn shrink_in_place(
        &self,
        block: core::ptr::NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, stampool::alloc::AllocError> {
        // SAFETY: by the caller.
        unsafe { self.allocator.shrink_in_place(block, old, new) }
    }
}

/// A reference to `pool` for as long as the box lives that is returned with it.
fn keep<P: 'static>(pool: P) -> (&'static P, Box<dyn core::any::Any>) {
    let pool = Box::new(pool);
    // SAFETY: the box holds the pool at this address, and its owner drops the reference's users
    // first.
    (unsafe { &*core::ptr::from_ref(&*pool) }, pool)
}

/// Builds a pool whose source is the system's: a pool that cannot be built is no allocator, so the
/// test's source, which may refuse, is not for its first regions.
fn pools(size: usize, align: usize) {
    let layout = Layout::from_size_align(size, align).expect("a layout");
    let programs = PROGRAMS / 20 + 1;
    let local = |_| {
        let (pool, kept) = keep::<Pool>(Pool::builder(layout).build().expect("a pool"));
        Owned::<Local<'static>> { allocator: pool.as_allocator().expect("a handle"), _pool: kept }
    };
    Conformance::new(local).up_to(size, align).programs(programs).check();
    let exact = |_| {
        let (pool, kept) = keep(Pool::builder(layout).build_exact().expect("a pool"));
        Owned::<&ExactPool> { allocator: pool.as_allocator(), _pool: kept }
    };
    Conformance::new(exact).up_to(size, align).programs(programs).check();
    let shared = |_| {
        let (pool, kept) = keep(Pool::builder(layout).build_thread_local().expect("a pool"));
        Owned::<&ThreadLocalPool> { allocator: pool.as_allocator(), _pool: kept }
    };
    Conformance::new(shared).up_to(size, align).programs(programs).check();
}

#[test]
fn pools_as_allocators() {
    for (size, align) in [(1, 1), (48, 16), (200, 8), (100, 256)] {
        pools(size, align);
    }
}
