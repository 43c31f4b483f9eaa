//! Sets a NUMA policy, and reads it back.
//!
//! rustix has neither call, so this file makes them through libc.

use core::ffi::{c_int, c_ulong};
use core::ptr::{NonNull, null};

use super::{MapError, NodeSet, NumaPolicy, sys};

/// Bits of a word of a mask.
const WORD_BITS: u32 = c_ulong::BITS;
/// The kernel can be built for this many nodes at most.
const MOST_NODES: u32 = 1024;
/// Room for all of them, because the kernel refuses to read a policy into less than it needs.
type Mask = [c_ulong; (MOST_NODES / WORD_BITS) as usize];
/// The kernel takes one off the number of bits.
const MASK_BITS: c_ulong = MOST_NODES as c_ulong + 1;

/// From `linux/mempolicy.h`: fail if pages lie elsewhere; the policy of an address.
const MPOL_MF_STRICT: c_ulong = 1;
const MPOL_F_ADDR: c_ulong = 2;
/// Flags that the kernel adds to a mode.
const MODE_FLAGS: c_int =
    libc::MPOL_F_STATIC_NODES | libc::MPOL_F_RELATIVE_NODES | libc::MPOL_F_NUMA_BALANCING;

/// What the kernel is told: a mode, and nodes.
fn told(policy: NumaPolicy) -> Result<Option<(c_int, NodeSet)>, MapError> {
    let (mode, nodes) = match policy {
        NumaPolicy::Default => return Ok(None),
        NumaPolicy::Local => return Ok(Some((libc::MPOL_LOCAL, NodeSet::default()))),
        NumaPolicy::Preferred(node) => {
            let nodes = NodeSet::new([node]).ok_or(MapError::NoSuchNode { node })?;
            (libc::MPOL_PREFERRED, nodes)
        }
        NumaPolicy::Bind(nodes) => (libc::MPOL_BIND, nodes),
        NumaPolicy::Interleave(nodes) => (libc::MPOL_INTERLEAVE, nodes),
    };
    if nodes.is_empty() { Err(MapError::NoNode) } else { Ok(Some((mode, nodes))) }
}

/// Sets the policy of a mapping that has no pages yet, and reads it back.
pub(super) fn apply(start: NonNull<u8>, len: usize, policy: NumaPolicy) -> Result<(), MapError> {
    let Some((mode, asked)) = told(policy)? else { return Ok(()) };
    set(start, len, mode, asked, 0)?;
    let (mode_now, got) = read(start)?;
    // Kernels before 5.14 say that the local node is preferred by naming none.
    let is_local = mode == libc::MPOL_LOCAL && mode_now == libc::MPOL_PREFERRED && got.is_empty();
    if mode_now != mode && !is_local {
        return Err(MapError::OtherPolicy { mode: mode_now });
    }
    if got != asked {
        return Err(MapError::Narrowed { asked, got });
    }
    Ok(())
}

/// Whether all pages of a mapping lie where its policy says. The kernel compares them with nodes, so
/// it has nothing to compare where the policy names none.
pub(super) fn verify(start: NonNull<u8>, len: usize, policy: NumaPolicy) -> Result<(), MapError> {
    match told(policy)? {
        Some((mode, nodes)) if !nodes.is_empty() => set(start, len, mode, nodes, MPOL_MF_STRICT),
        _ => Ok(()),
    }
}

fn set(
    start: NonNull<u8>,
    len: usize,
    mode: c_int,
    nodes: NodeSet,
    flags: c_ulong,
) -> Result<(), MapError> {
    let mut mask: Mask = Default::default();
    for node in nodes.iter() {
        mask[(node / WORD_BITS) as usize] |= 1 << (node % WORD_BITS);
    }
    let (mask, bits) = if nodes.is_empty() { (null(), 0) } else { (mask.as_ptr(), MASK_BITS) };
    // SAFETY: sets the policy of memory that the caller has mapped. The mask is as long as said.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            start.as_ptr(),
            len,
            c_ulong::from(mode.unsigned_abs()),
            mask,
            bits,
            flags,
        )
    };
    if answer == 0 { Ok(()) } else { Err(refused(sys::errno(), nodes)) }
}

fn refused(errno: c_int, nodes: NodeSet) -> MapError {
    match errno {
        libc::EPERM => MapError::PolicyNotPermitted,
        libc::ENOSYS => MapError::NoPolicies,
        libc::EIO => MapError::Misplaced,
        libc::EINVAL => match nodes.iter().find(|node| !has_memory(*node)) {
            Some(node) => MapError::NoSuchNode { node },
            None => MapError::Other { call: "mbind", errno },
        },
        _ => MapError::Other { call: "mbind", errno },
    }
}

/// The policy in force at an address.
fn read(start: NonNull<u8>) -> Result<(c_int, NodeSet), MapError> {
    let (mut mode, mut mask): (c_int, Mask) = Default::default();
    // SAFETY: the mode and the mask have room, and the mask is as long as said.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_get_mempolicy,
            &raw mut mode,
            mask.as_mut_ptr(),
            MASK_BITS,
            start.as_ptr(),
            MPOL_F_ADDR,
        )
    };
    if answer != 0 {
        return Err(match sys::errno() {
            libc::EPERM => MapError::PolicyNotPermitted,
            libc::ENOSYS => MapError::NoPolicies,
            errno => MapError::Other { call: "get_mempolicy", errno },
        });
    }
    let is_set = |node: &u32| mask[(node / WORD_BITS) as usize] >> (node % WORD_BITS) & 1 == 1;
    let mode = mode & !MODE_FLAGS;
    // Nobody asks for a node above 63, so a policy that names one is another policy.
    let nodes = NodeSet::new((0..MOST_NODES).filter(is_set));
    Ok((mode, nodes.ok_or(MapError::OtherPolicy { mode })?))
}

/// Whether the machine has this node, with memory. If it does not say, it may.
fn has_memory(node: u32) -> bool {
    let list = std::fs::read_to_string("/sys/devices/system/node/has_memory");
    list.is_err() || list.is_ok_and(|list| lists(list.trim(), node))
}

/// Whether a list as `0-3,5` has this number.
fn lists(list: &str, node: u32) -> bool {
    list.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.parse::<u32>(), last.parse::<u32>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&node),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_nodes_has_ranges() {
        for (list, has, lacks) in [("0", 0, 1), ("0-3,5", 2, 4), ("0-3,5", 5, 6), ("1,3-4", 4, 2)] {
            assert!(lists(list, has) && !lists(list, lacks), "{list}");
        }
        assert!(!lists("", 0));
    }
}
