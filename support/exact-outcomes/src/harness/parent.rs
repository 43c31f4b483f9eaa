//! A process that ends together with the process that started it, so that a killed run leaves no
//! orphans that search on for hours.

/// The process that started this one.
#[derive(Clone, Copy)]
pub(super) struct Parent(u32);

impl Parent {
    /// The parent at this moment. Call this early in `main`; otherwise the parent may have ended
    /// already.
    pub(super) fn of_this_process() -> Self {
        Self(current())
    }

    /// Whether the parent has ended: the system has then handed this process to another parent.
    pub(super) fn is_gone(self) -> bool {
        current() != self.0
    }
}

#[cfg(unix)]
fn current() -> u32 {
    std::os::unix::process::parent_id()
}

/// Other systems do not hand a process to another parent.
#[cfg(not(unix))]
fn current() -> u32 {
    0
}
