//! Faults of the mark that several threads move through one piece of memory.

use crate::mutants::{Edit, Killer, Mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a request that does not fit moves the mark to the end, as a fetch-add does",
        edits: &[Edit {
            file: "src/alloc/atomic_bump.rs",
            from: "let (block, end) = fit(mark, self.end, layout)?;",
            to: "let Some((block, end)) = fit(mark, self.end, layout) else {
                if {on} {
                    self.mark.store(self.end.as_ptr(), site::MARK_GIVE.ordering());
                }
                return None;
            };",
        }],
        killer: Killer::Loom("Bump/bump/fail_then_small/loom/"),
        words: "a request that was refused has moved the mark",
    },
    Mutant {
        name: "a mark moved by a load and a store",
        edits: &[Edit {
            file: "src/alloc/atomic_bump.rs",
            from: "            match self.mark.compare_exchange(
                mark.as_ptr(),
                end.as_ptr(),
                site::MARK_TAKE.ordering(),",
            to: "            if {on} {
                // Acquire and Release, as the exchanges are, so that only the lost exclusion shows.
                let now = self.mark.load(site::CHUNK_LOAD.ordering());
                if now == mark.as_ptr() {
                    self.mark.store(end.as_ptr(), site::MARK_GIVE.ordering());
                    return Some(block);
                }
            }
            match self.mark.compare_exchange(
                mark.as_ptr(),
                end.as_ptr(),
                site::MARK_TAKE.ordering(),",
        }],
        killer: Killer::Loom("Bump/bump/allocate_allocate/loom/"),
        words: "a block was handed out twice",
    },
    Mutant {
        name: "the mark is compared with a block's start when the block is given back",
        edits: &[Edit {
            file: "src/alloc/atomic_bump.rs",
            from: "block.addr().get() + size == mark.addr().get()",
            to: "block.addr().get() + if {on} { 0 } else { size } == mark.addr().get()",
        }],
        killer: Killer::Loom("Bump/bump/free_beside_allocate/loom/"),
        words: "not seen: [\"reused\"]",
    },
    Mutant {
        name: "a chunk is published before its first block is cut off",
        edits: &[
            Edit {
                file: "src/alloc/linear/concurrent.rs",
                from: "growth.put_mark(piece, mark)",
                to: "growth.put_mark(piece, if {on} { first_of(start) } else { mark })",
            },
            Edit {
                file: "src/alloc/linear/concurrent.rs",
                from: "        self.current.store(mark.as_ptr(), site::CHUNK_PUBLISH.ordering());
        Ok(block)",
                to: "        self.current.store(mark.as_ptr(), site::CHUNK_PUBLISH.ordering());
        if {on} {
            let block = self.current().and_then(|current| current.take(layout));
            return block.ok_or(AllocError::OutOfMemory);
        }
        Ok(block)",
            },
        ],
        killer: Killer::Loom("Bump/bump/growth_tight/loom/"),
        words: "memory: OutOfMemory",
    },
    Mutant {
        name: "another thread's chunk not looked at under the growth lock",
        edits: &[Edit {
            file: "src/alloc/linear/concurrent.rs",
            from: "if let Some(block) = current.and_then(|current| current.bump.take(layout)) {",
            to: "if let Some(block) =
            current.filter(|_| !{on}).and_then(|current| current.bump.take(layout))
        {",
        }],
        killer: Killer::Loom("Bump/bump/growth_race/loom/"),
        words: "another chunk than one",
    },
    Mutant {
        name: "a block grows where it is though another thread has moved the mark",
        edits: &[Edit {
            file: "src/alloc/atomic_bump.rs",
            from: "moved.map_err(|_| AllocError::NotInPlace)?;",
            to: "if !{on} {
            moved.map_err(|_| AllocError::NotInPlace)?;
        }",
        }],
        killer: Killer::Test { target: "stress/bump", name: "bump_on_real_threads" },
        words: "was written by somebody else",
    },
    Mutant {
        name: "a reset keeps the chunks that it does not use",
        edits: &[Edit {
            file: "src/alloc/linear/concurrent.rs",
            from: "unsafe { growth.chunks.release_between(None) };",
            to: "if !{on} {
            // SAFETY: as above.
            unsafe { growth.chunks.release_between(None) };
        }",
        }],
        killer: Killer::Test { target: "stress/bump", name: "bump_reset_on_real_threads" },
        words: "regions are left, and not 1 at most",
    },
];
