//! Twins: the shipped lists with one known fault each, which the checks must find.
//!
//! A twin that passes would mean that the scenario beside it proves nothing. Each differs from the
//! shipped code in the one thing that its name says; everything else IS the shipped code.
//!
//! | twin | fault | as seen in |
//! |---|---|---|
//! | `tag_0_bits`, `tag_1_bit`, `tag_2_bits` | the tag wraps within the scenario | any list with too narrow a counter |
//! | `swap_take_all` | taking all resets the tag | `swap((null, 0))` beside single pops |
//! | `torn_head` | top and tag loaded one after the other | heads read as two halves |
//! | `early_link` | link read before the head that the CAS compares | links loaded outside the window |
//! | `late_count` | a shell's count is read after its push | statistics behind the release |
//!
//! Two more misuse the shipped code from outside, and prove that the oracles of the bodies bite:
//! `lost_remainder` (a handle leaves without what its cache held) and `double_offer` (a batch is
//! offered twice). The same faults inside `src` are edits of `cargo xtask sabotage`.

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use stampool::raw::block::{Block, TagWidth};
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{
    Addressing, Chain, Head, HeadWord, Immediate, OwnedShell, PackedHead, Shell, ShellList,
    ShellStore, Treiber,
};
use stampool::raw::sync::{Ordering, thread};
use stampool::{
    BuildError, Plan, Requirements, Strategy, SystemSource, TagPolicy, TaggedPacked, TaggedWide,
};

use crate::scenarios::exchange::Op::{Allocate, Attach, Leave, Lose, OfferTwice, Request};
use crate::scenarios::exchange::{self, Layer};
use crate::scenarios::list::{self, Op, does};
use crate::scenarios::{Depth, Shape, Subject, make_shell, subject};

/// A twin, ready to run.
pub struct Twin {
    /// What it was made from.
    pub strategy: &'static str,
    /// `twin/` and the fault.
    pub name: &'static str,
    /// Part of the message with which it fails under loom.
    pub under_loom: &'static str,
    /// Part of the message with which it fails under shuttle.
    pub under_shuttle: &'static str,
    /// Runs it once.
    pub body: Box<dyn Fn() -> String + Send + Sync>,
}

const TWICE: &str = "a block was handed out twice";
const LOST: &str = "a block was lost";
const RECOUNTED: &str = "counted after its release";
/// What loom says first where a removal's CAS succeeds by mistake: the shell's last owner was never
/// acquired.
const UNACQUIRED: &str = "Causality violation: Concurrent write accesses";

/// All twins.
#[must_use]
pub fn twins() -> Vec<Twin> {
    vec![
        on_list::<TaggedPacked<0>>("TaggedPacked<0>", "twin/tag_0_bits", UNACQUIRED, &ABA),
        on_list::<TaggedPacked<1>>("TaggedPacked<1>", "twin/tag_1_bit", UNACQUIRED, &ABA),
        on_list::<TaggedPacked<2>>("TaggedPacked<2>", "twin/tag_2_bits", UNACQUIRED, &ABA_4),
        on_list::<TaggedWide<0>>("TaggedWide<0>", "twin/tag_0_bits", UNACQUIRED, &ABA),
        on_list::<TaggedWide<1>>("TaggedWide<1>", "twin/tag_1_bit", UNACQUIRED, &ABA),
        on_list::<TaggedWide<2>>("TaggedWide<2>", "twin/tag_2_bits", UNACQUIRED, &ABA_4),
        on_list::<Mistreated<SwapTakeAll>>(
            TWINNED,
            "twin/swap_take_all",
            UNACQUIRED,
            &TAKE_ALL_AND_BACK,
        ),
        on_list::<Mistreated<TornHead>>(TWINNED, "twin/torn_head", UNACQUIRED, &ABA),
        on_list::<EarlyLink>(TWINNED, "twin/early_link", TWICE, &ABA),
        on_exchange("twin/lost_remainder", LOST, &LOST_REMAINDER),
        on_exchange("twin/double_offer", TWICE, &DOUBLE_OFFER),
        Twin {
            strategy: TWINNED,
            name: "twin/late_count",
            under_loom: RECOUNTED,
            under_shuttle: RECOUNTED,
            body: Box::new(late_count),
        },
    ]
}

