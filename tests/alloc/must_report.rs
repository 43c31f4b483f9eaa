//! A fault that AddressSanitizer and memcheck must report: `cargo xtask sanitize` runs it.

use core::alloc::Layout;

use stampool::{Source, SystemSource};

#[test]
#[ignore = "writes behind a region, so that a sanitizer can be seen to report it"]
fn a_write_behind_a_region() {
    let layout = Layout::from_size_align(100, 16).expect("a layout");
    let region = SystemSource.obtain(layout).expect("memory");
    // SAFETY: the end of the region.
    let end = unsafe { region.add(layout.size()) };
    // SAFETY: not kept, on purpose: nothing of the region lies there.
    unsafe { end.write_volatile(1) };
    // SAFETY: obtained with this layout, and not used any more.
    unsafe { SystemSource.release(region, layout) };
}
