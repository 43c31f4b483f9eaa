//! Members on sources that break their contract: regions that are misaligned, which is an error, or
//! that overlap, which is a panic.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};

use stampool::alloc::wrap::{Counted, PerThread, Shared};
use stampool::alloc::{AllocError, Allocator, Linear};
use stampool::source::{CountingSource, FailingSource};
use stampool::{BufferSource, BuildError, Source};

use super::members::Lent;

const WORD: Layout = match Layout::from_size_align(8, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

/// What an overlap makes a member say.
const OVERLAP: &str = "the source broke its contract";

/// Writes a word to a block, and returns where it is.
fn written(block: NonNull<[u8]>, word: u64) -> NonNull<u64> {
    let place = block.cast::<u64>();
    // SAFETY: the block is live, and has the layout of a word.
    unsafe { place.write(word) };
    place
}

/// The first region is misaligned; then nothing has happened, and the next one serves.
fn misaligned<A: Allocator>(name: &str, new: impl Fn(CountingSource<FailingSource>) -> A) {
    let source = CountingSource::new(FailingSource::default().misalign_at(0));
    let counts = source.counts();
    let member = new(source);
    assert_eq!(member.allocate(WORD), Err(AllocError::MisalignedSource), "{name}");
    assert_eq!((counts.obtained(), counts.live_regions()), (1, 0), "{name}: it went back");
    written(member.allocate(WORD).expect("a region that is aligned"), 1);
    drop(member);
    assert_eq!(counts.live_regions(), 0, "{name}");
}

#[test]
fn a_misaligned_region_is_an_error_of_every_member() {
    each_growing_member!(1000, WORD, |name, make| misaligned(name, make));
    each_wrapper!(1000, |name, make| misaligned(name, make));
    misaligned("Shared", |source| Shared::new(Linear::new(source)));
    misaligned("Leased", leased);
    misaligned("CountedThread", counted);
}

/// A member of one region cannot be made, and the region has gone back.
#[test]
fn a_misaligned_region_is_an_error_of_every_member_of_one_region() {
    fn refused<A>(
        name: &str,
        make: impl Fn(CountingSource<FailingSource>) -> Result<A, BuildError>,
    ) {
        let source = CountingSource::new(FailingSource::default().misalign_at(0));
        let counts = source.counts();
        let error = make(source).err().expect("a region that is not aligned");
        assert_eq!(error, BuildError::Fill { error: AllocError::MisalignedSource }, "{name}");
        assert_eq!((counts.obtained(), counts.live_regions()), (1, 0), "{name}: it went back");
    }
    each_member_of_one_region!(16, 10_000, |name, make| refused(name, make));
}

/// An instance of a thread. The source is for the first one, which alone is made.
fn leased<S: Source + 'static>(source: S) -> impl Allocator {
    let source = Mutex::new(Some(source));
    let make = move || {
        let source = source.lock().unwrap().take();
        Linear::with_first_chunk(source.expect("one instance"), REGION_BYTES)
    };
    Lent::new(PerThread::new(make), PerThread::lease, |_| ())
}

fn counted<S: Source + 'static>(source: S) -> impl Allocator {
    let counted = Counted::new(Linear::with_first_chunk(source, REGION_BYTES));
    Lent::new(counted, Counted::thread, |_| ())
}

/// Its regions lie in a buffer: each begins so many bytes behind the one before.
struct Overlapping {
    buffer: BufferSource,
    ground: Option<NonNull<u8>>,
    at: usize,
    step: usize,
    gone_back: Arc<Mutex<Vec<usize>>>,
}

// SAFETY: the pointer leads into the buffer that this value owns.
unsafe impl Send for Overlapping {}

const GROUND: Layout = match Layout::from_size_align(1 << 20, 4096) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

impl Overlapping {
    fn new(step: usize, gone_back: &Arc<Mutex<Vec<usize>>>) -> Self {
        static BUFFERS: Mutex<Vec<AtomicPtr<u8>>> = Mutex::new(Vec::new());
        let buffer = Box::into_raw(Box::<[u8]>::new_uninit_slice(2 << 20));
        // So that it stays reachable and is no leak.
        BUFFERS.lock().unwrap().push(AtomicPtr::new(buffer.cast()));
        // SAFETY: the buffer is nobody else's, and is never freed.
        let buffer = BufferSource::new(unsafe { &mut *buffer });
        Self { buffer, ground: None, at: 0, step, gone_back: gone_back.clone() }
    }
}

