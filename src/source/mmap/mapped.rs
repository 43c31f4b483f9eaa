//! The source itself.

use core::alloc::Layout;
use core::ptr::NonNull;

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};

use super::{HugePageSize, HugePages, MapError, MapOptions, numa, sys};
use crate::source::Source;

/// Regions that the system maps, one by one: whole pages, as [`MapOptions`] ask.
///
/// ```text
///  | guard page |  region, from its first page to its last  | guard page |
///                 huge pages, NUMA policy, prefault, lock      (if asked for)
/// ```
///
/// # When to take it
///
/// Take it for huge pages, NUMA placement, memory that is there before it is needed, or guard pages.
/// Without any of these the [`SystemSource`](crate::SystemSource) does as well, and does not map a
/// page for each small region.
///
/// # Shape
///
/// A region takes a multiple of the [granule](Source::granule): a page, or a huge page if huge pages
/// are advised or explicit. It has any alignment. Fresh memory is zero. A region is
/// [extended](Source::extend) where the address space behind it is free, and within its last page.
///
/// # Fork
///
/// A child has a copy of each region, with the same policy, as any process has of its memory. Locks
/// are not inherited.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
/// use stampool::source::{MapOptions, NumaPolicy};
///
/// let source = MapOptions::new().numa(NumaPolicy::Local).prefault(true).build();
/// match source {
///     Ok(source) => {
///         let pool = Pool::builder(Layout::new::<u64>()).source(source).build_exact()?;
///         pool.prefill(1000).expect("memory");
///     }
///     // A container may forbid policies. The error says what to do.
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), stampool::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Mapped {
    options: MapOptions,
    page: usize,
    /// The granule, and the alignment of each region.
    unit: usize,
    fallbacks: usize,
    error: Option<MapError>,
}

impl Default for Mapped {
    /// Plain pages.
    fn default() -> Self {
        let page = sys::page_bytes();
        Self { options: MapOptions::new(), page, unit: page, fallbacks: 0, error: None }
    }
}

impl Mapped {
    /// A source of plain pages. For anything else begin with [`MapOptions::new`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A source with these options. It has mapped one granule and given it back, so the system does what
    /// the options ask for.
    fn probed(options: MapOptions) -> Result<Self, MapError> {
        let page = sys::page_bytes();
        let unit = match options.huge_pages {
            HugePages::Default | HugePages::Never => page,
            HugePages::Advised => transparent_bytes().unwrap_or(2 << 20).max(page),
            HugePages::Explicit(size) | HugePages::ExplicitOrAdvised(size) => size.bytes(),
        };
        let mut source = Self { options, page, unit, fallbacks: 0, error: None };
        let layout = Layout::from_size_align(unit, unit);
        let layout = layout.map_err(|_| MapError::TooLarge { bytes: unit })?;
        let region = source.map(layout)?;
        // SAFETY: just obtained with this layout, and not used.
        unsafe { source.release(region, layout) };
        source.fallbacks = 0;
        Ok(source)
    }

    /// What this source asks for.
    pub const fn options(&self) -> MapOptions {
        self.options
    }

    /// Regions that got advised huge pages, because no explicit ones were free. While an allocator owns this
    /// source it cannot be asked: lend it to the allocator by `&mut`, and ask when the allocator is gone.
    pub const fn fallbacks(&self) -> usize {
        self.fallbacks
    }

    /// The reason of the last failure: of a request, an extension or a release. It can be asked for when
    /// [`fallbacks`](Self::fallbacks) can.
    pub const fn last_error(&self) -> Option<MapError> {
        self.error
    }

    /// As [`obtain`](Source::obtain), with the reason of a failure.
    ///
    /// # Errors
    ///
    /// [`MapError`]. Nothing stays mapped, unless the kernel refuses to unmap it.
    pub fn map(&mut self, layout: Layout) -> Result<NonNull<u8>, MapError> {
        let mapped = self.map_whole(layout);
        if let Err(error) = mapped {
            self.error = Some(error);
        }
        mapped
    }

    /// Bytes of each guard.
    const fn guard(&self) -> usize {
        if self.options.guard_pages { self.page } else { 0 }
    }

    /// Bytes between the guards.
    fn taken(&self, size: usize) -> Option<usize> {
        size.checked_next_multiple_of(self.unit)
    }

