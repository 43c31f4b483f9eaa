//! Every ordering of the core, by site name.
//!
//! A site is one atomic access in the source; the comment there says what it publishes or
//! observes. Shipped, a site's ordering is a constant. In model builds the variable
//! `STAMPOOL_WEAKEN=NAME=Ordering` overrides one site for the whole process: `cargo xtask weaken`
//! runs every site one step weaker and expects the checks to notice.

use super::Ordering;

/// One atomic access of the core: its name and the ordering that it ships with.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Name, as in the `ORDERING(..)` comment at the access.
    pub name: &'static str,
    /// Ordering as shipped.
    pub shipped: Ordering,
}

impl Site {
    /// The ordering to use.
    #[cfg(not(any(
        stampool_model = "loom",
        stampool_model = "shuttle",
        stampool_model = "steered"
    )))]
    #[inline(always)]
    pub const fn ordering(self) -> Ordering {
        self.shipped
    }

    /// The ordering to use. Names the access that it is asked for.
    #[cfg(stampool_model = "steered")]
    pub fn ordering(self) -> Ordering {
        super::backend::name(self.name);
        self.shipped
    }

    /// The ordering to use: as shipped, unless this process weakens the site.
    #[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
    pub fn ordering(self) -> Ordering {
        weakened().filter(|(name, _)| *name == self.name).map_or(self.shipped, |(_, order)| order)
    }

    /// The orderings one step weaker than the shipped one.
    pub const fn weaker(self) -> &'static [Ordering] {
        match self.shipped {
            Ordering::AcqRel => &[Ordering::Acquire, Ordering::Release],
            Ordering::Acquire | Ordering::Release => &[Ordering::Relaxed],
            _ => &[],
        }
    }
}

