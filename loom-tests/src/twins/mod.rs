//! Twins: the shipped lists with one known fault each, which the checks must find.
//!
//! A twin that passes would mean that the scenario beside it proves nothing. Each differs from the
//! shipped code in the one thing that its name says; everything else IS the shipped code.
//!
//! # Faults that others have met
//!
//! Read in the reports, and modelled on the shipped stack.
//!
//! | twin | report | fault | what our code does instead |
//! |---|---|---|---|
//! | `argobots_178` | pmodels/argobots issue 178 | a memory pool's bare stack: what was popped comes back under an old popper's eyes, and its old link is installed | a tag that every removal advances |
//! | `rpmalloc_32` | mjansson/rpmalloc issue 32 | heaps of ended threads on a bare stack: a heap that came in below the old top is gone | the same |
//! | `cs431_560` | kaist-cp/cs431 issue 560 | hazard slots, never freed, kept for reuse on a bare stack: a slot in use is free for others | the same; slots of handles are claimed by one RMW each, in a list that only grows |
//! | `heapless_180` | rust-embedded/heapless issue 180 | the link is loaded before the exclusive load of the head | head, link, CAS, in this order, and the CAS compares what the first load brought |
//! | `ck_batch_pop` | concurrencykit/ck commit 7b5d000 | taking all swaps the pointer and leaves the generation | taking all is a removal like the others |
//! | `vespa_12975` | vespa-engine/vespa pull request 12975 (review) | pointer and tag copied as two halves | one 128-bit load |
//!
//! # Faults of our own making
//!
//! | twins | fault | subject |
//! |---|---|---|
//! | `tag_0_bits`, `tag_1_bit`, `tag_2_bits` | the tag wraps within the scenario | `tags` |
//! | `swap_take_all` | taking all resets the tag | `stack` |
//! | `naive_splice`, `two_splicers`, `check_by_load`, `splicer_not_counted` | a splice at the wrong time | `splice` |
//! | `no_pin`, `early_advance`, `no_grace` | a grace period that is none | `grace` |
//! | `seize_no_pin`, `hazard_not_validated` | other people's reclamation misused | `peers` |
//! | `stack_0_bits`, `atomic_0_bits`, `read_not_validated`, `free_by_load_and_store` | a stamp that stands still, or is not heeded | `stamped` |
//! | `late_count`, `lost_remainder`, `double_offer` | the shipped code misused | `misuse` |
//!
//! The same kind of faults inside `src` are mutants of `cargo xtask mutants`.

mod grace;
mod misuse;
mod peers;
mod splice;
mod stack;
mod stamped;
mod tags;
mod twin;

pub use splice::kept;
pub use stamped::{SOUND, Sound};
pub use tags::wide_enough;
pub use twin::Twin;

/// All twins.
#[must_use]
pub fn twins() -> Vec<Twin> {
    let subjects = [
        tags::twins,
        stack::twins,
        splice::twins,
        grace::twins,
        misuse::twins,
        peers::twins,
        stamped::twins,
    ];
    subjects.iter().flat_map(|twins| twins()).collect()
}
