//! Hands surplus blocks from threads that free to threads that allocate.
//!
//! Three lists of shells: full ones (a batch each), partial ones (remainders of threads that have
//! left), empty ones (waiting for the next batch). Blocks are copied in and out, so a thread cache
//! is an array and a batch moves by two exchanges on padded heads, whatever its size.
//!
//! # Contract
//!
//! Any thread, any number of them, nobody waits for a partner. LIFO: the batch that was offered
//! last is handed out first, its lines are the warmest.
//!
//! # Invariants
//!
//! - M1. Shells: `shells >= carved / B + slots`, with `slots` the thread caches ever seated. Each
//!   carve brings one shell, each new slot one, before blocks or handle are handed out.
//! - M2. A shell in `full` holds exactly B blocks, one in `partial` 1 to B - 1, one in `empty`
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
//! That of the strategy's list: a bounded number of list operations each.
//!
//! # Source
//!
//! Bonwick & Adams 2001, the depot of magazines, without its lock and with copies instead of
//! swapped magazines (papers/README.md).

use core::cmp::Ordering::{Equal, Greater, Less};

use crate::block::Block;
use crate::free_list::{Chain, MaybeBlock, OwnedShell, Plan, ShellList, ShellStore, Strategy};

/// The shared store of full, partial and empty shells of one pool.
pub struct Mediator<S: Strategy> {
    store: ShellStore,
    full: S::List,
    partial: S::List,
    empty: S::List,
}

impl<S: Strategy> Mediator<S> {
    /// A mediator without shells.
    pub fn new(batch: usize, plan: &Plan) -> Self {
        Self {
            store: ShellStore::new(batch, plan.addressing),
            full: S::list(plan),
            partial: S::list(plan),
            empty: S::list(plan),
        }
    }

    /// The shells that travel here.
    pub const fn store(&self) -> &ShellStore {
        &self.store
    }

    /// Blocks in a batch.
    pub const fn batch(&self) -> usize {
        self.store.batch()
    }

    /// Brings a new shell.
    pub fn add_shell(&self, shell: OwnedShell<'_>) {
        self.empty.push(shell);
    }

    /// Takes blocks that the caller has no use for: a whole batch, or the remainder of a thread
    /// that leaves. Never fails and never allocates (M4).
    ///
    /// # Panics
    ///
    /// On more than a batch, and if M1 was broken from outside.
    #[inline]
    pub fn offer(&self, blocks: &[Block]) {
        match blocks.len().cmp(&self.batch()) {
            Equal => {
                let mut shell = self.empty_shell();
                shell.fill(blocks);
                self.full.push(shell);
            }
            Less if blocks.is_empty() => {}
            Less => self.offer_remainder(blocks),
            Greater => panic!("{} blocks offered in a batch of {}", blocks.len(), self.batch()),
        }
    }

    /// Merges a remainder into a partial shell, so that those stay few (M3).
    fn offer_remainder(&self, blocks: &[Block]) {
        let mut rest = blocks;
        if let Some(mut shell) = self.partial.pop(&self.store) {
            let room = self.batch() - shell.len();
            let fit;
            (fit, rest) = blocks.split_at(room.min(blocks.len()));
            shell.append(fit);
            let list = if fit.len() < room { &self.partial } else { &self.full };
            list.push(shell);
        }
        if !rest.is_empty() {
            let mut shell = self.empty_shell();
            shell.fill(rest);
            self.partial.push(shell);
        }
    }

    /// Fills `out` from its start with up to `out.len()` blocks, never more, and returns how many.
    ///
    /// Whole batches come first, as many as fit by one CAS; where there is none, one partial shell.
    /// A request below a batch takes one partial shell, where there is none a full one, and leaves
    /// what it did not ask for as a partial shell.
    ///
    /// 0 means that every list that could serve was seen empty by an RMW, one after the other.
    #[inline]
    pub fn request(&self, out: &mut [MaybeBlock]) -> usize {
        let max = out.len();
        if max >= self.batch() {
            let taken = self.empty_into(self.full.pop_up_to(&self.store, max), out);
            if taken > 0 {
                return taken;
            }
        }
        self.request_remainder(out)
    }

    #[cold]
    fn request_remainder(&self, out: &mut [MaybeBlock]) -> usize {
        if out.is_empty() {
            return 0;
        }
        // One at a time: several in one hand, with less than a batch each, break M3.
        let shell = self
            .partial
            .pop(&self.store)
            .or_else(|| if out.len() < self.batch() { self.full.pop(&self.store) } else { None });
        let Some(mut shell) = shell else { return 0 };
        let taken = shell.take(out);
        let list = if shell.is_empty() { &self.empty } else { &self.partial };
        list.push(shell);
        taken
    }

    /// Copies the blocks of a chain out and returns its shells to `empty`.
    #[inline]
    fn empty_into(&self, chain: Chain<'_>, out: &mut [MaybeBlock]) -> usize {
        let mut taken = 0;
        for mut shell in chain {
            taken += shell.unload(&mut out[taken..]);
            self.empty.push(shell);
        }
        taken
    }

    #[inline]
    fn empty_shell(&self) -> OwnedShell<'_> {
        self.empty.pop(&self.store).expect("M4: a shell is reserved for every batch")
    }

    /// Whether blocks may no longer be handed out, since tags must not wrap.
    ///
    /// `full` need not be asked: every shell in it left `empty` or `partial` before.
    pub fn refuses(&self) -> bool {
        self.empty.refuses() || self.partial.refuses()
    }

    /// Blocks in full and in partial shells, and the number of empty shells. Exact: nobody else is
    /// here.
    pub fn census(&mut self) -> (usize, usize, usize) {
        let full = Self::count(&self.store, &self.full);
        let partial = Self::count(&self.store, &self.partial);
        let empty = Self::count(&self.store, &self.empty);
        (full.1, partial.1, empty.0)
    }

    /// Ends all shells that lie in a list. Only a checker's atomics need it.
    pub fn end_shells(&mut self) {
        for list in [&self.full, &self.partial, &self.empty] {
            for shell in list.take_all(&self.store) {
                shell.end();
            }
        }
    }

    /// Shells and blocks in a list.
    fn count(store: &ShellStore, list: &S::List) -> (usize, usize) {
        let (mut shells, mut blocks) = (0, 0);
        let mut back: Vec<OwnedShell<'_>> = list.take_all(store).collect();
        while let Some(shell) = back.pop() {
            shells += 1;
            blocks += shell.len();
            list.push(shell);
        }
        (shells, blocks)
    }
}