    fn map_whole(&mut self, layout: Layout) -> Result<NonNull<u8>, MapError> {
        let bytes = layout.size();
        if bytes == 0 {
            return Err(MapError::NoBytes);
        }
        let too_large = MapError::TooLarge { bytes };
        let len = self.taken(bytes).ok_or(too_large)?;
        let (guard, align) = (self.guard(), layout.align().max(self.unit));
        // The kernel aligns to a page; this much may have to be cut off.
        let slack = align - self.page;
        let total = len.checked_add(2 * guard + slack).ok_or(too_large)?;
        if isize::try_from(total).is_err() {
            return Err(too_large);
        }
        let base = sys::reserve(total).map_err(|errno| sys::refused(errno, bytes))?;
        let first = (base.addr().get() + guard).next_multiple_of(align);
        let in_front = first - guard - base.addr().get();
        // SAFETY: at most the slack, so it lies in the reserved range.
        let outer = unsafe { base.add(in_front) };
        // SAFETY: the part in front is ours, and nobody uses it.
        let cut = unsafe { sys::unmap(base, in_front) };
        // SAFETY: the end of what the region and its guards take.
        let behind = unsafe { outer.add(len + 2 * guard) };
        // SAFETY: the part behind is ours, and nobody uses it.
        let cut = cut.and(unsafe { sys::unmap(behind, slack - in_front) });
        // SAFETY: the guard is in the reserved range.
        let start = unsafe { outer.add(guard) };
        let done =
            cut.map_err(|errno| sys::refused(errno, bytes)).and_then(|()| self.fill(start, len));
        if let Err(error) = done {
            // SAFETY: ours, and nobody uses it.
            unsafe { self.give_back(outer, len + 2 * guard) };
            return Err(error);
        }
        Ok(start)
    }

    /// Maps memory over a reserved range, as the options ask.
    fn fill(&mut self, start: NonNull<u8>, len: usize) -> Result<(), MapError> {
        let options = self.options;
        let advised = self.map_pages(start, len)?;
        numa::apply(start, len, options.policy)?;
        if let Some(advice) = advised {
            self.advise(start, len, advice)?;
        }
        self.settle(start, len)
    }

    /// Touches and locks the pages, and looks at where they are.
    fn settle(&self, start: NonNull<u8>, len: usize) -> Result<(), MapError> {
        if self.options.prefault {
            touch(start, len)?;
        }
        if self.options.lock {
            // SAFETY: the range is mapped.
            let locked = unsafe { rustix::mm::mlock(start.as_ptr().cast(), len) };
            locked.map_err(|errno| match errno {
                Errno::NOMEM | Errno::AGAIN | Errno::PERM => MapError::LockLimit { bytes: len },
                _ => other("mlock", errno),
            })?;
        }
        if self.options.strict { numa::verify(start, len, self.options.policy) } else { Ok(()) }
    }

    /// Maps the pages, and says what is to be advised about them.
    fn map_pages(&mut self, start: NonNull<u8>, len: usize) -> Result<Option<Advice>, MapError> {
        let explicit = match self.options.huge_pages {
            HugePages::Default => None,
            HugePages::Never => {
                self.map_plain(start, len)?;
                return Ok(Some(Advice::LinuxNoHugepage));
            }
            HugePages::Advised => {
                self.map_plain(start, len)?;
                return Ok(Some(Advice::LinuxHugepage));
            }
            HugePages::Explicit(size) | HugePages::ExplicitOrAdvised(size) => Some(size),
        };
        let Some(size) = explicit else {
            self.map_plain(start, len)?;
            return Ok(None);
        };
        let kind = match size {
            HugePageSize::Mib2 => MapFlags::HUGE_2MB,
            HugePageSize::Gib1 => MapFlags::HUGE_1GB,
        };
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the range is reserved, ours, and not used.
        let mapped = unsafe { sys::replace(start, len, prot, MapFlags::HUGETLB | kind) };
        let Err(errno) = mapped else { return Ok(None) };
        if matches!(self.options.huge_pages, HugePages::ExplicitOrAdvised(_)) {
            self.map_plain(start, len)?;
            self.fallbacks += 1;
            return Ok(Some(Advice::LinuxHugepage));
        }
        let page_bytes = size.bytes();
        Err(match errno {
            Errno::NOMEM => MapError::NoHugePages { page_bytes },
            _ => MapError::NoSuchHugePage { page_bytes },
        })
    }

    fn map_plain(&self, start: NonNull<u8>, len: usize) -> Result<(), MapError> {
        let flags = if self.options.no_reserve { MapFlags::NORESERVE } else { MapFlags::empty() };
        // SAFETY: the range is reserved, ours, and not used.
        let mapped = unsafe { sys::replace(start, len, ProtFlags::READ | ProtFlags::WRITE, flags) };
        mapped.map_err(|errno| sys::refused(errno, len))
    }

