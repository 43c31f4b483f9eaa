//! The allocator family: each member under the conformance kit, and members with faults that the
//! kit must find.

/// A test for each fault of a member: its name, the rule that is broken, and words of the message.
#[cfg(not(miri))]
macro_rules! found {
    ($($test:ident: $fault:ident breaks $clause:ident, $words:literal;)*) => {$(
        #[test]
        fn $test() {
            breaks(Fault::$fault, Clause::$clause, $words);
        }
    )*};
}

// The kit's own code is safe but for its writes to blocks, which the members cover.
#[cfg(not(miri))]
mod faulty;
#[cfg(not(miri))]
mod faulty_heaps;
#[cfg(not(miri))]
mod faulty_regions;

#[macro_use]
#[path = "../common/members.rs"]
mod lists;

mod bounds;
mod broken_sources;
mod checked;
mod choices;
mod ends;
mod figures;
mod granules;
mod heaps;
mod known_bugs;
mod known_bugs_of_growth;
mod lifetimes;
mod members;
mod must_report;
mod nested;
// Granules have 16 bytes.
#[cfg(target_pointer_width = "64")]
mod offsets;
mod one_layout;
mod pairs;
mod panics;
mod per_thread;
mod placement;
mod regions;
mod scopes;
mod slab;
mod slab_cache;
mod slab_checked;
mod slab_threads;
mod sources;
mod strategy;
mod threads;
mod wrappers;
