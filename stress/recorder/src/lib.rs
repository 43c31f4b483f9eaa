//! The library that `stress record` preloads into a program. It defines malloc and its relatives,
//! passes each call on to the allocator that would have got it, and records the call.
//!
//! | module | role |
//! |---|---|
//! | [`layout`] | where what lies in the log, for this library and for who reads it |
//! | [`calls`] | the functions of C |
//! | `next` | the same functions, of the allocator that would have been called |
//! | `log` | the log: where it is mapped, and one event |
//!
//! # Contract The functions are called from any thread, at any time: before `main`, in signal
//! handlers, while a thread ends, after a fork. The library has no lock, never waits, allocates
//! nothing, and keeps nothing per thread. It can neither deadlock nor call itself: only `dlsym` may
//! allocate inside, and it gets its memory from a small static buffer. The program sees what it
//! would have seen without the library, including `errno`.
//!
//! # Order One `fetch_add` claims an event's place in the log: before the call for a free, after
//! the call for an allocation. So if an address is used again, its events are in order. The place
//! of the first allocation is claimed before the pointer is handed on, hence before the place of
//! the free is claimed. That happens before the allocator gets the block back, hence before it
//! gives the block to another call, whose place is claimed after that. These steps are ordered by
//! happens-before: the program orders the hand-over of the pointer, and the allocator orders the
//! reuse of the block. The modification order of one atomic respects that, whatever the orderings
//! of the accesses.
//!
//! # Bounds The log has a fixed size. When it is full, recording is over. A place may be claimed
//! and never written, for instance by a thread that a signal ended in between, or by a `realloc`
//! that failed. It reads as zero and is skipped.
//!
//! # Children Only the process whose number is in the log's header writes: the first one that loads
//! the library. In a forked child the kernel wipes the library's state (`MADV_WIPEONFORK`); a
//! program that the child executes finds another process's number. If the process itself executes
//! another program, as wrapper scripts do, the log begins anew.

// `stress` depends on this crate and never names it: else it would be linked, and be the malloc of
// `stress` too. What both need to know is in `layout`, which it includes as a file.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
// malloc is defined here: the compiler must not think that it knows what it does.
#![no_builtins]

pub mod calls;
pub mod layout;
mod log;
mod next;
