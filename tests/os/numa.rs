//! Policies, as `/proc/self/numa_maps` shows them.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::fs;

use stampool::Source;
use stampool::source::{MapError, MapOptions, Mapped, NodeSet, NumaPolicy};

use crate::proc::policy;

const SIZE: usize = 1 << 20;

fn layout() -> Layout {
    Layout::from_size_align(SIZE, 1).expect("a layout")
}

fn nodes(nodes: impl IntoIterator<Item = u32>) -> NodeSet {
    NodeSet::new(nodes).expect("numbers below 64")
}

/// Whether the kernel and the container let a process set policies.
pub(crate) fn has_policies() -> bool {
    let options = MapOptions::new().numa(NumaPolicy::Local).build();
    let is_shown = fs::exists("/proc/self/numa_maps").unwrap_or(false);
    match options {
        Ok(_) if is_shown => return true,
        Ok(_) => skips::skip("NUMA policies", "the kernel does not show them"),
        Err(error @ (MapError::PolicyNotPermitted | MapError::NoPolicies)) => {
            skips::skip("NUMA policies", &error.to_string());
        }
        Err(error) => panic!("{error}"),
    }
    false
}

/// Runs `test` on a region with this policy.
fn with_region(options: MapOptions, test: impl FnOnce(NonNull<u8>)) {
    let mut source: Mapped = options.build().unwrap_or_else(|error| panic!("{options:?}: {error}"));
    let region = source.obtain(layout()).expect("memory");
    // SAFETY: the region is live, and this long.
    unsafe { region.write_bytes(1, SIZE) };
    test(region);
    // SAFETY: live, of this layout, and not used any more.
    unsafe { source.release(region, layout()) };
}

/// One node is enough to see that the policy is in force, and where the pages are.
#[test]
fn policies_are_what_the_kernel_shows() {
    if !has_policies() {
        return;
    }
    let zero = nodes([0]);
    for (numa, shown) in [
        (NumaPolicy::Default, "default"),
        (NumaPolicy::Local, "local"),
        (NumaPolicy::Preferred(0), "prefer:0"),
        (NumaPolicy::Bind(zero), "bind:0"),
        (NumaPolicy::Interleave(zero), "interleave:0"),
    ] {
        for strict in [false, true] {
            let options = MapOptions::new().numa(numa).strict(strict).prefault(true);
            with_region(options, |region| {
                let (policy, rest) = policy(region);
                assert_eq!(policy, shown, "strict {strict}");
                if numa != NumaPolicy::Default && there().len() == 1 {
                    assert!(rest.contains(&format!("N0={}", SIZE / page_bytes())), "{rest}");
                }
            });
        }
    }
}

fn page_bytes() -> usize {
    Mapped::new().granule()
}

fn is_there(node: &u32) -> bool {
    fs::exists(format!("/sys/devices/system/node/node{node}")).unwrap_or(true)
}

/// The nodes that the machine has, of the first 64.
fn there() -> Vec<u32> {
    (0..64).filter(is_there).collect()
}

/// The nodes that it has not.
fn missing() -> Vec<u32> {
    (0..64).filter(|node| !is_there(node)).collect()
}

/// With two nodes the pages lie on the one that was asked for.
#[test]
fn pages_lie_on_the_node_that_was_asked_for() {
    if !has_policies() {
        return;
    }
    let there = there();
    if there.len() < 2 {
        skips::skip("two NUMA nodes", "this machine has one");
        return;
    }
    let pages = SIZE / page_bytes();
    for node in there {
        let numa = NumaPolicy::Bind(nodes([node]));
        with_region(MapOptions::new().numa(numa).strict(true).prefault(true), |region| {
            let (policy, rest) = policy(region);
            assert_eq!(policy, format!("bind:{node}"));
            assert!(rest.contains(&format!("N{node}={pages}")), "{rest}");
        });
    }
}

#[test]
fn a_node_that_does_not_exist_is_an_error() {
    if !has_policies() {
        return;
    }
    for node in missing() {
        for numa in [
            NumaPolicy::Bind(nodes([node])),
            NumaPolicy::Interleave(nodes([node])),
            NumaPolicy::Preferred(node),
        ] {
            let error = MapOptions::new().numa(numa).build().expect_err("no such node");
            assert_eq!(error, MapError::NoSuchNode { node });
            assert!(error.to_string().contains("/sys/devices/system/node"), "{error}");
        }
    }
    let error = MapOptions::new().numa(NumaPolicy::Preferred(64)).build().err();
    assert_eq!(error, Some(MapError::NoSuchNode { node: 64 }));
    let error = MapOptions::new().numa(NumaPolicy::Bind(NodeSet::default())).build().err();
    assert_eq!(error, Some(MapError::NoNode));
}

/// The kernel takes a mask of which it knows a part, and says nothing.
#[test]
fn a_mask_that_the_kernel_narrows_is_an_error() {
    let missing = missing();
    if !has_policies() || missing.is_empty() {
        return;
    }
    let (asked, got) = (nodes([0, missing[0]]), nodes([0]));
    for numa in [NumaPolicy::Bind(asked), NumaPolicy::Interleave(asked)] {
        let error = MapOptions::new().numa(numa).build().expect_err("a part of the nodes");
        assert_eq!(error, MapError::Narrowed { asked, got });
        assert!(error.to_string().contains("cpuset"), "{error}");
    }
}
