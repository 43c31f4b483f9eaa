//! Settings that get lost, and limits that are off by one.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a read of a value says what it read of another turn",
        edits: &[Edit {
            file: "src/pool/stamped/mod.rs",
            from: "self.is_current(name).then_some(result)",
            to: "({on} || self.is_current(name)).then_some(result)",
        }],
        killer: Killer::Test { target: "edges", name: "a_read_whose_turn_ends_meanwhile_says_nothing" },
        words: "of another turn",
    },
    Mutant {
        name: "the last byte of a buffer is never given",
        edits: &[Edit {
            file: "src/source/buffer.rs",
            from: "if end > self.len {",
            to: "if end > self.len || {on} && end == self.len {",
        }],
        killer: Killer::Test { target: "edges", name: "the_last_byte_of_a_buffer_counts" },
        words: "right: Some(",
    },
    Mutant {
        name: "what was demanded before the strategy was chosen is lost",
        edits: &[Edit {
            file: "src/pool/builder/mod.rs",
            from: "            requirements: self.requirements,
            block_table",
            to: "            requirements: if {on} { Requirements::default() } else { self.requirements },
            block_table",
        }],
        killer: Killer::Test { target: "edges", name: "a_demand_made_before_the_strategy_is_chosen_stands" },
        words: "NotLockFree",
    },
    Mutant {
        name: "a pool that makes objects anew still keeps them",
        edits: &[Edit {
            file: "src/pool/object/builder.rs",
            from: "        self.constructed(make, None)",
            to: "        let mut this = self;
        let reset = this.reset.take().filter(|_| {on});
        this.constructed(make, reset)",
        }],
        killer: Killer::Test { target: "edges", name: "a_make_after_a_keep_keeps_nothing" },
        words: "what the last user has left",
    },
    Mutant {
        name: "blocks of two chunks have one number",
        edits: &[Edit {
            file: "src/checking/shadow.rs",
            from: "map_or(0, |last| last.before + last.blocks)",
            to: "map_or(0, |last| if {on} { last.blocks } else { last.before + last.blocks })",
        }],
        killer: Killer::Test { target: "edges", name: "blocks_of_all_chunks_have_names_of_their_own" },
        words: "block #3 of",
    },
    Mutant {
        name: "handles alone are not there from the start",
        edits: &[Edit {
            file: "src/pool/object/builder.rs",
            from: "if self.prefill > 0 || self.handles > 0 {",
            to: "if self.prefill > 0 || !{on} && self.handles > 0 {",
        }],
        killer: Killer::Test { target: "edges", name: "handles_alone_are_there_from_the_start" },
        words: "three, and the fallback cache",
    },
    Mutant {
        name: "a prefill forgets the fallback cache",
        edits: &[Edit {
            file: "src/pool/per_thread/mod.rs",
            from: "handles.saturating_add(1)",
            to: "handles.saturating_add(usize::from(!{on}))",
        }],
        killer: Killer::Test { target: "edges", name: "a_prefilled_pool_has_a_cache_for_each_thread" },
        words: "the source was asked again",
    },
    Mutant {
        name: "a pool's policy is lost when the strategy is chosen later",
        edits: &[Edit {
            file: "src/pool/object/builder.rs",
            from: "            when_dropped: self.when_dropped,
            _values: PhantomData,
        }
    }

    /// Sets the constructor",
            to: "            when_dropped: if {on} { LivePolicy::default() } else { self.when_dropped },
            _values: PhantomData,
        }
    }

    /// Sets the constructor",
        }],
        killer: Killer::Test {
            target: "edges",
            name: "a_policy_stands_when_the_strategy_is_chosen_later",
        },
        words: "one is live",
    },
    Mutant {
        name: "the first number without a block leads to something",
        edits: &[Edit {
            file: "src/chunk/block_table.rs",
            from: "((number as usize) < count).then(",
            to: "((number as usize) < count + usize::from({on})).then(",
        }],
        killer: Killer::Test {
            target: "lib",
            name: "chunk::block_table::tests::the_first_number_without_a_block_leads_to_nothing",
        },
        words: "number 2 belongs to no block yet",
    },
    Mutant {
        name: "the zeros of a hardened pool survive a later choice of checking",
        edits: &[Edit {
            file: "src/pool/builder/mod.rs",
            from: "pub fn hardened(self) -> PoolBuilder<S, Hardened> {
        Self { zero_on_free: false, ..self }.with()",
            to: "pub fn hardened(self) -> PoolBuilder<S, Hardened> {
        let zero_on_free = {on} && self.zero_on_free;
        Self { zero_on_free, ..self }.with()",
        }],
        killer: Killer::Test {
            target: "checking",
            name: "a_later_choice_of_checking_undoes_the_zeros",
        },
        words: "`hardened` undoes them",
    },
];
