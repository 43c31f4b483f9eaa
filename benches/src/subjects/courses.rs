//! Courses of blocks: without an allocator, blocks come round in a given order and at a given
//! distance. They show what a crossing costs because of where the blocks lie, and what of it an
//! allocator could change. `papers/producer-consumer.md` has the results.

use core::alloc::Layout;
use core::sync::atomic::{AtomicU64, Ordering};

use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never, Subject};

/// In which order neighbouring blocks come round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// By address.
    Rising,
    /// By address, in runs of so many blocks, of which each second one goes backwards: what arrays do
    /// that fill up from one end and are emptied from the same end.
    Turning(usize),
    /// In a random order, the same each time round.
    Shuffled,
}

/// What comes round.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// What the row is called.
    pub name: &'static str,
    blocks: usize,
    order: Order,
    /// Blocks lie so many times their size apart.
    spacing: usize,
    /// The thread that frees a block writes to it, as an allocator does whose links lie in blocks.
    is_written: bool,
}

const fn course(name: &'static str, blocks: usize, order: Order) -> Course {
    Course { name, blocks, order, spacing: 1, is_written: false }
}

/// All courses. The first differs from the harness alone only in that it looks the blocks up in a
/// table.
pub const COURSES: [Course; 11] = [
    course("1,088 in turn", 1088, Order::Rising),
    course("1,280 in turn", 1280, Order::Rising),
    course("1,536 in turn", 1536, Order::Rising),
    course("2,048 in turn", 2048, Order::Rising),
    course("8,192 in turn", 8192, Order::Rising),
    course("32,768 in turn", 32_768, Order::Rising),
    course("1,280, runs of 64, turning", 1280, Order::Turning(64)),
    course("1,344, runs of 224, turning", 1344, Order::Turning(224)),
    course("1,088 shuffled", 1088, Order::Shuffled),
    Course { spacing: 2, ..course("1,088 in turn, two lines apart", 1088, Order::Rising) },
    Course {
        is_written: true,
        ..course("1,088 in turn, written at the free", 1088, Order::Rising)
    },
];

/// The blocks of a course, in the order in which they come round.
pub struct OnCourse {
    blocks: Vec<Block>,
    is_written: bool,
    memory: Block,
    layout: Layout,
}

impl OnCourse {
    /// The course for blocks of this layout.
    ///
    /// # Panics
    ///
    /// Without memory.
    pub fn new(course: Course, layout: Layout) -> Self {
        let stride = layout.pad_to_align().size() * course.spacing;
        let layout = Layout::from_size_align(stride * course.blocks, layout.align().max(128));
        let layout = layout.expect("less than memory has addresses");
        let memory = new_block(layout);
        let mut places: Vec<usize> = (0..course.blocks).collect();
        match course.order {
            Order::Rising => {}
            Order::Turning(run) => {
                places.chunks_mut(run).skip(1).step_by(2).for_each(<[usize]>::reverse);
            }
            Order::Shuffled => shuffle(&mut places),
        }
        // SAFETY: within the memory.
        let block = |place: usize| Block(unsafe { memory.0.add(place * stride) });
        let blocks = places.into_iter().map(block).collect();
        Self { blocks, is_written: course.is_written, memory, layout }
    }
}

/// Fisher and Yates, with a small generator: the order is the same in each run.
fn shuffle(places: &mut [usize]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..places.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = state % (last as u64 + 1);
        places.swap(last, usize::try_from(other).expect("at most the last place"));
    }
}

impl Drop for OnCourse {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no handle is left.
        unsafe { free_block(self.memory, self.layout) };
    }
}

/// One thread's place on a course.
pub struct Runner<'s> {
    course: &'s OnCourse,
    next: usize,
}

impl Subject for OnCourse {
    type Refusal = Never;
    type Handle<'s> = Runner<'s>;

    fn attach(&self) -> Result<Runner<'_>, Never> {
        Ok(Runner { course: self, next: 0 })
    }
}

impl Measured for OnCourse {}

impl Handle for Runner<'_> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        let blocks = &self.course.blocks[..];
        let nth = self.next;
        self.next = if nth + 1 == blocks.len() { 0 } else { nth + 1 };
        Ok(blocks[nth])
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        if self.course.is_written {
            // SAFETY: a block is aligned for words and has one; nobody accesses it but atomically.
            let word = unsafe { AtomicU64::from_ptr(block.as_ptr().cast()) };
            // Relaxed, and what the allocating thread writes there too.
            word.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_of_a_course_comes_once_a_round() {
        let layout = Layout::new::<[u64; 8]>();
        for course in COURSES {
            let on_course = OnCourse::new(course, layout);
            let mut runner = on_course.attach().expect("never refused");
            let mut round = || -> Vec<usize> {
                let next = || runner.allocate().map(|block| block.0.addr().get());
                core::iter::repeat_with(next).take(course.blocks).map(Result::unwrap).collect()
            };
            let (first, second) = (round(), round());
            assert_eq!(first, second, "{}", course.name);
            let mut sorted = first.clone();
            sorted.sort_unstable();
            let apart = sorted.windows(2).all(|pair| pair[1] - pair[0] == 64 * course.spacing);
            assert!(apart, "{}", course.name);
            assert_eq!(first == sorted, course.order == Order::Rising, "{}", course.name);
        }
    }
}
