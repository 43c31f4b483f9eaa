//! What `stress record` preloads into a program: the names of malloc, passed on to whoever would
//! have had the call, and each call written down.
//!
//! | module | role |
//! |---|---|
//! | [`layout`] | where what lies in the log, for this library and for who reads it |
//! | [`calls`] | the functions of C |
//! | `next` | the same functions, of the allocator that would have been called |
//! | `log` | the log: where it is mapped, and one event |
//!
//! # Contract
//! Called from any thread, at any time: before `main`, in signal handlers, while a thread ends,
//! after a fork. It has no lock, never waits, allocates nothing, and keeps nothing per thread. It
//! can neither deadlock nor call itself: the one function that may allocate inside, `dlsym`, is
//! served from a small static room meanwhile. What the program sees is what it would have seen
//! without, `errno` included.
//!
//! # Order
//! An event's place in the log is claimed with one `fetch_add`: before the call for what is freed,
//! after it for what is allocated. So whenever an address is used again, its events stand in order:
//! the first allocation is claimed before the pointer is handed on, hence before the free is
//! claimed; that before the allocator gets the block, hence before it gives it to anybody else, who
//! claims after that. The steps are ordered by happens-before (handing the pointer on is the
//! program's to get right, giving the block out again is the allocator's), and the modifications of
//! one atomic respect that whatever their ordering.
//!
//! # Bounds
//! The log has a fixed size. When it is full, recording is over. A place that was claimed and never
//! written, as by a thread that a signal ended in between or by a `realloc` that failed, reads as
//! zero and is skipped.
//!
//! # Children
//! The only process that writes is the one whose number the log's header has: the first that loads
//! the library. What a fork leaves to the child is taken from it by the kernel
//! (`MADV_WIPEONFORK`); what the child executes finds another number. When the process itself
//! executes a program, as wrappers do, the log begins anew.

// `stress` depends on this crate and never names it: else it would be linked, and be the malloc of
// `stress` too. What both need to know is in `layout`, which it includes as a file.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
// malloc is defined here: the compiler must not think that it knows what it does.
#![no_builtins]

pub mod calls;
pub mod layout;
mod log;
mod next;
