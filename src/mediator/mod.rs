//! Hands surplus blocks from threads that free to threads that allocate.
//!
//! Three lists of shells: full ones (a batch each), partial ones (remainders of threads that have
//! left), empty ones (waiting for the next batch). B is the least batch. Blocks are copied in and
//! out, so a thread cache is an array and a batch moves by two exchanges on padded heads, whatever
//! its size.
//!
//! # Contract
//!
//! Any thread, any number of them, nobody waits for a partner. LIFO: the batch that was offered
//! last is handed out first, its lines are the warmest.
//!
//! # Invariants
//!
//! - M1. Shells that do not wait: `shells >= carved / B + slots`, with `slots` the thread caches ever
//!   seated. Each carve brings one shell, each new slot one and as many as may wait on its account,
//!   before blocks or handle are handed out.
//! - M2. A shell in `full` holds B blocks at least, one in `partial` 1 to B - 1, one in `empty`
//!   none (its count is stale, and nobody reads it).
//! - M3. There are never more partial shells than handles: a new one is made only by a handle that
//!   has seen `partial` empty, or that has just filled one up, and no handle has more than one in
//!   its hands.
//! - M4. So `empty` is never empty when a handle has blocks to put down: were it, all shells would
//!   hold blocks or be in hands, and counting them against M1 to M3 leaves more blocks than were
//!   carved (papers/memory-bound.md has the sum).
//!
//! # Progress
//!
//! That of the strategy's list and reclaimer: a bounded number of operations of each.
//!
//! # Source
//!
//! Bonwick & Adams 2001, the depot of magazines, without its lock and with copies instead of
//! swapped magazines (papers/README.md).

mod limbo;

use crate::block::{Batch, Block};
use crate::free_list::{
    Chain, MaybeBlock, OwnedShell, Plan, Reclaimer, ShellList, ShellStore, Strategy,
};
use limbo::Limbo;

/// The shared store of full, partial and empty shells of one pool.
pub struct Mediator<S: Strategy> {
    /// First: dropping it may still run what leads to the shelves.
    reclaimer: S::Reclaimer,
    /// Boxed: what waits for its return knows their address.
    shelves: Box<Shelves<S>>,
}

/// Where shells are.
struct Shelves<S: Strategy> {
    store: ShellStore,
    batch: Batch,
    full: S::List,
    partial: S::List,
    empty: S::List,
    limbo: Limbo,
}

/// A thread cache's standing at a mediator.
pub type Participant<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Participant;

/// A pin: nothing comes back to the lists meanwhile that the holder may have seen there.
type Guard<'g, S> = <<S as Strategy>::Reclaimer as Reclaimer>::Guard<'g>;

/// What waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Shells in limbo.
    pub limbo_shells: usize,
    /// The most that may be.
    pub limbo_limit: usize,
    /// Shells that could not wait because as many did as may, and removals that took a lock because
    /// another one was in flight.
    pub overflows: u64,
}

impl<S: Strategy> Mediator<S> {
    /// A mediator without shells.
    pub fn new(batch: impl Into<Batch>, plan: &Plan) -> Self {
        let batch = batch.into();
        Self {
            reclaimer: S::Reclaimer::new(),
            shelves: Box::new(Shelves {
                store: ShellStore::new(batch.most, plan.addressing),
                batch,
                full: S::list(plan),
                partial: S::list(plan),
                empty: S::list(plan),
                limbo: Limbo::new(),
            }),
        }
    }

    /// The shells that travel here.
    pub const fn store(&self) -> &ShellStore {
        &self.shelves.store
    }

    /// Blocks in a batch.
    #[inline]
    pub const fn batch(&self) -> Batch {
        self.shelves.batch
    }

    /// Brings a new shell.
    pub fn add_shell(&self, shell: OwnedShell<'_>) {
        self.shelves.empty.push(shell);
    }

    /// Lets so many shells more wait for their return. As many have been brought for that.
    pub fn extend_limbo(&self, shells: usize) {
        self.shelves.limbo.extend(shells);
    }

    /// A standing for a thread cache.
    pub fn join(&self) -> Participant<S> {
        self.reclaimer.join()
    }

