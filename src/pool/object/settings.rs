//! What the user of an object pool decides: how values are made and reset, and what happens to live
//! objects at the pool's end.

/// Makes a value.
pub(super) type Make<T> = Box<dyn Fn() -> T + Send + Sync>;
/// Brings a value back to what it was when it was made.
pub(super) type Reset<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// What a pool does that is dropped while objects of it are live. They can only be detached ones,
/// or such whose handles were forgotten. Their values are not dropped, whatever it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LivePolicy {
    /// All memory stays where it is, for good; values without a user are dropped. The default:
    /// the owner of a detached pointer may go on using it, and a mistake costs memory, and nothing
    /// worse.
    #[default]
    KeepMemory,
    /// All memory goes back: a detached pointer dangles from there on. Spares the pool's end a
    /// count of its blocks.
    Free,
    /// As [`KeepMemory`](Self::KeepMemory), and then a panic that says how many there are. While
    /// the thread unwinds, no panic.
    Panic,
}
