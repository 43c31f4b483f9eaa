//! A peer: crossbeam's work-stealing deques as free lists, one per handle.

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};

use crossbeam_deque::{Injector, Steal, Stealer, Worker};
use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never, Subject};

/// A deque for each handle. Who finds its own empty steals about half of another one's, in one go;
/// who leaves gives what it has to all.
#[derive(Debug)]
pub struct Deques {
    stealers: RwLock<Vec<Stealer<Block>>>,
    /// Those of handles that left, to be used on.
    idle: Mutex<Vec<Slot>>,
    left: Injector<Block>,
    layout: Layout,
    made: AtomicUsize,
}

/// A deque and its number among the stealers.
#[derive(Debug)]
struct Slot {
    own: Worker<Block>,
    number: usize,
}

/// One thread's deque.
#[derive(Debug)]
pub struct Deque<'s> {
    all: &'s Deques,
    /// Always there, but for the end.
    slot: Option<Slot>,
}

impl Deques {
    /// Without blocks.
    pub fn new(layout: Layout) -> Self {
        Self {
            stealers: RwLock::default(),
            idle: Mutex::default(),
            left: Injector::new(),
            layout,
            made: AtomicUsize::new(0),
        }
    }

    /// A block from somebody else, and more of them into `slot`.
    #[cold]
    fn steal(&self, slot: &Slot) -> Block {
        let stealers = self.stealers.read().expect("nobody panics with it");
        let others = stealers.iter().enumerate().filter(|(number, _)| *number != slot.number);
        let mut stolen = self.left.steal_batch_and_pop(&slot.own);
        for (_, other) in others {
            if stolen.is_success() {
                break;
            }
            // A lost race is taken for an empty deque: there is a next one, and the allocator.
            stolen = other.steal_batch_and_pop(&slot.own);
        }
        match stolen {
            Steal::Success(block) => block,
            Steal::Empty | Steal::Retry => {
                // Relaxed: statistic only.
                self.made.fetch_add(1, Ordering::Relaxed);
                new_block(self.layout)
            }
        }
    }
}

impl Subject for Deques {
    type Refusal = Never;
    type Handle<'s> = Deque<'s>;

    fn attach(&self) -> Result<Deque<'_>, Never> {
        let idle = self.idle.lock().expect("nobody panics with it").pop();
        let slot = idle.unwrap_or_else(|| {
            let own = Worker::new_lifo();
            let mut stealers = self.stealers.write().expect("nobody panics with it");
            stealers.push(own.stealer());
            Slot { own, number: stealers.len() - 1 }
        });
        Ok(Deque { all: self, slot: Some(slot) })
    }
}

impl Measured for Deques {
    fn blocks(&self) -> Option<usize> {
        Some(self.made.load(Ordering::Relaxed))
    }
}

impl Deque<'_> {
    #[inline]
    fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("there until the end")
    }
}

impl Handle for Deque<'_> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        Ok(match self.slot().own.pop() {
            Some(block) => block,
            None => self.all.steal(self.slot()),
        })
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        self.slot().own.push(block);
    }
}

impl Drop for Deque<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            while let Some(block) = slot.own.pop() {
                self.all.left.push(block);
            }
            self.all.idle.lock().expect("nobody panics with it").push(slot);
        }
    }
}

impl Drop for Deques {
    fn drop(&mut self) {
        loop {
            match self.left.steal() {
                // SAFETY: every block came from `new_block`, and no handle is left.
                Steal::Success(block) => unsafe { free_block(block, self.layout) },
                Steal::Retry => {}
                Steal::Empty => break,
            }
        }
    }
}
