//! The allocator family: each member under the conformance kit, and members with faults that the
//! kit must find.

// The kit's own code is safe but for its writes to blocks, which the members cover.
#[cfg(not(miri))]
mod faulty;

mod bounds;
mod broken_sources;
mod checked;
mod granules;
mod heaps;
mod known_bugs;
mod members;
mod nested;
mod one_layout;
mod panics;
mod placement;
mod scopes;
mod sources;
mod threads;
