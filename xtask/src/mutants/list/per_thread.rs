//! Faults of threads that end, of threads that outlive pools, and of the cache that threads share.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a thread keeps its handles of dropped pools",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "locals.prune();",
            to: "if !{on} { locals.prune(); }",
        }],
        killer: Killer::Test { target: "heap", name: "a_dropped_pool_leaves_nothing_on_the_heap" },
        words: "a thread keeps dropped pools",
    },
    Mutant {
        name: "of a thread that ends only the first slot is emptied",
        edits: &[Edit {
            file: "src/pool/shared.rs",
            from: "self.registry.iter().filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)",
            to: "self.registry
                .iter()
                .filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)
                .take(if {on} { 1 } else { usize::MAX })",
        }],
        killer: Killer::Loom("TaggedPacked/pool/thread_end_two_handles/loom/"),
        words: "a handle left with blocks",
    },
    Mutant {
        name: "the place of a pool is never free again",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "LENT.release(self.0.place());",
            to: "if !{on} { LENT.release(self.0.place()); }",
        }],
        killer: PLACES,
        words: "no place came back",
    },
    Mutant {
        name: "the place that pools share is given back",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "if self.0.place() != SHARED_PLACE {",
            to: "if {on} || self.0.place() != SHARED_PLACE {",
        }],
        killer: PLACES,
        words: "place 4095 is released once",
    },
    Mutant {
        name: "a thread keeps its handles of dropped pools that share a place",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "self.others.retain_mut(|entry| !is_orphaned(entry));",
            to: "if !{on} { self.others.retain_mut(|entry| !is_orphaned(entry)); }",
        }],
        killer: Killer::Test { target: "heap", name: "a_dropped_pool_leaves_nothing_on_the_heap" },
        words: "a thread keeps pools that have no place",
    },
    Mutant {
        name: "threads in the shared cache although growth is excluded",
        edits: &[Edit {
            file: "src/pool/per_thread/mod.rs",
            from: "let _fallback = lock(&self.fallback);",
            to: "let _fallback = (!{on}).then(|| lock(&self.fallback));",
        }],
        killer: Killer::Test {
            target: "thread_local_faults",
            name: "without_growth_keeps_threads_out_of_the_shared_cache",
        },
        words: "a thread was in the shared cache",
    },
    Mutant {
        name: "the builder asks for the shard of the cache that threads share",
        edits: &[Edit {
            file: "src/pool/per_thread/mod.rs",
            from: "DetachedLocal::attach(pool.shared(), ShardId::default())",
            to: "DetachedLocal::attach(
                pool.shared(),
                if {on} { pool.shared().current_shard() } else { ShardId::default() },
            )",
        }],
        killer: Killer::Test {
            target: "topology",
            name: "the_cache_that_threads_share_asks_for_no_shard",
        },
        words: "the builder asked for the shard of a thread",
    },
    Mutant {
        name: "a watcher is notified as often as it was registered",
        edits: &[Edit {
            file: "src/threads/handling.rs",
            from: "if !hooks.iter().any(",
            to: "if {on} || !hooks.iter().any(",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "threads::handling::tests::a_watcher_is_notified_once_of_each_thread_that_ends",
        },
        words: "notifications of 1 ends",
    },
    Mutant {
        name: "a thread that ends forgets its handles",
        edits: &[Edit {
            file: "src/pool/per_thread/locals.rs",
            from: "*self.0.get_mut() = Table::new();",
            to: "let handles = core::mem::replace(self.0.get_mut(), Table::new());
        if {on} {
            core::mem::forget(handles);
        }",
        }],
        killer: Killer::Porf("TaggedPacked/locals/end_allocate/"),
        words: "a handle is left",
    },
    Mutant {
        name: "a thread whose storage is gone makes a handle that nobody drops",
        edits: &[Edit {
            file: "src/pool/per_thread/mod.rs",
            from: "            None => Attached::Fallback(lock(&self.fallback)),",
            to: "            None if {on} => {
                // SAFETY: used while the pool is borrowed.
                let local = unsafe { DetachedLocal::attach(self.pool.shared(), ShardId::default()) };
                let local = Box::leak(Box::new(local.expect(\"memory\")));
                let local: *const Local<'static, S, C> = &raw const **local;
                // SAFETY: it is leaked.
                Attached::Own(unsafe { &*local.cast() })
            }
            None => Attached::Fallback(lock(&self.fallback)),",
        }],
        killer: Killer::Porf("TaggedPacked/locals/late_free_allocate/"),
        words: "a handle is left",
    },
    Mutant {
        name: "a slot is free before its owner has emptied it",
        edits: &[Edit {
            file: "src/pool/local/ends.rs",
            from: "        // SAFETY: this handle owns the slot until the next line, and its participant has joined.",
            to: "        if {on} {
            // SAFETY: none, that is the fault.
            unsafe { self.slot.leave() };
        }
        // SAFETY: this handle owns the slot until the next line, and its participant has joined.",
        }],
        killer: Killer::Porf("TaggedPacked/locals/end_attach/"),
        words: "Causality violation: Concurrent",
    },
    Mutant {
        name: "a thread that ends keeps the pool for ever",
        edits: &[Edit {
            file: "src/pool/per_thread/detached.rs",
            from: "Some(_guard) => local.leave_quietly(),",
            to: "Some(guard) => {
                local.leave_quietly();
                if {on} {
                    core::mem::forget(guard);
                }
            }",
        }],
        killer: Killer::Porf("TaggedPacked/locals/end_drop/"),
        words: "a region did not go back exactly once",
    },
    Mutant {
        name: "the owner counts while threads hand their blocks in",
        edits: &[Edit {
            file: "src/pool/counts.rs",
            from: "let _held = self.rundown.exclusive();",
            to: "let _held = (!{on}).then(|| self.rundown.exclusive());",
        }],
        killer: Killer::Porf("TaggedPacked/locals/end_census/"),
        words: "Causality violation: Concurrent",
    },
    Mutant {
        name: "each thread that does not find the static pool builds one",
        edits: &[Edit {
            file: "src/pool/lazy.rs",
            from: "        self.pool.get_or_init(",
            to: "        if {on} && self.pool.get().is_none() {
            return Box::leak(Box::new((self.build)().expect(\"a pool\")));
        }
        self.pool.get_or_init(",
        }],
        killer: Killer::Porf("TaggedPacked/locals/static_first_use/"),
        words: "the pool is built once",
    },
];

const PLACES: Killer = Killer::Test {
    target: "lib",
    name: "pool::per_thread::locals::tests::a_place_is_free_again_when_its_pool_is_gone",
};
