//! A source that writes down which regions it has given.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use stampool::{Source, SystemSource};

use super::Violation;

/// The regions that a source has given and not got back. It can be read when the allocator is gone.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<Mutex<Regions>>);

#[derive(Debug, Default)]
struct Regions {
    live: BTreeMap<usize, Layout>,
    fault: Option<Violation>,
}

impl Held {
    fn with<R>(&self, f: impl FnOnce(&mut Regions) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many there are.
    pub fn regions(&self) -> usize {
        self.with(|regions| regions.live.len())
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.with(|regions| regions.live.values().map(Layout::size).sum())
    }

    /// The bytes of the largest one, or 0.
    pub fn largest(&self) -> usize {
        self.with(|regions| regions.live.values().map(Layout::size).max().unwrap_or(0))
    }

    /// A region that went back twice, or with another layout, if there was one.
    pub fn fault(&self) -> Option<Violation> {
        self.with(|regions| regions.fault.clone())
    }
}

/// The system's regions, written down. It never extends one.
#[derive(Debug, Default)]
pub struct Recording(Held);

impl Recording {
    /// A handle to what is written down.
    pub fn held(&self) -> Held {
        self.0.clone()
    }
}

// SAFETY: the regions are the system's.
unsafe impl Source for Recording {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = SystemSource.obtain(layout)?;
        self.0.with(|regions| regions.live.insert(region.addr().get(), layout));
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let at = region.addr().get();
        let known = self.0.with(|regions| {
            let known = regions.live.remove(&at) == Some(layout);
            if !known {
                regions.fault = Some(Violation::Released { region: at });
            }
            known
        });
        // What was never given, or twice, stays where it is.
        if known {
            // SAFETY: by the caller, and it came from there with this layout.
            unsafe { SystemSource.release(region, layout) }
        }
    }
}
