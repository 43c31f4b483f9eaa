//! What each strategy is on the processor on which the tests run, compared with what the README
//! says. `cargo xtask cross` runs this for other processors, and `cargo xtask miri` interprets it
//! for others.

use core::alloc::Layout;

use stampool::{
    AtomicPackedStamped, AtomicStamped, BuildError, DoubleWidthCas, Locked, Pool, Quiescent, Stats,
    Strategy, TaggedPacked, TaggedWide,
};

/// Whether the processor has a 128-bit compare-exchange, by its manual; nothing where this list
/// does not know it.
fn has_double_width_cas() -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    return Some(std::arch::is_x86_feature_detected!("cmpxchg16b"));
    #[cfg(not(target_arch = "x86_64"))]
    match std::env::consts::ARCH {
        // Reached by instructions that the interpreter does not have.
        "aarch64" | "s390x" => Some(!cfg!(miri)),
        // On 32-bit x86 it is 64 bits wide; RISC-V has one by an extension alone (Zacas).
        "x86" | "riscv64" => Some(false),
        _ => None,
    }
}

fn stats<S: Strategy>() -> Stats {
    let pool = Pool::builder(Layout::new::<[u64; 4]>()).strategy::<S>().build().unwrap();
    // It works, whatever it is.
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: just allocated, and freed once.
    unsafe { local.deallocate(block) };
    let stats = pool.stats();
    println!(
        "strategy: {} is {} with {} tag bits, {}",
        S::NAME,
        stats.strategy,
        stats.tag_bits,
        if stats.lock_free { "lock-free" } else { "not lock-free" }
    );
    stats
}

/// What a demand for lock freedom, on this processor, is answered with.
fn strict<S: Strategy>() -> Result<&'static str, BuildError> {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>().strict_lock_free();
    builder.build().map(|pool| pool.stats().strategy)
}

#[test]
fn the_wide_word_is_used_where_the_processor_has_one_and_else_the_packed_one() {
    let wide = stats::<TaggedWide>();
    let has = has_double_width_cas().unwrap_or(wide.strategy == "TaggedWide");
    let refused = Err(BuildError::NotLockFree { strategy: "TaggedWide" });
    if has {
        assert_eq!((wide.strategy, wide.tag_bits), ("TaggedWide", 64));
        assert_eq!(strict::<TaggedWide>(), Ok("TaggedWide"));
    } else {
        assert_eq!((wide.strategy, wide.tag_bits), ("TaggedPacked", 32));
        assert_eq!(strict::<TaggedWide>(), refused, "a fallback is no strict answer");
    }
    assert!(wide.lock_free, "either way");
    assert_eq!(AtomicStamped::<u8>::is_lock_free(), has);
}

#[test]
fn the_packed_word_is_lock_free_on_every_processor_that_is_tested() {
    let packed = stats::<TaggedPacked>();
    assert_eq!((packed.strategy, packed.tag_bits, packed.lock_free), ("TaggedPacked", 32, true));
    assert_eq!(strict::<TaggedPacked>(), Ok("TaggedPacked"));
    assert!(AtomicPackedStamped::<u8>::is_lock_free());
}

#[test]
fn what_locks_says_so_and_is_refused_where_lock_freedom_is_asked_for() {
    for (stats, strict) in
        [(stats::<Locked>(), strict::<Locked>()), (stats::<Quiescent>(), strict::<Quiescent>())]
    {
        assert!(!stats.lock_free);
        assert_eq!(strict, Err(BuildError::NotLockFree { strategy: stats.strategy }));
    }
}

#[test]
fn an_answer_by_hand_overrides_the_processors() {
    let builder = Pool::builder(Layout::new::<u64>()).double_width_cas(DoubleWidthCas::Absent);
    assert_eq!(builder.build().unwrap().stats().strategy, "TaggedPacked");
}
