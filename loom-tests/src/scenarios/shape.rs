//! What a list looks like.

/// In which order a list gives back what was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One stack.
    Stack,
    /// A stack, and another one for magazines that have been listed before, which is looked at when
    /// the first is empty.
    Sides,
    /// A stack to remove from and one to push to, which takes the place of the first when that is
    /// empty and no other removal is in flight.
    TwoLists,
}
