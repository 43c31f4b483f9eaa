//! Why the system did not map memory as asked.

use core::fmt;

use super::NodeSet;

/// Why there is no memory as [`MapOptions`](super::MapOptions) ask, or no reservation. Nothing stays
/// mapped. The text of each says what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MapError {
    /// A region of no bytes was asked for.
    NoBytes,
    /// No process has that many addresses: on x86-64, for instance, it has less than 2^47.
    TooLarge {
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// The system refuses that much memory or address space.
    Refused {
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// Too few explicit huge pages are free.
    NoHugePages {
        /// Bytes of one of them.
        page_bytes: usize,
    },
    /// The system has no huge pages of this size.
    NoSuchHugePage {
        /// Bytes of one of them.
        page_bytes: usize,
    },
    /// The kernel was built without transparent huge pages.
    NoTransparentHugePages,
    /// The memory may not be locked: the limit is reached.
    LockLimit {
        /// Bytes that were to be locked.
        bytes: usize,
    },
    /// The memory ran out while it was touched for the first time.
    Prefault {
        /// Bytes that were to be touched.
        bytes: usize,
    },
    /// A policy for no node.
    NoNode,
    /// The machine has no such NUMA node, or the node has no memory.
    NoSuchNode {
        /// The node.
        node: u32,
    },
    /// The kernel took a part of the nodes and left the others out.
    Narrowed {
        /// The nodes asked for.
        asked: NodeSet,
        /// The nodes in force.
        got: NodeSet,
    },
    /// The kernel took the policy and has another one in force.
    OtherPolicy {
        /// Its number, as in `linux/mempolicy.h`.
        mode: i32,
    },
    /// Pages lie on other nodes than the policy says.
    Misplaced,
    /// The process may not set a policy.
    PolicyNotPermitted,
    /// The kernel was built without NUMA policies.
    NoPolicies,
    /// Anything else.
    Other {
        /// The system call.
        call: &'static str,
        /// What it answered.
        errno: i32,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoBytes => f.write_str("a region of no bytes, where 1 byte is the least"),
            Self::TooLarge { bytes } => {
                write!(f, "{bytes} bytes are more than the addresses of a process: ask for fewer")
            }
            Self::Refused { bytes } => write!(
                f,
                "the system refuses {bytes} bytes of memory or addresses: raise `ulimit -v`, look at \
                 vm.overcommit_memory and vm.max_map_count, or map them with \
                 MapOptions::no_reserve"
            ),
            Self::NoHugePages { page_bytes } => {
                let kib = page_bytes >> 10;
                write!(
                    f,
                    "too few huge pages of {kib} KiB are free: write their number to \
                     /sys/kernel/mm/hugepages/hugepages-{kib}kB/nr_hugepages, or take \
                     HugePages::ExplicitOrAdvised"
                )
            }
            Self::NoSuchHugePage { page_bytes } => write!(
                f,
                "the system has no huge pages of {} KiB: /sys/kernel/mm/hugepages lists what it has",
                page_bytes >> 10
            ),
            Self::NoTransparentHugePages => {
                f.write_str("the kernel has no transparent huge pages: take HugePages::Default")
            }
            Self::LockLimit { bytes } => write!(
                f,
                "{bytes} bytes may not be locked: raise `ulimit -l`, or give the process \
                 CAP_IPC_LOCK"
            ),
            Self::Prefault { bytes } => {
                write!(
                    f,
                    "the memory ran out while {bytes} bytes were touched: ask for fewer, or "
                )?;
                f.write_str("leave out MapOptions::prefault")
            }
            Self::NoNode => {
                f.write_str("a NUMA policy needs a node: name one, or take NumaPolicy::Local")
            }
            Self::NoSuchNode { node } => write!(
                f,
                "no NUMA node {node} with memory: /sys/devices/system/node/has_memory lists them, \
                 and a cpuset may leave some out"
            ),
            Self::Narrowed { asked, got } => write!(
                f,
                "the kernel has narrowed the nodes {asked} to {got}: ask for nodes that are there \
                 and that the cpuset of the process allows"
            ),
            Self::OtherPolicy { mode } => {
                write!(f, "the kernel took the NUMA policy, and has policy {mode} in force: ")?;
                f.write_str("linux/mempolicy.h names it")
            }
            Self::Misplaced => f.write_str(
                "pages lie on other NUMA nodes than asked for: their memory is used up, or the \
                 policy is not strict",
            ),
            Self::PolicyNotPermitted => f.write_str(
                "the process may not set a NUMA policy: the seccomp profile of a container must \
                 allow mbind and get_mempolicy, for instance by CAP_SYS_NICE",
            ),
            Self::NoPolicies => {
                f.write_str("the kernel has no NUMA policies: take NumaPolicy::Default")
            }
            Self::Other { call, errno } => write!(f, "{call} failed with error {errno}"),
        }
    }
}

impl core::error::Error for MapError {}
