//! What memory is asked for.

use core::fmt;

use super::{MapError, Mapped};

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
    /// Huge pages that the administrator has reserved, or [`MapError::NoHugePages`].
    Explicit(HugePageSize),
    /// The same while some are free, and advised ones afterwards: [`Mapped::fallbacks`] counts the
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

/// A set of NUMA nodes, of the numbers 0 to 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeSet(u64);

impl NodeSet {
    /// The set of these nodes.
    ///
    /// # Errors
    ///
    /// [`MapError::NoSuchNode`] for a number above 63.
    pub fn new(nodes: impl IntoIterator<Item = u32>) -> Result<Self, MapError> {
        let bit = |node| 1_u64.checked_shl(node).ok_or(MapError::NoSuchNode { node });
        nodes.into_iter().try_fold(Self(0), |set, node| Ok(Self(set.0 | bit(node)?)))
    }

    /// Whether the set has this node.
    pub fn contains(self, node: u32) -> bool {
        1_u64.checked_shl(node).is_some_and(|bit| self.0 & bit != 0)
    }

    /// Whether the set has no node.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The nodes, from the lowest on.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |node| self.contains(*node))
    }
}

/// As a set is written: `{0, 2}`.
impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// On which NUMA nodes memory lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumaPolicy {
    /// As the process is set.
    #[default]
    Default,
    /// On the node of the thread that touches a page first.
    Local,
    /// On this node while it has memory.
    Preferred(u32),
    /// On these nodes, or nowhere.
    Bind(NodeSet),
    /// On these nodes by turns, page by page.
    Interleave(NodeSet),
}

/// How [`Mapped`] asks for memory.
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
    /// kernel leaves out are an [error](MapError::Narrowed).
    #[must_use]
    pub const fn numa(mut self, policy: NumaPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Pages that lie elsewhere are an [error](MapError::Misplaced). The kernel can only say so of
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

    /// The source. To see that the system does what is asked for, it maps one
    /// [granule](crate::Source::granule) and gives it back.
    ///
    /// # Errors
    ///
    /// What that granule met.
    pub fn build(self) -> Result<Mapped, MapError> {
        Mapped::probed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_nodes_that_it_was_made_of() {
        let set = NodeSet::new([2, 0, 63]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 2, 63]);
        assert_eq!(set.to_string(), "{0, 2, 63}");
        assert!(!set.contains(1) && !set.contains(64) && !set.contains(u32::MAX));
        assert_eq!(NodeSet::new([64]), Err(MapError::NoSuchNode { node: 64 }));
        assert!(NodeSet::new([]).unwrap().is_empty());
    }
}