    fn advise(&self, start: NonNull<u8>, len: usize, advice: Advice) -> Result<(), MapError> {
        // SAFETY: the range is mapped, and this advice changes no content.
        match unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, advice) } {
            // Where there are none, nothing has to be advised against, and a fallback that is only
            // advised does without.
            Err(Errno::INVAL) if self.options.huge_pages == HugePages::Advised => {
                Err(MapError::NoTransparentHugePages)
            }
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(other("madvise", errno)),
        }
    }

    /// Gives a range back. The kernel refuses where that would cut a mapping in two and the process
    /// has too many; then the range stays reserved, and its memory goes back.
    ///
    /// # Safety
    ///
    /// The range is this source's, and nobody uses it any more.
    unsafe fn give_back(&mut self, start: NonNull<u8>, len: usize) {
        // SAFETY: by the caller.
        if let Err(errno) = unsafe { sys::unmap(start, len) } {
            self.error = Some(other("munmap", errno));
            // SAFETY: by the caller; nobody reads the contents any more.
            _ = unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxDontNeed) };
        }
    }
}

impl MapOptions {
    /// The source. To see that the system does what is asked for, it maps one
    /// [granule](Source::granule) and gives it back.
    ///
    /// # Errors
    ///
    /// What that granule met.
    pub fn build(self) -> Result<Mapped, MapError> {
        Mapped::probed(self)
    }
}

/// Touches each page by a write that keeps its content.
fn touch(start: NonNull<u8>, len: usize) -> Result<(), MapError> {
    // SAFETY: the range is mapped; this changes no content.
    match unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxPopulateWrite) } {
        Ok(()) => Ok(()),
        // Kernels before 5.14 do not know it.
        Err(Errno::INVAL) => {
            for offset in (0..len).step_by(sys::page_bytes()) {
                // SAFETY: the offset lies in the range.
                let page = unsafe { start.add(offset) };
                // SAFETY: the page is mapped, and fresh or nobody else's: a write of zero to what is
                // zero.
                unsafe { page.write_volatile(0) };
            }
            Ok(())
        }
        Err(Errno::NOMEM | Errno::FAULT | Errno::HWPOISON) => {
            Err(MapError::Prefault { bytes: len })
        }
        Err(errno) => Err(other("madvise", errno)),
    }
}

/// Bytes of a transparent huge page, if the kernel has them and says so.
fn transparent_bytes() -> Option<usize> {
    let size = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
    size.ok()?.trim().parse::<usize>().ok().filter(|bytes| bytes.is_power_of_two())
}

const fn other(call: &'static str, errno: Errno) -> MapError {
    MapError::Other { call, errno: errno.raw_os_error() }
}

// SAFETY: each region is a mapping of its own, which the kernel lays beside all others, and which
// stays until it is unmapped by `release`. Moving the source changes no mapping.
unsafe impl Source for Mapped {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.map(layout).ok()
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let (guard, len) = (self.guard(), self.taken(layout.size()));
        let len = len.expect("as it was obtained");
        // SAFETY: the guard lies in front of the region, in the same mapping.
        let outer = unsafe { region.sub(guard) };
        // SAFETY: by the caller; the region and its guards are this source's.
        unsafe { self.give_back(outer, len + 2 * guard) };
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let (Some(len), Some(longer)) = (self.taken(old.size()), self.taken(new.size())) else {
            return false;
        };
        if longer == len {
            return true;
        }
        // A guard lies behind the region, and the kernel extends no explicit huge pages.
        let is_explicit = matches!(
            self.options.huge_pages,
            HugePages::Explicit(_) | HugePages::ExplicitOrAdvised(_)
        );
        if self.options.guard_pages || is_explicit || isize::try_from(longer).is_err() {
            return false;
        }
        // Without the flag that lets it move, a mapping grows only where the addresses are free.
        let address = region.as_ptr().cast();
        // SAFETY: by the caller, the region is mapped and this long.
        let grown = unsafe { rustix::mm::mremap(address, len, longer, MremapFlags::empty()) };
        if grown.is_err() {
            return false;
        }
        // SAFETY: the mapping is this long now.
        let added = unsafe { region.add(len) };
        if let Err(error) = self.settle(added, longer - len) {
            self.error = Some(error);
            // SAFETY: nobody uses the added pages yet.
            unsafe { self.give_back(added, longer - len) };
            return false;
        }
        true
    }

    fn granule(&self) -> usize {
        self.unit
    }
}
