//! The allocator that would have been called: the next one in the order of the dynamic linker,
//! whether that is the C library's or another one with which the program is linked.
//!
//! The constructor looks it up, or the first call if that comes before. `dlsym` itself may
//! allocate. Memory that it asks for during the lookup comes from a static buffer, and is never
//! reused.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_int, c_void};
use core::marker::PhantomData;
use core::mem;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

/// A function of the next allocator, of the type `F`.
pub(crate) struct Next<F> {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
    function: PhantomData<F>,
}

/// `malloc`, `valloc` and `pvalloc`.
pub(crate) type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
/// `calloc`, and `memalign` and `aligned_alloc`, alignment first.
pub(crate) type Calloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
/// `realloc`.
pub(crate) type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
/// `posix_memalign`.
pub(crate) type Memalign = unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int;
/// `free`.
pub(crate) type Free = unsafe extern "C" fn(*mut c_void);

pub(crate) static MALLOC: Next<Malloc> = Next::new(c"malloc");
pub(crate) static CALLOC: Next<Calloc> = Next::new(c"calloc");
pub(crate) static REALLOC: Next<Realloc> = Next::new(c"realloc");
pub(crate) static FREE: Next<Free> = Next::new(c"free");
pub(crate) static POSIX_MEMALIGN: Next<Memalign> = Next::new(c"posix_memalign");
pub(crate) static ALIGNED_ALLOC: Next<Calloc> = Next::new(c"aligned_alloc");
pub(crate) static MEMALIGN: Next<Calloc> = Next::new(c"memalign");
pub(crate) static VALLOC: Next<Malloc> = Next::new(c"valloc");
pub(crate) static PVALLOC: Next<Malloc> = Next::new(c"pvalloc");

impl<F: Copy> Next<F> {
    const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(ptr::null_mut()), function: PhantomData }
    }

    /// The function; `None` while it is being looked for, and if there is none.
    pub(crate) fn get(&self) -> Option<F> {
        self.known().or_else(|| {
            find_all();
            self.known()
        })
    }

    fn known(&self) -> Option<F> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        // Acquire: a thread that sees the address also sees the library to which it leads.
        let address = self.address.load(Acquire);
        // SAFETY: not null, it is the address of the function of this name, which has the type F in
        // every C library; both are one pointer wide.
        (!address.is_null()).then(|| unsafe { mem::transmute_copy(&address) })
    }

    fn find(&self) {
        // SAFETY: the name ends in zero; RTLD_NEXT is one of the handles that dlsym knows.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.address.store(address, Release);
    }
}

/// Looks all of them up, once. A thread that calls meanwhile finds none.
pub(crate) fn find_all() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if BEGUN.swap(true, Relaxed) {
        return;
    }
    // `free` first: once there is a block of the next allocator, it can be freed.
    FREE.find();
    MALLOC.find();
    CALLOC.find();
    REALLOC.find();
    POSIX_MEMALIGN.find();
    ALIGNED_ALLOC.find();
    MEMALIGN.find();
    VALLOC.find();
    PVALLOC.find();
}

/// Room for what is allocated during the search.
#[repr(align(4096))]
struct Room(UnsafeCell<[u8; ROOM_BYTES]>);

const ROOM_BYTES: usize = 1 << 16;

// SAFETY: no byte is handed out twice, and this library reads only what it copies for `realloc`.
unsafe impl Sync for Room {}

static ROOM: Room = Room(UnsafeCell::new([0; ROOM_BYTES]));
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Memory from the room, zeroed; null if it is used up, or for an alignment above a page.
pub(crate) fn from_room(size: usize, align: usize) -> *mut c_void {
    if align > align_of::<Room>() || !align.is_power_of_two() {
        return ptr::null_mut();
    }
    let start = |taken: usize| taken.next_multiple_of(align);
    let end = |taken| start(taken).checked_add(size).filter(|end| *end <= ROOM_BYTES);
    // Relaxed: nothing is published, and no place is given out twice.
    match TAKEN.fetch_update(Relaxed, Relaxed, end) {
        Ok(taken) => ROOM.0.get().cast::<c_void>().wrapping_byte_add(start(taken)),
        Err(_) => ptr::null_mut(),
    }
}

/// How many bytes there are from `block` to the end of the room; `None` if it is not in there.
pub(crate) fn left_in_room(block: *mut c_void) -> Option<usize> {
    let offset = block.addr().checked_sub(ROOM.0.get().addr())?;
    ROOM_BYTES.checked_sub(offset).filter(|left| *left > 0)
}
