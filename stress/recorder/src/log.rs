//! The log: a file that is mapped shared, so that everything written stays, however the program
//! ends.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering::Relaxed, Ordering::Release};

use crate::layout::{
    ALLOCATE, AT_ADDRESS, AT_ALIGN, AT_CLAIMED, AT_KIND, AT_NANOS, AT_PLACES, AT_PROCESS, AT_SIZE,
    AT_THREAD, AT_TROUBLE, EVENT_BYTES, FREE, HEADER_BYTES, MAGIC, VARIABLE,
};
use crate::next;

/// What recording needs, on a page that a fork wipes: the child finds no log.
struct Desk {
    log: AtomicPtr<u8>,
    places: AtomicU64,
}

/// Null until recording begins; stays null if it cannot begin.
static DESK: AtomicPtr<Desk> = AtomicPtr::new(ptr::null_mut());

/// A claimed place.
pub(crate) struct Place(NonNull<u8>);

/// Claims the next place; `None` if nothing is recorded, any more or at all.
pub(crate) fn claim() -> Option<Place> {
    let desk = NonNull::new(DESK.load(Relaxed))?;
    // SAFETY: the page is never unmapped, and zeroes are a desk.
    let desk = unsafe { desk.as_ref() };
    let log = NonNull::new(desk.log.load(Relaxed))?;
    // SAFETY: within the header, which is mapped as long as the process lives.
    let claimed = unsafe { log.add(AT_CLAIMED) }.cast::<AtomicU64>();
    // SAFETY: aligned (a page and a multiple of 8), and only accessed atomically by the program.
    let claimed = unsafe { claimed.as_ref() };
    // Relaxed: the order of claims is all that counts, see the crate's head.
    let number = claimed.fetch_add(1, Relaxed);
    if number >= desk.places.load(Relaxed) {
        return None;
    }
    let offset = HEADER_BYTES + usize::try_from(number).ok()? * EVENT_BYTES;
    // SAFETY: there are so many places behind the header.
    Some(Place(unsafe { log.add(offset) }))
}

impl Place {
    /// Writes an allocation.
    pub(crate) fn allocated(self, block: *mut c_void, size: usize, align: usize) {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let align = u8::try_from(align.trailing_zeros()).unwrap_or(0);
        self.write(ALLOCATE, block, size, align);
    }

    /// Writes a free.
    pub(crate) fn freed(self, block: *mut c_void) {
        self.write(FREE, block, 0, 0);
    }

    fn write(self, kind: u8, block: *mut c_void, size: u32, align: u8) {
        // SAFETY: no obligations.
        let thread = unsafe { libc::pthread_self() };
        self.set(AT_ADDRESS, block.addr().to_ne_bytes());
        self.set(AT_THREAD, thread.to_ne_bytes());
        self.set(AT_NANOS, now_nanos().to_ne_bytes());
        self.set(AT_SIZE, size.to_ne_bytes());
        self.set(AT_ALIGN, [align]);
        // SAFETY: within the place.
        let at = unsafe { self.0.add(AT_KIND) }.cast::<AtomicU8>();
        // SAFETY: mapped and ours.
        let at = unsafe { at.as_ref() };
        // Release, and last: a thread that dies in this function leaves a place that counts as
        // never written.
        at.store(kind, Release);
    }

    fn set<const N: usize>(&self, at: usize, bytes: [u8; N]) {
        // SAFETY: within the place.
        let field = unsafe { self.0.add(at) };
        // SAFETY: mapped and this thread's alone.
        unsafe { field.cast::<[u8; N]>().write_unaligned(bytes) };
    }
}

/// Nanoseconds since some time.
fn now_nanos() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: room for the answer. The call can be made anywhere and does not fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr()) };
    // SAFETY: zeroes are a time.
    let now = unsafe { now.assume_init() };
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(now.tv_sec).wrapping_mul(1_000_000_000).wrapping_add(part(now.tv_nsec))
}

/// Run by the dynamic linker before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = begin;

/// Begins to record, if a log is named and is this process's.
///
/// The environment is left alone: what a child executes finds that the log is another's.
extern "C" fn begin(_: c_int, _: *const *const c_char, environment: *const *const c_char) {
    next::find_all();
    if let Some(path) = path_in(environment)
        && let Some(file) = open(path)
    {
        if let Err(errno) = map(file) {
            let trouble = u32::try_from(errno).unwrap_or(u32::MAX).to_ne_bytes();
            put(file, AT_TROUBLE, &trouble);
        }
        // What is mapped stays.
        // SAFETY: ours, and not used any more.
        unsafe { libc::close(file) };
    }
}

