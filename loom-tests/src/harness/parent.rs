//! A process that ends with the one that started it: a killed run leaves no orphans that search on
//! for hours.

/// The process that started this one.
#[derive(Clone, Copy)]
pub(super) struct Parent(u32);

impl Parent {
    /// As of now: early in `main`, or its end might have been missed.
    pub(super) fn of_this_process() -> Self {
        Self(current())
    }

    /// Whether it has ended: its children were handed to another.
    pub(super) fn is_gone(self) -> bool {
        current() != self.0
    }
}

#[cfg(unix)]
fn current() -> u32 {
    std::os::unix::process::parent_id()
}

/// Elsewhere nobody is handed to another.
#[cfg(not(unix))]
fn current() -> u32 {
    0
}
