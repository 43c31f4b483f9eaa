//! Every ordering of the core, by site name.
//!
//! A site is a named atomic access, or one of several that do the same. The comment at an access
//! says what it publishes or observes. In a shipped build a site's ordering is a constant. In a
//! model build the variable `STAMPOOL_WEAKEN=NAME=Ordering` overrides one site for the whole
//! process: `cargo xtask weaken` runs each site one step weaker, and expects a check to fail.

use super::Ordering;

/// A site: its name, and the ordering with which it ships.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Name, as in the `ORDERING(..)` comment at the access.
    pub name: &'static str,
    /// The ordering that ships.
    pub shipped: Ordering,
}

impl Site {
    /// The ordering to use.
    #[cfg(not(any(
        stampool_model = "loom",
        stampool_model = "porf",
        stampool_model = "shuttle",
        stampool_model = "steered"
    )))]
    #[inline(always)]
    pub const fn ordering(self) -> Ordering {
        self.shipped
    }

    /// The ordering to use. Also tells the steered backend the name of the access that follows.
    #[cfg(stampool_model = "steered")]
    pub fn ordering(self) -> Ordering {
        super::backend::name(self.name);
        self.shipped
    }

    /// The ordering to use: the shipped one, unless this process weakens the site.
    #[cfg(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle"))]
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
#[cfg(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle"))]
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
    /// push: the first load of the head.
    PUSH_LOAD = "FL-1", Acquire;
    /// push: the link of the magazine that is about to be published.
    PUSH_LINK = "FL-2", Release;
    /// push: the head, on success.
    PUSH_CAS = "FL-3", Release;
    /// push: the head, on failure.
    PUSH_CAS_FAILED = "FL-4", Acquire;
    /// remove: the first load of the head.
    REMOVE_LOAD = "FL-5", Acquire;
    /// remove: the link of a magazine that another thread may own by now.
    REMOVE_LINK = "FL-6", Acquire;
    /// remove: the count of a magazine that another thread may own by now.
    REMOVE_COUNT = "FL-7", Relaxed;
    /// remove: the head, on success.
    REMOVE_CAS = "FL-8", Relaxed;
    /// remove: the head, on failure.
    REMOVE_CAS_FAILED = "FL-9", Acquire;
    /// remove: the head, exchanged for itself, when there is nothing to take.
    CONFIRM_CAS = "FL-10", Relaxed;
    /// A link of a magazine that the caller owns.
    OWNED_LINK = "FL-11", Relaxed;
    /// A count of a magazine that the caller owns.
    OWNED_COUNT = "FL-12", Relaxed;
    /// quiescent: a popper enters.
    POPPER_ENTER = "QU-1", Acquire;
    /// quiescent: a popper leaves.
    POPPER_LEAVE = "QU-2", Release;
    /// quiescent: is there another popper?
    POPPER_CHECK = "QU-3", Acquire;
    /// quiescent: the second list becomes the main one.
    SPLICE = "QU-4", Release;
    /// deferred list: has a magazine ever gone to the side stack?
    SIDE_FLAG = "DL-1", Relaxed;
    /// deferred list: a magazine is about to go there.
    SIDE_RAISE = "DL-2", Acquire;
    /// limbo: the number of waiting magazines, up and down.
    LIMBO_COUNT = "LM-1", Relaxed;
    /// limbo: how many magazines may wait.
    LIMBO_LIMIT = "LM-2", Relaxed;
    /// limbo: how often it was full.
    LIMBO_REFUSED = "LM-3", Relaxed;
    /// limbo: a magazine was returned.
    LIMBO_LEAVE = "LM-4", Release;
    /// limbo: is everything returned?
    LIMBO_EMPTY = "LM-5", Acquire;
    /// shards: a full magazine has arrived.
    ARRIVAL = "SH-1", Acquire;
    /// shards: how many have arrived?
    ARRIVED = "SH-2", Acquire;
    /// registry: a slot's owner, read before the claim.
    SLOT_PEEK = "TC-1", Relaxed;
    /// registry: a slot claimed by a handle.
    SLOT_CLAIM = "TC-2", Acquire;
    /// registry: a slot that was not free after all.
    SLOT_CLAIM_FAILED = "TC-3", Relaxed;
    /// registry: a slot given up by its handle.
    SLOT_LEAVE = "TC-4", Release;
    /// registry: a new slot is registered.
    REGISTRY_PUSH = "TC-5", Release;
    /// registry: the first slot.
    REGISTRY_LOAD = "TC-6", Acquire;
    /// growth: is the pool sealed?
    SEAL_LOOK = "SE-1", Relaxed;
    /// growth: the pool is sealed.
    SEAL_SET = "SE-2", Relaxed;
    /// capacity: how many blocks are in use?
    IN_USE_LOOK = "IU-1", Relaxed;
    /// capacity: permits are taken, or found to be taken.
    IN_USE_TAKE = "IU-2", Relaxed;
    /// capacity: another thread changed the count first.
    IN_USE_MOVED = "IU-3", Relaxed;
    /// capacity: permits are given back.
    IN_USE_GIVE = "IU-4", Relaxed;
    /// shared object: one more handle.
    SHARE_CLONE = "OB-1", Relaxed;
    /// shared object: one handle less.
    SHARE_DROP = "OB-2", AcqRel;
    /// shared object: is this the only handle?
    SHARE_ALONE = "OB-3", Acquire;
    /// rundown: has the owner gone?
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
    /// rundown: the owner closes.
    RUNDOWN_CLOSE = "RD-7", AcqRel;
    /// changes: one more.
    CHANGES_COUNT = "CH-1", Release;
    /// changes: how many were there since the last look?
    CHANGES_TAKE = "CH-2", Acquire;
    /// changes: was there any?
    CHANGES_LOOK = "CH-3", Relaxed;
    /// block table: the count of numbered blocks, raised by the growing thread.
    TABLE_PUBLISH = "ST-1", Release;
    /// block table: that count, read by a thread that looks a block up.
    TABLE_LOAD = "ST-2", Acquire;
    /// block table: that count, read under the growth lock.
    TABLE_OWNED = "ST-3", Relaxed;
    /// stamp: of a block that the caller owns.
    STAMP_OWNED = "ST-4", Relaxed;
    /// stamp: the fence at the start of a generation.
    STAMP_BEGIN_FENCE = "ST-5", Release;
    /// stamp: the block becomes allocated.
    STAMP_PUBLISH = "ST-6", Release;
    /// stamp: a read.
    STAMP_LOAD = "ST-7", Acquire;
    /// stamp: the fence after a read.
    STAMP_ENTER_FENCE = "ST-8", Release;
    /// stamp: the fence before the check.
    STAMP_CHECK_FENCE = "ST-9", Acquire;
    /// stamp: the check.
    STAMP_CHECK = "ST-10", Acquire;
    /// stamp: the end of a generation.
    STAMP_RETIRE = "ST-11", AcqRel;
    /// stamp: an attempt to end a generation that is over already.
    STAMP_RETIRE_LATE = "ST-12", Acquire;
    /// checking: a new chunk is registered.
    SPANS_PUSH = "CK-1", Release;
    /// checking: the newest chunk.
    SPANS_LOAD = "CK-2", Acquire;
    /// checking: the state of a block, between cache and user.
    BLOCK_STATE = "CK-3", Relaxed;
    /// checking: the state of a block, between cache and magazine.
    BLOCK_EXCHANGE = "CK-4", Relaxed;
    /// checking: how often a block was handed out.
    BLOCK_GENERATION = "CK-5", Relaxed;
    /// shared mark: a look at it.
    MARK_LOAD = "AL-1", Relaxed;
    /// shared mark: a block is cut off.
    MARK_TAKE = "AL-2", Acquire;
    /// shared mark: another thread moved it before that.
    MARK_TAKE_FAILED = "AL-3", Relaxed;
    /// shared mark: the last block is given back, or a part of it.
    MARK_GIVE = "AL-4", Release;
    /// shared mark: the block was not the last one any more.
    MARK_MOVED = "AL-5", Relaxed;
    /// shared mark: the last block becomes longer.
    MARK_LENGTHEN = "AL-6", Acquire;
    /// async linear: the current chunk.
    CHUNK_LOAD = "AL-7", Acquire;
    /// async linear: a new chunk becomes the current one.
    CHUNK_PUBLISH = "AL-8", Release;
    /// async linear: the current chunk, read by a thread that holds the growth lock or `&mut`.
    CHUNK_OWNED = "AL-9", Relaxed;
    /// leases: the newest value.
    LEASES_LOAD = "LS-1", Acquire;
    /// leases: a value that nobody leases is claimed.
    LEASE_CLAIM = "LS-2", Acquire;
    /// leases: somebody leases it.
    LEASE_CLAIM_FAILED = "LS-3", Relaxed;
    /// leases: a lease ends.
    LEASE_END = "LS-4", Release;
    /// leases: a new value.
    LEASES_PUSH = "LS-5", Release;
    /// leases: another thread put one in front before that.
    LEASES_PUSH_FAILED = "LS-6", Relaxed;
    /// leases: the newest value, to link to it, or read by `&mut`.
    LEASES_OWNED = "LS-7", Relaxed;
    /// statistics: a number is read.
    TALLY_LOAD = "LS-8", Relaxed;
    /// statistics: the thread that leases the record writes a number.
    TALLY_STORE = "LS-9", Relaxed;
    /// statistics: a number that threads share.
    TALLY_ADD = "LS-10", Relaxed;
}
