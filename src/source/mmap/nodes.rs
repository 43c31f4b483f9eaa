//! NUMA nodes, and on which of them memory lies.

use core::fmt;

/// A set of NUMA nodes, of the numbers 0 to 63.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct NodeSet(u64);

impl NodeSet {
    /// The set of these nodes, or `None` if a number is above 63.
    pub fn new(nodes: impl IntoIterator<Item = u32>) -> Option<Self> {
        let bit = |node| 1_u64.checked_shl(node);
        nodes.into_iter().try_fold(Self(0), |set, node| Some(Self(set.0 | bit(node)?)))
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

/// As [`Display`](fmt::Display): the nodes, and not the bits that stand for them.
impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_nodes_that_it_was_made_of() {
        let set = NodeSet::new([2, 0, 63]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 2, 63]);
        assert_eq!(set.to_string(), "{0, 2, 63}");
        assert_eq!(format!("{:?}", NumaPolicy::Bind(set)), "Bind({0, 2, 63})");
        assert!(!set.contains(1) && !set.contains(64) && !set.contains(u32::MAX));
        assert_eq!(NodeSet::new([64]), None);
        assert!(NodeSet::new([]).unwrap().is_empty());
    }
}