/// The override of this process, parsed once.
#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
fn weakened() -> Option<(&'static str, Ordering)> {
    static OVERRIDE: std::sync::OnceLock<Option<(&'static str, Ordering)>> =
        std::sync::OnceLock::new();
    *OVERRIDE.get_or_init(|| {
        let setting = std::env::var("STAMPOOL_WEAKEN").ok()?;
        let (name, order) = setting.split_once('=').expect("STAMPOOL_WEAKEN=SITE=Ordering");
        let site = SITES.iter().find(|site| site.name == name).expect("a known site");
        let order = *site
            .weaker()
            .iter()
            .find(|weaker| format!("{weaker:?}") == order)
            .expect("an ordering one step weaker");
        Some((site.name, order))
    })
}

macro_rules! sites {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $order:ident;)*) => {
        $($(#[$doc])* pub const $constant: Site = Site { name: $name, shipped: Ordering::$order };)*
        /// All sites, in the order of the table.
        pub const SITES: &[Site] = &[$($constant),*];
    };
}

sites! {
    /// push: first look at the head.
    PUSH_LOAD = "FL-1", Acquire;
    /// push: the link of the magazine that is about to be published.
    PUSH_LINK = "FL-2", Release;
    /// push: the head, on success.
    PUSH_CAS = "FL-3", Release;
    /// push: the head, on failure.
    PUSH_CAS_FAILED = "FL-4", Acquire;
    /// remove: first look at the head.
    REMOVE_LOAD = "FL-5", Acquire;
    /// remove: a link of a magazine that may belong to another thread by now.
    REMOVE_LINK = "FL-6", Acquire;
    /// remove: a count of a magazine that may belong to another thread by now.
    REMOVE_COUNT = "FL-7", Relaxed;
    /// remove: the head, on success.
    REMOVE_CAS = "FL-8", Relaxed;
    /// remove: the head, on failure.
    REMOVE_CAS_FAILED = "FL-9", Acquire;
    /// remove: the head, onto itself, when there is nothing to take.
    CONFIRM_CAS = "FL-10", Relaxed;
    /// A link of a magazine that the caller owns.
    OWNED_LINK = "FL-11", Relaxed;
    /// A count of a magazine that the caller owns.
    OWNED_COUNT = "FL-12", Relaxed;
    /// quiescent: a popper comes in.
    POPPER_ENTER = "QU-1", Acquire;
    /// quiescent: a popper goes.
    POPPER_LEAVE = "QU-2", Release;
    /// quiescent: is there any other popper?
    POPPER_CHECK = "QU-3", Acquire;
    /// quiescent: the second list becomes the main one.
    SPLICE = "QU-4", Release;
    /// deferred list: has anything ever gone to the side?
    SIDE_FLAG = "DL-1", Relaxed;
    /// deferred list: now something has.
    SIDE_RAISE = "DL-2", Acquire;
    /// limbo: magazines that wait, up and down.
    LIMBO_COUNT = "LM-1", Relaxed;
    /// limbo: how many may wait.
    LIMBO_LIMIT = "LM-2", Relaxed;
    /// limbo: how often it was full.
    LIMBO_REFUSED = "LM-3", Relaxed;
    /// limbo: a magazine was returned.
    LIMBO_LEAVE = "LM-4", Release;
    /// limbo: was everything returned?
    LIMBO_EMPTY = "LM-5", Acquire;
    /// shards: a full magazine has arrived.
    ARRIVAL = "SH-1", Acquire;
    /// shards: what has arrived?
    ARRIVED = "SH-2", Acquire;
    /// registry: a look at a slot's owner before it is claimed.
    SLOT_PEEK = "TC-1", Relaxed;
    /// registry: a slot claimed by a handle.
    SLOT_CLAIM = "TC-2", Acquire;
    /// registry: a slot that was not free after all.
    SLOT_CLAIM_FAILED = "TC-3", Relaxed;
    /// registry: a slot given up by its handle.
    SLOT_LEAVE = "TC-4", Release;
    /// registry: a new slot made known.
    REGISTRY_PUSH = "TC-5", Release;
    /// registry: the first slot.
    REGISTRY_LOAD = "TC-6", Acquire;
    /// shared object: one more handle.
    SHARE_CLONE = "OB-1", Relaxed;
    /// shared object: one handle less.
    SHARE_DROP = "OB-2", AcqRel;
    /// shared object: is this the only handle?
    SHARE_ALONE = "OB-3", Acquire;
    /// rundown: a look before a guard is taken.
    RUNDOWN_LOOK = "RD-1", Relaxed;
    /// rundown: a thread takes a guard.
    RUNDOWN_ENTER = "RD-2", Acquire;
    /// rundown: another thread changed the word first.
    RUNDOWN_ENTER_FAILED = "RD-3", Relaxed;
    /// rundown: a thread drops its guard.
    RUNDOWN_LEAVE = "RD-4", AcqRel;
    /// rundown: the owner takes exclusive access.
    RUNDOWN_EXCLUSIVE = "RD-5", Acquire;
    /// rundown: the owner ends its exclusive access.
    RUNDOWN_RELEASE = "RD-6", Release;
    /// rundown: the owner goes.
    RUNDOWN_CLOSE = "RD-7", AcqRel;
    /// block table: numbered blocks, for those who grow the pool.
    TABLE_PUBLISH = "ST-1", Release;
    /// block table: numbered blocks, for those who look one up.
    TABLE_LOAD = "ST-2", Acquire;
    /// block table: numbered blocks, under the growth lock.
    TABLE_OWNED = "ST-3", Relaxed;
    /// stamp: of a block that the caller owns.
    STAMP_OWNED = "ST-4", Relaxed;
    /// stamp: fence where a turn begins.
    STAMP_BEGIN_FENCE = "ST-5", Release;
    /// stamp: a block goes live.
    STAMP_PUBLISH = "ST-6", Release;
    /// stamp: a look.
    STAMP_LOAD = "ST-7", Acquire;
    /// stamp: fence behind a look.
    STAMP_ENTER_FENCE = "ST-8", Release;
    /// stamp: fence before the check.
    STAMP_CHECK_FENCE = "ST-9", Acquire;
    /// stamp: the check.
    STAMP_CHECK = "ST-10", Acquire;
    /// stamp: the end of a turn.
    STAMP_RETIRE = "ST-11", AcqRel;
    /// stamp: the end of a turn that was over already.
    STAMP_RETIRE_LATE = "ST-12", Acquire;
    /// checking: a new chunk made known.
    SPANS_PUSH = "LV-1", Release;
    /// checking: the newest chunk.
    SPANS_LOAD = "LV-2", Acquire;
    /// checking: state of a block, between cache and user.
    BLOCK_STATE = "LV-3", Relaxed;
    /// checking: state of a block, between cache and magazine.
    BLOCK_EXCHANGE = "LV-4", Relaxed;
    /// checking: how often a block was handed out.
    BLOCK_GENERATION = "LV-5", Relaxed;
}
