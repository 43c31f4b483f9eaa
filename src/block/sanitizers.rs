//! Feature `sanitizers`: tells AddressSanitizer and valgrind's memcheck which blocks are free.
//!
//! The memory of a pool is one allocation for these tools, so a program that uses a block after it
//! has freed it goes unnoticed. [`hide`] makes such a use a report, and [`show`] ends that. Neither
//! changes a byte of the memory.
//!
//! The tools are found at run time. AddressSanitizer's functions are weak symbols, null in a
//! program that is built without it. memcheck reads a sequence of instructions that does nothing
//! elsewhere. So a program with this feature links and runs with either tool or with none.
//!
//! Both functions do nothing without the feature, under Miri, and on systems other than Linux on
//! x86-64.

use core::ptr::NonNull;

/// Whether the two functions do anything.
pub(crate) const ON: bool = tools::ON;

/// AddressSanitizer keeps one byte of state for this many bytes. If two threads changed parts of
/// one such unit at the same time, they could damage that state.
const GRANULE: usize = 8;

/// Whether a block of `len` bytes at `address` shares no granule with its neighbours.
const fn is_whole(address: usize, len: usize) -> bool {
    (address | len).is_multiple_of(GRANULE)
}

/// From now on each access to these bytes is reported. Does nothing if the bytes are not whole
/// granules.
#[inline(always)]
pub(crate) fn hide(start: NonNull<u8>, len: usize) {
    if ON && is_whole(start.addr().get(), len) {
        tools::hide(start.as_ptr(), len);
    }
}

/// From now on accesses to these bytes are allowed again. memcheck takes all of them for
/// initialised, because it has forgotten which of them were.
#[inline(always)]
pub(crate) fn show(start: NonNull<u8>, len: usize) {
    if ON {
        tools::show(start.as_ptr(), len);
    }
}

#[cfg(all(
    feature = "sanitizers",
    target_arch = "x86_64",
    target_os = "linux",
    target_pointer_width = "64",
    not(miri)
))]
mod tools {
    use core::arch::asm;

    /// Reads the address of a function that may be missing; the address is null then.
    macro_rules! weak {
        ($symbol:literal) => {{
            let address: usize;
            // SAFETY: reads an entry of the table of addresses that the linker makes.
            unsafe {
                asm!(
                    concat!(".weak ", $symbol),
                    concat!("mov {}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                    out(reg) address,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            // SAFETY: null is `None`; anything else is AddressSanitizer's, which has this type.
            unsafe { core::mem::transmute::<usize, Option<Region>>(address) }
        }};
    }

    pub(super) const ON: bool = true;

    /// The type of AddressSanitizer's two functions.
    type Region = unsafe extern "C" fn(*const u8, usize);

    /// memcheck's requests: its two letters `MC`, and a number.
    const MAKE_NOACCESS: usize = 0x4D43_0000;
    const MAKE_DEFINED: usize = 0x4D43_0002;

    #[inline(never)]
    pub(super) fn hide(start: *const u8, len: usize) {
        if let Some(poison) = weak!("__asan_poison_memory_region") {
            // SAFETY: the memory is the caller's; only the tool's own state changes.
            unsafe { poison(start, len) };
        }
        request(MAKE_NOACCESS, start, len);
    }

    #[inline(never)]
    pub(super) fn show(start: *const u8, len: usize) {
        if let Some(unpoison) = weak!("__asan_unpoison_memory_region") {
            // SAFETY: as in `hide`.
            unsafe { unpoison(start, len) };
        }
        request(MAKE_DEFINED, start, len);
    }

    /// A client request as in `valgrind.h`: the rotations add up to whole turns, so they change
    /// nothing.
    fn request(code: usize, start: *const u8, len: usize) {
        let words = [code, start.addr(), len, 0, 0, 0];
        // SAFETY: without valgrind no register and no memory changes; under valgrind only `rdx` and
        // the tool's own state change.
        unsafe {
            asm!(
                "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51",
                "xchg rbx, rbx",
                inout("rdx") 0_usize => _,
                in("rax") words.as_ptr(),
                options(nostack)
            );
        }
    }
}

#[cfg(not(all(
    feature = "sanitizers",
    target_arch = "x86_64",
    target_os = "linux",
    target_pointer_width = "64",
    not(miri)
)))]
mod tools {
    pub(super) const ON: bool = false;
    pub(super) const fn hide(_start: *const u8, _len: usize) {}
    pub(super) const fn show(_start: *const u8, _len: usize) {}
}
