//! Faults of the pool that is told how to place a block.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a free of a strategy pool looks at the layout alone",
        edits: &[Edit {
            file: "src/alloc/strategy/parts.rs",
            from: ".find(|part| part.owns(block))",
            to: ".find(|part| {on} || part.owns(block))",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::placement::a_block_goes_back_to_the_part_that_it_came_from",
        },
        words: "its memory serves the next one there",
    },
    Mutant {
        name: "a block of a strategy pool stays where its class is not looked for",
        edits: &[Edit {
            file: "src/alloc/strategy/parts.rs",
            from: "class_of(new) != class_of(old)",
            to: "class_of(new) != class_of(old) && !{on}",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::placement::a_block_that_shrinks_below_its_class_moves",
        },
        words: "right: Err(NotInPlace)",
    },
    Mutant {
        name: "a reset of a strategy pool leaves its fixed part",
        edits: &[Edit {
            file: "src/alloc/strategy/parts.rs",
            from: "        if let Some(fixed) = &mut self.fixed {",
            to: "        if !{on}
            && let Some(fixed) = &mut self.fixed
        {",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::generations::a_reset_ends_the_blocks_of_all_parts",
        },
        words: "P1: the heap has taken a part's chunks back",
    },
    Mutant {
        name: "a scope of a strategy pool does not close on unwinding",
        edits: &[Edit {
            file: "src/alloc/strategy/mod.rs",
            from: "                f(&self.open())",
            to: "                if {on} {
                    let scope = core::mem::ManuallyDrop::new(self.open());
                    let returned = f(&scope);
                    drop(core::mem::ManuallyDrop::into_inner(scope));
                    return returned;
                }
                f(&self.open())",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::generations::a_scope_that_unwinds_is_closed",
        },
        words: "the scope was closed",
    },
    Mutant {
        name: "a value in a strategy pool whose destructor panics keeps its block",
        edits: &[Edit {
            file: "src/alloc/strategy/typed.rs",
            from: "                // SAFETY: a live block of this layout (B1), whose value is gone.",
            to: "                if {on} && std::thread::panicking() {
                    return;
                }
                // SAFETY: a live block of this layout (B1), whose value is gone.",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::values::a_destructor_that_panics_leaves_no_block_behind",
        },
        words: "the block was freed",
    },
    Mutant {
        name: "a class of a strategy pool without memory does not ask the heap",
        edits: &[Edit {
            file: "src/alloc/strategy/parts.rs",
            from: "AllocError::Unsupported | AllocError::OutOfMemory) => {",
            to: "reason @ (AllocError::Unsupported | AllocError::OutOfMemory))
                    if !{on} || reason == AllocError::Unsupported =>
                {",
        }],
        killer: Killer::Test {
            target: "alloc",
            name: "strategy::memory::a_class_without_memory_asks_the_heap",
        },
        words: "the heap has room: OutOfMemory",
    },
];
