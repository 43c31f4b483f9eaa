//! Faults of the mediator: its shards and its limbo.

use super::super::{Edit, Killer, Mutant};

/// The faults.
pub(crate) const MEDIATOR_NEW: &[Mutant] = &[
    Mutant {
        name: "a batch's arrival counted before its push",
        edits: &[
            Edit {
                file: "src/mediator/shard.rs",
                from: "let Shard { list, arrived } = self.shard(shard);",
                to: "let Shard { list, arrived } = self.shard(shard);
        if {on} && !self.others.is_empty() {
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }",
            },
            Edit {
                file: "src/mediator/shard.rs",
                from: "            arrived.fetch_add(1, site::ARRIVAL.ordering());",
                to: "            arrived.fetch_add(u64::from(!{on}), site::ARRIVAL.ordering());",
            },
        ],
        killer: Killer::Loom("TaggedPacked/mediator/shards_before_its_count/loom/"),
        words: "t0 [-]",
    },
    Mutant {
        name: "a second look over shards that always settles",
        edits: &[Edit {
            file: "src/mediator/shard.rs",
            from: "core::mem::replace(&mut look.before, now) == now",
            to: "let before = core::mem::replace(&mut look.before, now);
        before == now || ({on} && before.is_some())",
        }],
        killer: Killer::Loom("TaggedPacked/mediator/shards_before_its_count/loom/"),
        words: "t0 [-]",
    },
    Mutant {
        name: "limbo left before the push",
        edits: &[Edit {
            file: "src/mediator/limbo.rs",
            from: "        shelves.empty.push(shell);
        shelves.limbo.leave();",
            to: "        if {on} {
            shelves.limbo.leave();
        }
        shelves.empty.push(shell);
        if !{on} {
            shelves.limbo.leave();
        }",
        }],
        killer: Killer::Loom("EpochModel/recycle/land_offer/loom/"),
        words: "M4: a shell is reserved for every batch",
    },
];
