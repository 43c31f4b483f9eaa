//! What the kernel says about an address.

use core::ptr::NonNull;
use std::fs;

/// The paragraph of `/proc/self/smaps` about the mapping that holds an address.
pub(crate) fn mapping(address: NonNull<u8>) -> String {
    let smaps = fs::read_to_string("/proc/self/smaps").expect("Linux has it");
    let mut paragraph = String::new();
    for line in smaps.lines() {
        if let Some((first, last)) = range(line) {
            if !paragraph.is_empty() {
                break;
            }
            if !(first..last).contains(&address.addr().get()) {
                continue;
            }
        } else if paragraph.is_empty() {
            continue;
        }
        paragraph += line;
        paragraph.push('\n');
    }
    assert!(!paragraph.is_empty(), "{address:?} is not mapped");
    paragraph
}

/// Whether an address is mapped.
pub(crate) fn is_mapped(address: usize) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has it");
    maps.lines().filter_map(range).any(|(first, last)| (first..last).contains(&address))
}

fn range(line: &str) -> Option<(usize, usize)> {
    let (first, last) = line.split_whitespace().next()?.split_once('-')?;
    Some((usize::from_str_radix(first, 16).ok()?, usize::from_str_radix(last, 16).ok()?))
}

/// Whether the mapping has this flag, of two letters.
pub(crate) fn has_flag(address: NonNull<u8>, flag: &str) -> bool {
    let mapping = mapping(address);
    let flags = mapping.lines().find_map(|line| line.strip_prefix("VmFlags:"));
    flags.expect("the kernel shows flags").split_whitespace().any(|one| one == flag)
}

/// A number of KiB that the paragraph gives.
pub(crate) fn kib(address: NonNull<u8>, name: &str) -> usize {
    let mapping = mapping(address);
    let line = mapping.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.expect("the kernel shows it").split_whitespace().next().expect("a number");
    number.parse().expect("a number")
}

/// The policy that `/proc/self/numa_maps` shows for an address, and the rest of its line.
pub(crate) fn policy(address: NonNull<u8>) -> (String, String) {
    let maps = fs::read_to_string("/proc/self/numa_maps").expect("the kernel has NUMA");
    let start = |line: &&str| {
        let first = line.split(' ').next().expect("a start");
        usize::from_str_radix(first, 16).expect("an address")
    };
    let below = maps.lines().filter(|line| start(line) <= address.addr().get());
    let line = below.max_by_key(start).expect("a mapping below");
    let mut words = line.splitn(3, ' ').skip(1);
    let policy = words.next().expect("a policy").to_owned();
    (policy, words.next().unwrap_or("").to_owned())
}
