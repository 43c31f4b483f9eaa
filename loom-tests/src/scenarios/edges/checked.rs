//! Pools that check their blocks, with handles that leave.

use stampool::raw::sync::thread;
use stampool::{AllocError, Checking, Strategy};

use super::rig::Rig;
use crate::one_at_a_time::operation;

/// A handle leaves that has the only block: in its cache, or in its quarantine if the pool is
/// hardened. Another handle wants the block.
pub(super) fn leave_and_allocate<S: Strategy, C: Checking>() -> String {
    let rig = Rig::<S, C>::new(|builder| builder.checking::<C>().max_carved_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let block = rig.allocate(&handle).expect("the first");
    rig.free(&handle, block);
    let other = thread::spawn(move || operation(|| drop(handle)));
    let had = rig.allocate(&own);
    other.join().expect("no panic unreported");
    drop(own);
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, usize::from(had.is_ok())) };
    match had {
        Ok(had) => {
            assert_eq!(had, block, "there is one block");
            "had".into()
        }
        Err(error) => {
            assert_eq!(error, AllocError::Capacity);
            "refused".into()
        }
    }
}