    /// Takes blocks that the caller has no use for: a whole batch, or the remainder of a thread
    /// that leaves. Never fails and never takes blocks or shells from the source (M4).
    ///
    /// # Panics
    ///
    /// On more than the largest batch, and if M1 was broken from outside.
    #[inline]
    pub fn offer(&self, participant: &Participant<S>, blocks: &[Block]) {
        if blocks.is_empty() {
            return;
        }
        let guard = self.reclaimer.pin(participant);
        if blocks.len() < self.batch().least {
            return self.offer_remainder(&guard, blocks);
        }
        let mut shell = self.empty_shell(&guard);
        shell.fill(blocks);
        self.shelves.full.push(shell);
    }

    /// Merges a remainder into a partial shell, so that those stay few (M3).
    fn offer_remainder(&self, guard: &Guard<'_, S>, blocks: &[Block]) {
        let Shelves { store, batch, full, partial, .. } = &*self.shelves;
        let mut rest = blocks;
        if let Some(mut shell) = partial.pop(store, guard) {
            let room = batch.least - shell.len();
            let fit;
            (fit, rest) = blocks.split_at(room.min(blocks.len()));
            shell.append(fit);
            let list = if fit.len() < room { partial } else { full };
            list.push(shell);
        }
        if !rest.is_empty() {
            let mut shell = self.empty_shell(guard);
            shell.fill(rest);
            partial.push(shell);
        }
    }

    /// Fills `out` from its start with up to `out.len()` blocks, never more, and returns how many.
    ///
    /// Whole batches come first, as many as fit by one CAS; where there is none, one partial shell.
    /// A request below the largest batch takes one partial shell, where there is none a full one, and
    /// leaves in it what it did not ask for.
    ///
    /// 0 means that every list that could serve was seen empty by an RMW, one after the other.
    #[inline]
    pub fn request(&self, participant: &Participant<S>, out: &mut [MaybeBlock]) -> usize {
        let guard = self.reclaimer.pin(participant);
        let max = out.len();
        if max >= self.batch().most {
            let chain = self.shelves.full.pop_up_to(&self.shelves.store, max, &guard);
            let taken = self.empty_into(&guard, chain, out);
            if taken > 0 {
                return taken;
            }
        }
        self.request_remainder(&guard, out)
    }

    /// As [`request`](Self::request), but of the full shells takes one alone: the blocks that were put
    /// down together last. What a handle asks for, whose own batch may be small while others' are large.
    ///
    /// # Panics
    ///
    /// If `out` has no room for the largest batch.
    #[inline]
    pub fn request_batch(&self, participant: &Participant<S>, out: &mut [MaybeBlock]) -> usize {
        assert!(out.len() >= self.batch().most, "room for {} blocks", out.len());
        let guard = self.reclaimer.pin(participant);
        match self.shelves.full.pop(&self.shelves.store, &guard) {
            Some(mut shell) => {
                let taken = shell.unload(out);
                self.recycle(&guard, shell);
                taken
            }
            None => self.request_remainder(&guard, out),
        }
    }

    #[cold]
    fn request_remainder(&self, guard: &Guard<'_, S>, out: &mut [MaybeBlock]) -> usize {
        let Shelves { store, batch, full, partial, .. } = &*self.shelves;
        if out.is_empty() {
            return 0;
        }
        // One at a time: several in one hand, with less than a batch each, break M3.
        let shell = partial
            .pop(store, guard)
            .or_else(|| if out.len() < batch.most { full.pop(store, guard) } else { None });
        let Some(mut shell) = shell else { return 0 };
        let taken = shell.take(out);
        match shell.len() {
            0 => self.recycle(guard, shell),
            left if left < batch.least => partial.push(shell),
            _ => full.push(shell),
        }
        taken
    }

    /// Copies the blocks of a chain out and sends its shells back to `empty`.
    #[inline]
    fn empty_into(&self, guard: &Guard<'_, S>, chain: Chain<'_>, out: &mut [MaybeBlock]) -> usize {
        let mut taken = 0;
        for mut shell in chain {
            taken += shell.unload(&mut out[taken..]);
            self.recycle(guard, shell);
        }
        taken
    }

