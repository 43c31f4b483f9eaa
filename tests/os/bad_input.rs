//! Sizes, limits and permissions that cannot be had.

use core::alloc::Layout;

use stampool::Source;
use stampool::source::{MapError, MapOptions, Mapped, NodeSet, NumaPolicy, Reserved};

use crate::common::forks::in_a_fork;
use crate::numa::has_policies;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

#[test]
fn no_bytes_and_too_many_are_refused() {
    let most = isize::MAX.unsigned_abs();
    for guard_pages in [false, true] {
        let mut source = MapOptions::new().guard_pages(guard_pages).build().expect("plain pages");
        for size in [0, most, most - 1, most - 4096, most / 2] {
            assert!(source.obtain(bytes(size)).is_none(), "{size}");
            let error = source.last_error().expect("a reason");
            let bytes = size;
            let reasons = match bytes {
                0 => [MapError::NoBytes; 2],
                _ => [MapError::TooLarge { bytes }, MapError::Refused { bytes }],
            };
            assert!(reasons.contains(&error), "{error}");
        }
        let layout = Layout::from_size_align(1, 1 << 62).expect("a layout");
        assert!(source.obtain(layout).is_none(), "an alignment that leaves no room");
    }
}

/// Sets a limit of the calling process.
fn limit(resource: libc::__rlimit_resource_t, bytes: usize) {
    let most = libc::rlim_t::try_from(bytes).expect("a number");
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: reads the limit.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0, "no limit set");
}

/// Bytes of address space that the process has.
fn address_space() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: usize = statm.split(' ').next().expect("pages").parse().expect("a number");
    pages * 4096
}

#[test]
fn a_limit_of_the_address_space_is_an_error_that_names_it() {
    in_a_fork(|| {
        limit(libc::RLIMIT_AS, address_space() + (64 << 20));
        let mut source = Mapped::new();
        let (small, large) = (bytes(1 << 20), bytes(1 << 30));
        let error = source.map(large).expect_err("above the limit");
        assert_eq!(error, MapError::Refused { bytes: 1 << 30 });
        assert!(error.to_string().contains("ulimit -v"), "{error}");
        let region = source.map(small).expect("below the limit");
        // SAFETY: obtained with this layout, and not used any more.
        unsafe { source.release(region, small) };
        let error = Reserved::new(1 << 30).expect_err("above the limit");
        assert_eq!(error, MapError::Refused { bytes: 1 << 30 });
    });
}

#[test]
fn memory_above_the_lock_limit_is_an_error_that_names_it() {
    in_a_fork(|| {
        limit(libc::RLIMIT_MEMLOCK, 64 << 10);
        // A process with CAP_IPC_LOCK has no limit. An ordinary user has not that.
        // SAFETY: gives up rights.
        if unsafe { libc::geteuid() } == 0 && unsafe { libc::setuid(65_534) } != 0 {
            return;
        }
        let mut source = MapOptions::new().lock(true).build().expect("a page may be locked");
        let error = source.map(bytes(1 << 20)).expect_err("above the limit");
        assert_eq!(error, MapError::LockLimit { bytes: 1 << 20 });
        assert!(error.to_string().contains("ulimit -l"), "{error}");
        assert_eq!(source.last_error(), Some(error));
    });
}

/// The limit counts memory that may be written, and not the reservation.
#[test]
fn a_step_that_is_refused_is_tried_as_the_region_alone() {
    in_a_fork(|| {
        let mut source = Reserved::new(1 << 30).expect("addresses");
        let data = data_bytes();
        // Room for the region, and not for a whole step.
        limit(libc::RLIMIT_DATA, data + (256 << 10));
        let region = source.obtain(bytes(64 << 10)).expect("as much as the limit allows");
        // SAFETY: the region is this long.
        unsafe { region.write_bytes(1, 64 << 10) };
        assert_eq!(source.committed_bytes(), 64 << 10);
        assert!(source.obtain(bytes(1 << 20)).is_none(), "above the limit");
    });
}

/// Bytes that the process has and may write.
fn data_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("a line");
    let kib: usize = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    kib << 10
}

/// A filter as a container's: the system call of this number fails with EPERM.
fn forbid(call: libc::c_long) {
    let statement = |code: u32, k| {
        let code = u16::try_from(code).expect("a code");
        libc::sock_filter { code, jt: 0, jf: 0, k }
    };
    let number = u32::try_from(call).expect("a number");
    let mut filter = [
        // The number of the call.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number)
        },
        statement(
            libc::BPF_RET | libc::BPF_K,
            libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs(),
        ),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: gives up rights.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: reads the program.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(set, 0, "no filter set");
}

#[test]
fn a_container_that_forbids_policies_is_an_error_that_says_so() {
    for call in [libc::SYS_mbind, libc::SYS_get_mempolicy] {
        in_a_fork(|| {
            forbid(call);
            let options = MapOptions::new().numa(NumaPolicy::Local);
            let error = options.build().expect_err("not permitted");
            assert_eq!(error, MapError::PolicyNotPermitted);
            assert!(error.to_string().contains("seccomp"), "{error}");
            assert!(MapOptions::new().build().is_ok(), "without a policy nothing is asked");
        });
    }
}

/// The pages are mapped, and then their policy is refused.
#[test]
fn an_extension_whose_policy_is_refused_leaves_nothing_mapped() {
    if !has_policies() {
        return;
    }
    in_a_fork(|| {
        let options = MapOptions::new().numa(NumaPolicy::Bind(NodeSet::new([0]).unwrap()));
        let mut source = options.strict(true).build().expect("a node that every machine has");
        let (small, large) = (bytes(64 << 10), bytes(1 << 20));
        // The kernel maps from above to below, so addresses are free behind the second one then.
        let (above, region) = (source.obtain(large).unwrap(), source.obtain(small).unwrap());
        // SAFETY: obtained with this layout, and not used any more.
        unsafe { source.release(above, large) };
        forbid(libc::SYS_mbind);
        let before = address_space();
        // SAFETY: obtained with this layout, and the new one is longer.
        assert!(!unsafe { source.extend(region, small, large) }, "not permitted");
        assert_eq!(source.last_error(), Some(MapError::PolicyNotPermitted));
        assert_eq!(address_space(), before);
        // SAFETY: obtained with this layout, and not used any more.
        unsafe { source.release(region, small) };
    });
}

/// Memory that ran out is an error of the request, and nothing stays mapped.
#[test]
fn what_cannot_be_prefaulted_is_given_back() {
    in_a_fork(|| {
        let mut source = MapOptions::new().prefault(true).no_reserve(true).build().expect("a page");
        limit(libc::RLIMIT_AS, address_space() + (64 << 20));
        let before = address_space();
        assert!(source.obtain(bytes(1 << 30)).is_none());
        assert!(address_space() <= before + 4096);
    });
}

/// A source with live regions: its mappings stay with the process, and can be used.
#[test]
fn regions_outlive_a_source_that_maps_each_one() {
    let mut source = Mapped::new();
    let region = source.obtain(bytes(100)).expect("memory");
    let mut other = source;
    _ = source;
    // SAFETY: live: the source that takes it back is a copy, which has the same options.
    unsafe { region.write(1) };
    // SAFETY: of this layout, and not used any more.
    unsafe { other.release(region, bytes(100)) };
}