// SAFETY: not kept, on purpose: regions overlap. They are all valid.
unsafe impl Source for Overlapping {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let ground = match self.ground {
            Some(ground) => ground,
            None => *self.ground.insert(self.buffer.obtain(GROUND)?),
        };
        let at = self.at;
        assert!(at + layout.size() <= GROUND.size(), "room for all regions");
        self.at += self.step;
        // SAFETY: in the ground.
        Some(unsafe { ground.add(at) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, _layout: Layout) {
        self.gone_back.lock().unwrap().push(region.addr().get());
    }
}

fn says(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("the call is refused");
    payload.downcast_ref::<String>().expect("a message").clone()
}

const REGION_BYTES: usize = 1024;

/// Fills the first region, so that the member asks for another one, which begins in the first:
/// at its start, at each of its first words, and at its last one.
fn overlapping<A: Allocator>(name: &str, new: impl Fn(Overlapping) -> A) {
    for step in [0, 64, REGION_BYTES / 128 * 64] {
        let gone_back = Arc::default();
        let member = new(Overlapping::new(step, &gone_back));
        let mut words = vec![written(member.allocate(WORD).expect("the first region"), 0)];
        let message = says(|| {
            for word in 1.. {
                words.push(written(member.allocate(WORD).expect("a region"), word));
            }
        });
        assert!(message.contains(OVERLAP), "{name}, {step}: {message}");
        for (word, place) in (0..).zip(&words) {
            // SAFETY: the block is live.
            assert_eq!(unsafe { place.read() }, word, "{name}, {step}: nothing was written to it");
        }
        // The source answers the same again, unless its regions have left the first one.
        if step == 0 {
            let again = says(|| _ = member.allocate(WORD));
            assert!(again.contains(OVERLAP), "{name}: as it was before");
        }
        drop(member);
        let gone_back: Vec<usize> = gone_back.lock().unwrap().clone();
        let first = words[0].addr().get() & !4095;
        assert_eq!(gone_back, [first], "{name}, {step}: the first region, once");
    }
}

#[test]
fn a_region_that_overlaps_another_one_is_refused_by_every_member() {
    each_growing_member!(REGION_BYTES, WORD, |name, make| overlapping(name, make));
    each_wrapper!(REGION_BYTES, |name, make| overlapping(name, make));
    overlapping("Shared", |source| Shared::new(Linear::with_first_chunk(source, REGION_BYTES)));
    overlapping("Leased", leased);
    overlapping("CountedThread", counted);
}

/// Two regions, and an extension of the second one over the first.
struct Extending {
    inner: Overlapping,
    calls: usize,
}

// SAFETY: not kept, on purpose: an extension lies over another region.
unsafe impl Source for Extending {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // The first region lies behind the second one.
        self.inner.at = if self.calls == 0 { 8192 } else { 0 };
        self.calls += 1;
        self.inner.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.inner.release(region, layout) }
    }

    unsafe fn extend(&mut self, _region: NonNull<u8>, _old: Layout, new: Layout) -> bool {
        self.calls > 1 && new.size() > 8192
    }
}

fn extended<A: Allocator>(name: &str, new: impl Fn(Extending) -> A) {
    let member = new(Extending { inner: Overlapping::new(0, &Arc::default()), calls: 0 });
    let message = says(|| {
        for word in 0.. {
            written(member.allocate(WORD).expect("a region"), word);
        }
    });
    assert!(message.contains(OVERLAP), "{name}: {message}");
}

#[test]
fn an_extension_over_another_region_is_refused_by_every_member() {
    each_growing_member!(4000, WORD, |name, make| extended(name, make));
}

/// Regions that touch, but do not overlap, are as good as others.
#[test]
fn regions_that_touch_are_served() {
    fn touching<A: Allocator>(name: &str, new: impl Fn(CountingSource<NeverExtends>) -> A) {
        let buffer = Overlapping::new(0, &Arc::default()).buffer;
        let source = CountingSource::new(NeverExtends(buffer));
        let counts = source.counts();
        let member = new(source);
        for word in 0..if cfg!(miri) { 100 } else { 1000 } {
            written(member.allocate(WORD).expect(name), word);
        }
        assert!(counts.live_regions() > 1, "{name}");
    }
    each_growing_member!(64, WORD, |name, make| touching(name, make));
}

/// A source that hands out one region behind the other.
struct NeverExtends(BufferSource);

// SAFETY: the regions are the inner source's.
unsafe impl Source for NeverExtends {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) }
    }
}