    #[inline]
    fn empty_shell(&self, guard: &Guard<'_, S>) -> OwnedShell<'_> {
        let shell = self.shelves.empty.pop(&self.shelves.store, guard);
        let shell = shell.expect("M4: a shell is reserved for every batch");
        // SAFETY: new shells and such as have waited go to `empty`, all others behind its lock; and
        // no caller puts it back there before it was emptied, and has waited, again.
        unsafe { shell.assume_ripe() }
    }

    /// Sends a shell back to `empty`: as soon as nobody looks at it any more, or at once, where as
    /// many wait as may.
    #[inline]
    fn recycle(&self, guard: &Guard<'_, S>, shell: OwnedShell<'_>) {
        if !S::Reclaimer::DEFERS {
            self.shelves.empty.push(shell);
        } else if self.shelves.limbo.enter() {
            let address = shell.name().address();
            let landing = limbo::Landing::new(&self.shelves, shell);
            // SAFETY: the shelves lie in their box until `drain` has returned: see `drop`.
            unsafe { self.reclaimer.defer(guard, address, move || landing.land()) };
        } else {
            // Else nothing would make the reclaimer look while the limbo is full.
            self.reclaimer.collect(guard);
            self.shelves.empty.push(shell);
        }
    }

    /// Whether blocks may no longer be handed out, since tags must not wrap.
    ///
    /// `full` need not be asked: every shell in it left `empty` or `partial` before.
    pub fn refuses(&self) -> bool {
        self.shelves.empty.refuses() || self.shelves.partial.refuses()
    }

    /// What waits.
    pub fn waiting(&self) -> Waiting {
        let Shelves { full, partial, empty, limbo, .. } = &*self.shelves;
        Waiting {
            limbo_shells: limbo.waiting(),
            limbo_limit: limbo.limit(),
            overflows: full.overflows() + partial.overflows() + empty.overflows() + limbo.refused(),
        }
    }

    /// How often a CAS came too late and had to be tried again.
    pub fn cas_failures(&self) -> u64 {
        let Shelves { full, partial, empty, .. } = &*self.shelves;
        full.cas_failures() + partial.cas_failures() + empty.cas_failures()
    }

    /// Runs `f` as if the caller were held up in the middle of an exchange with each of the lists.
    /// For harnesses that ask what a sleeping thread does to the others.
    pub fn linger(&self, participant: &Participant<S>, f: impl FnOnce()) {
        let _guard = self.reclaimer.pin(participant);
        let Shelves { full, partial, empty, .. } = &*self.shelves;
        let mut f = Some(f);
        full.linger(&mut || {
            partial.linger(&mut || empty.linger(&mut || f.take().into_iter().for_each(|f| f())));
        });
    }

    /// Blocks in full and in partial shells, and the number of empty shells. Exact: nobody else is
    /// here, and nothing waits afterwards.
    pub fn census(&mut self) -> (usize, usize, usize) {
        self.drain();
        let Shelves { full, partial, empty, .. } = &*self.shelves;
        (self.count(full).1, self.count(partial).1, self.count(empty).0)
    }

    /// Ends all shells that lie in a list. Only a checker's atomics need it.
    pub fn end_shells(&mut self) {
        self.drain();
        let Shelves { store, full, partial, empty, .. } = &*self.shelves;
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        for list in [full, partial, empty] {
            for shell in list.take_all(store, &guard) {
                shell.end();
            }
        }
    }

    /// Lets everything land that waits.
    fn drain(&mut self) {
        let limbo = &self.shelves.limbo;
        self.reclaimer.drain(|| limbo.waiting() == 0);
    }

    /// Shells and blocks in a list.
    fn count(&self, list: &S::List) -> (usize, usize) {
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        let (mut shells, mut blocks) = (0, 0);
        let mut back: Vec<OwnedShell<'_>> = list.take_all(self.store(), &guard).collect();
        while let Some(shell) = back.pop() {
            shells += 1;
            blocks += shell.len();
            // SAFETY: just let go of. Nobody else is here, so nobody looks at it: it is ripe.
            list.push(unsafe { OwnedShell::assume(shell.release(), self.store()) });
        }
        (shells, blocks)
    }
}

impl<S: Strategy> Drop for Mediator<S> {
    fn drop(&mut self) {
        if S::Reclaimer::DEFERS {
            self.drain();
        }
    }
}