/// Tags that are one bit wider than those of the twins, and so must pass.
#[must_use]
pub fn wide_enough() -> Vec<(&'static str, Subject, &'static list::Scenario)> {
    vec![
        ("TaggedPacked<2>", subject::<TaggedPacked<2>>(Shape::Stack), &ABA),
        ("TaggedPacked<3>", subject::<TaggedPacked<3>>(Shape::Stack), &ABA_4),
        ("TaggedWide<2>", subject::<TaggedWide<2>>(Shape::Stack), &ABA),
        ("TaggedWide<3>", subject::<TaggedWide<3>>(Shape::Stack), &ABA_4),
    ]
}

fn on_list<S: Strategy>(
    strategy: &'static str,
    name: &'static str,
    under_loom: &'static str,
    scenario: &'static list::Scenario,
) -> Twin {
    let body = Box::new(move || list::body::<S>(scenario));
    Twin { strategy, name, under_loom, under_shuttle: TWICE, body }
}

fn on_exchange(
    name: &'static str,
    because: &'static str,
    scenario: &'static exchange::Scenario,
) -> Twin {
    let body = Box::new(move || exchange::body::<TaggedPacked>(scenario));
    Twin { strategy: TWINNED, name, under_loom: because, under_shuttle: because, body }
}

/// What twins without a strategy of their own were made from.
const TWINNED: &str = "TaggedPacked";

/// Two removals behind a popper's back, and its top is on top again.
static ABA: list::Scenario = list::Scenario {
    name: "tag/2_removals",
    depth: Depth::Exhaustive,
    stack: &[3, 2, 1],
    threads: &[does(&[Op::Pop, Op::Pop]), does(&[Op::Pop, Op::Pop, Op::Push])],
};

/// The same with four removals.
static ABA_4: list::Scenario = list::Scenario {
    name: "tag/4_removals",
    depth: Depth::Exhaustive,
    stack: &[3, 2, 1],
    threads: &[
        does(&[Op::Pop]),
        does(&[Op::Pop, Op::Pop, Op::Push, Op::Pop, Op::Push, Op::Pop, Op::Push]),
    ],
};

/// All taken behind a popper's back, and its top pushed back alone.
static TAKE_ALL_AND_BACK: list::Scenario = list::Scenario {
    name: "take_all_and_back",
    depth: Depth::Exhaustive,
    stack: &[2, 1],
    threads: &[does(&[Op::Pop, Op::Pop]), does(&[Op::TakeAll, Op::Push])],
};

static LOST_REMAINDER: exchange::Scenario = exchange::Scenario {
    name: "lost_remainder",
    depth: Depth::Exhaustive,
    tier: 0,
    layer: Layer::Pool { capacity: 1000 },
    batch: 2,
    setup: &[(0, Attach), (1, Attach), (0, Allocate)],
    threads: &[&[Lose, Leave], &[Allocate]],
};

static DOUBLE_OFFER: exchange::Scenario = exchange::Scenario {
    name: "double_offer",
    depth: Depth::Exhaustive,
    tier: 0,
    layer: Layer::Mediator { holds: &[2, 0] },
    batch: 2,
    setup: &[],
    threads: &[&[OfferTwice(2)], &[Request(2), Request(2)]],
};

/// How a head is mistreated.
trait Mistreatment: Send + Sync + 'static {
    fn load(head: &PackedHead, order: Ordering) -> Head {
        head.load(order)
    }

    fn install(new: Head) -> Head {
        new
    }
}

/// Whoever empties the list puts the tag back to 0.
struct SwapTakeAll;

impl Mistreatment for SwapTakeAll {
    fn install(new: Head) -> Head {
        if new.top.is_none() { Head { tag: 0, ..new } } else { new }
    }
}

/// Top and tag are loaded one after the other.
struct TornHead;

impl Mistreatment for TornHead {
    fn load(head: &PackedHead, order: Ordering) -> Head {
        let top = head.load(order).top;
        Head { top, tag: head.load(order).tag }
    }
}

/// The shipped strategy with a mistreated head.
struct Mistreated<M>(M);

struct MistreatedHead<M>(PackedHead, core::marker::PhantomData<M>);

// SAFETY: not so, that is the fault.
unsafe impl<M: Mistreatment> HeadWord for MistreatedHead<M> {
    fn empty() -> Self {
        Self(PackedHead::empty(), core::marker::PhantomData)
    }

    fn load(&self, order: Ordering) -> Head {
        M::load(&self.0, order)
    }

    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        self.0.compare_exchange(current, M::install(new), success, failure)
    }
}

// SAFETY: not so, that is the fault.
unsafe impl<M: Mistreatment> Strategy for Mistreated<M> {
    const NAME: &'static str = TWINNED;
    type Reclaimer = Immediate;
    type List = MistreatedList<M>;

