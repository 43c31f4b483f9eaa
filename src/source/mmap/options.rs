//! What memory is asked for.

use super::NumaPolicy;

/// Which pages back the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HugePages {
    /// As the system is set.
    #[default]
    Default,
    /// Transparent huge pages are advised against.
    Never,
    /// Transparent huge pages are advised: the kernel uses them where it finds some.
    Advised,
    /// Huge pages that the administrator has reserved, or
    /// [`MapError::NoHugePages`](super::MapError::NoHugePages).
    Explicit(HugePageSize),
    /// The same while some are free, and advised ones afterwards: [`Mapped::fallbacks`](super::Mapped::fallbacks) counts the
    /// regions that fell back.
    ExplicitOrAdvised(HugePageSize),
}

/// A size of explicit huge pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HugePageSize {
    /// 2 MiB.
    Mib2,
    /// 1 GiB.
    Gib1,
}

impl HugePageSize {
    /// Bytes of a page.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Mib2 => 2 << 20,
            Self::Gib1 => 1 << 30,
        }
    }
}

/// How [`Mapped`](super::Mapped) asks for memory.
///
/// ```
/// use stampool::source::{HugePages, MapOptions};
///
/// let source = MapOptions::new().huge_pages(HugePages::Advised).guard_pages(true).build()?;
/// # _ = source;
/// # Ok::<(), stampool::source::MapError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MapOptions {
    pub(super) huge_pages: HugePages,
    pub(super) policy: NumaPolicy,
    pub(super) strict: bool,
    pub(super) prefault: bool,
    pub(super) lock: bool,
    pub(super) no_reserve: bool,
    pub(super) guard_pages: bool,
}

impl MapOptions {
    /// Plain pages.
    pub const fn new() -> Self {
        Self {
            huge_pages: HugePages::Default,
            policy: NumaPolicy::Default,
            strict: false,
            prefault: false,
            lock: false,
            no_reserve: false,
            guard_pages: false,
        }
    }

    /// Which pages back the memory. A region is a multiple of a huge page, and begins at one, if
    /// huge pages are advised or explicit.
    #[must_use]
    pub const fn huge_pages(mut self, huge_pages: HugePages) -> Self {
        self.huge_pages = huge_pages;
        self
    }

    /// On which NUMA nodes the memory lies. The policy is read back after it was set: nodes that the
    /// kernel leaves out are an [error](super::MapError::Narrowed).
    #[must_use]
    pub const fn numa(mut self, policy: NumaPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Pages that lie elsewhere are an [error](super::MapError::Misplaced). The kernel can only say so of
    /// pages that are there, together with [`prefault`](Self::prefault) or [`lock`](Self::lock), and
    /// of policies that name nodes.
    #[must_use]
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Touches each page before the region is handed out, so that no later access can find the
    /// memory used up.
    #[must_use]
    pub const fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// Locks the pages into memory, which touches them too. A forked child's copy is not locked.
    #[must_use]
    pub const fn lock(mut self, lock: bool) -> Self {
        self.lock = lock;
        self
    }

    /// Has the kernel set no swap aside, so that regions may be larger than memory and swap. An
    /// access may then find the memory used up, which kills the process. Explicit huge pages are
    /// always set aside.
    #[must_use]
    pub const fn no_reserve(mut self, no_reserve: bool) -> Self {
        self.no_reserve = no_reserve;
        self
    }

    /// Lays a page that nobody can access in front of each region and behind it. An access beyond a
    /// region whose size is a multiple of the [granule](crate::Source::granule) then ends the
    /// process at once.
    #[must_use]
    pub const fn guard_pages(mut self, guard_pages: bool) -> Self {
        self.guard_pages = guard_pages;
        self
    }
}