/// The value of our variable. `getenv` may not be ready so early.
fn path_in(environment: *const *const c_char) -> Option<&'static CStr> {
    let mut entry = environment;
    loop {
        // SAFETY: the environment is an array of pointers that ends in null, and we stop there.
        let text = unsafe { *entry };
        if text.is_null() {
            return None;
        }
        // SAFETY: strings that end in zero, and stay for the process's life.
        let text = unsafe { CStr::from_ptr(text) };
        let value = text.to_bytes_with_nul().strip_prefix(VARIABLE.as_bytes());
        if let Some(path) = value.and_then(|rest| rest.strip_prefix(b"=")) {
            return CStr::from_bytes_with_nul(path).ok();
        }
        // SAFETY: not the last one.
        entry = unsafe { entry.add(1) };
    }
}

/// The log, if it is one and ours: new, or of this process before it executed this program.
fn open(path: &CStr) -> Option<c_int> {
    // SAFETY: a string that ends in zero.
    let file = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    if file < 0 {
        return None;
    }
    // SAFETY: no obligations.
    let process = u32::try_from(unsafe { libc::getpid() }).ok()?.to_ne_bytes();
    let owner: [u8; 4] = get(file, AT_PROCESS)?;
    if get(file, 0) != Some(MAGIC) || (owner != [0; 4] && owner != process) {
        // SAFETY: ours, and not used any more.
        unsafe { libc::close(file) };
        return None;
    }
    put(file, AT_PROCESS, &process);
    Some(file)
}

/// Maps the log, empty and with all its room, and begins. Gives the errno of what failed.
fn map(file: c_int) -> Result<(), c_int> {
    let places = u64::from_ne_bytes(get(file, AT_PLACES).ok_or(libc::EIO)?);
    let too_large = |_| libc::EFBIG;
    let places_bytes = usize::try_from(places).map_err(too_large)?.checked_mul(EVENT_BYTES);
    let bytes = places_bytes.and_then(|n| n.checked_add(HEADER_BYTES)).ok_or(libc::EFBIG)?;
    let length = libc::off_t::try_from(bytes).map_err(too_large)?;
    let header = libc::off_t::try_from(HEADER_BYTES).map_err(too_large)?;

    // What a program before this one wrote goes: a place that is never written must read as zero.
    // SAFETY: an open file.
    checked(unsafe { libc::ftruncate(file, header) })?;
    put(file, AT_CLAIMED, &[0; 8]);
    // Allocates the whole file now. If a page were missing later, the program would be killed.
    // SAFETY: an open file.
    match unsafe { libc::posix_fallocate(file, 0, length) } {
        0 => {}
        errno => return Err(errno),
    }
    let shared = |length, flags, file| {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let at = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, file, 0) };
        if at == libc::MAP_FAILED { Err(errno()) } else { Ok(at) }
    };
    let log = shared(bytes, libc::MAP_SHARED, file)?;
    let desk = shared(size_of::<Desk>(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
    // SAFETY: a mapping of our own.
    checked(unsafe { libc::madvise(desk, size_of::<Desk>(), libc::MADV_WIPEONFORK) })?;
    let desk = desk.cast::<Desk>();
    // SAFETY: mapped, aligned to a page, and zeroes are a desk.
    let begun = unsafe { &*desk };
    begun.places.store(places, Relaxed);
    begun.log.store(log.cast(), Relaxed);
    // Release: who finds the desk finds it laid.
    DESK.store(desk, Release);
    Ok(())
}

fn errno() -> c_int {
    // SAFETY: no obligations.
    let at = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own.
    unsafe { *at }
}

fn checked(result: c_int) -> Result<(), c_int> {
    if result == 0 { Ok(()) } else { Err(errno()) }
}

/// Reads from the file.
fn get<const N: usize>(file: c_int, at: usize) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let at = libc::off_t::try_from(at).ok()?;
    // SAFETY: an open file, and room for so many bytes.
    let read = unsafe { libc::pread(file, bytes.as_mut_ptr().cast(), N, at) };
    (usize::try_from(read) == Ok(N)).then_some(bytes)
}

/// Writes to the file. Where that fails, who reads finds a log that nobody wrote to.
fn put(file: c_int, at: usize, bytes: &[u8]) {
    if let Ok(at) = libc::off_t::try_from(at) {
        // SAFETY: an open file, and so many bytes.
        unsafe { libc::pwrite(file, bytes.as_ptr().cast(), bytes.len(), at) };
    }
}