    fn plan(requirements: Requirements) -> Result<Plan, BuildError> {
        TaggedPacked::<32>::plan(requirements)
    }

    fn list(_plan: &Plan) -> Self::List {
        MistreatedList(Treiber::new(TagWidth::new(32), TagPolicy::Wrap))
    }
}

struct MistreatedList<M>(Treiber<MistreatedHead<M>>);

// SAFETY: not so, that is the fault.
unsafe impl<M: Mistreatment> ShellList for MistreatedList<M> {
    type Guard<'g> = ();

    fn push(&self, shell: OwnedShell<'_>) {
        self.0.push(shell);
    }

    fn pop<'s>(&self, store: &'s ShellStore, guard: &()) -> Option<OwnedShell<'s>> {
        self.0.pop(store, guard).next()
    }

    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize, guard: &()) -> Chain<'s> {
        self.0.pop_up_to(store, max_blocks, guard)
    }

    fn take_all<'s>(&self, store: &'s ShellStore, guard: &()) -> Chain<'s> {
        self.0.take_all(store, guard)
    }

    fn refuses(&self) -> bool {
        self.0.refuses()
    }
}

/// Pops with a link that it read before it loaded the head that its CAS compares.
struct EarlyLink;

struct EarlyLinkList(Treiber<PackedHead>);

// SAFETY: not so, that is the fault.
unsafe impl Strategy for EarlyLink {
    const NAME: &'static str = TWINNED;
    type Reclaimer = Immediate;
    type List = EarlyLinkList;

    fn plan(requirements: Requirements) -> Result<Plan, BuildError> {
        TaggedPacked::<32>::plan(requirements)
    }

    fn list(_plan: &Plan) -> EarlyLinkList {
        EarlyLinkList(Treiber::new(TagWidth::new(32), TagPolicy::Wrap))
    }
}

// SAFETY: not so, that is the fault.
unsafe impl ShellList for EarlyLinkList {
    type Guard<'g> = ();

    fn push(&self, shell: OwnedShell<'_>) {
        self.0.push(shell);
    }

    fn pop<'s>(&self, store: &'s ShellStore, guard: &()) -> Option<OwnedShell<'s>> {
        let head = self.0.head();
        let early = head.load(Ordering::Acquire);
        // SAFETY: met in the head, by an acquiring load.
        let Some(link) = unsafe { store.peek(early.top) }.map(Shell::stale_link) else {
            return self.0.pop(store, guard).next();
        };
        let late = head.load(Ordering::Acquire);
        let next = Head { top: link, tag: late.tag + 1 };
        if late.top == early.top
            && head.compare_exchange(late, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
        {
            // SAFETY: not so, that is the fault.
            return unsafe { Chain::assume(late.top, 1, store) }.next();
        }
        self.0.pop(store, guard).next()
    }

    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize, guard: &()) -> Chain<'s> {
        self.0.pop_up_to(store, max_blocks, guard)
    }

    fn take_all<'s>(&self, store: &'s ShellStore, guard: &()) -> Chain<'s> {
        self.0.take_all(store, guard)
    }

    fn refuses(&self) -> bool {
        self.0.refuses()
    }
}

/// One thread pushes a shell with one block, and then counts what it pushed; the other adds one.
fn late_count() -> String {
    let plan = TaggedPacked::<32>::plan(Requirements::default()).expect("no requirement");
    assert_eq!(plan.addressing, Addressing::Index);
    let mut regions = Regions::new(Box::new(SystemSource));
    let store: &'static ShellStore = Box::leak(Box::new(ShellStore::new(2, plan.addressing)));
    let list: &'static <TaggedPacked as Strategy>::List =
        Box::leak(Box::new(TaggedPacked::<32>::list(&plan)));
    let mut shell = make_shell(store, 0, &mut regions);
    let block = |id: usize| {
        Block(NonNull::without_provenance(NonZeroUsize::new(16 * id).expect("ids begin at 1")))
    };
    shell.fill(&[block(1)]);

    let other = thread::spawn(move || {
        if let Some(mut shell) = list.pop(store, &()) {
            shell.append(&[block(2)]);
            list.push(shell);
        }
    });
    let name = shell.name();
    list.push(shell);
    // SAFETY: a shell of this store, made by this thread. It is somebody else's, that is the fault.
    let count = unsafe { store.peek(name) }.expect("a name").stale_count();
    assert_eq!(count, 1, "a shell was counted after its release");
    other.join().expect("no panic unreported");
    "1".into()
}
