//! [`UnsafeCell`].

use core::panic::Location;

use crate::macros::of_a_value;
use crate::rt::cells::Accesses;

/// A cell whose accesses must not race: the model fails if two of them, one of them a write, are
/// not ordered by happens-before.
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized> {
    accesses: Accesses,
    data: core::cell::UnsafeCell<T>,
}

/// A pointer for reading. The read lasts as long as the pointer.
#[derive(Debug)]
pub struct ConstPtr<'a, T: ?Sized> {
    accesses: &'a Accesses,
    pointer: *const T,
    place: &'static Location<'static>,
}

/// A pointer for writing. The write lasts as long as the pointer.
#[derive(Debug)]
pub struct MutPtr<'a, T: ?Sized> {
    accesses: &'a Accesses,
    pointer: *mut T,
    place: &'static Location<'static>,
}

impl<T> UnsafeCell<T> {
    /// Wraps a value.
    #[track_caller]
    pub fn new(data: T) -> Self {
        Self {
            accesses: Accesses::new(Location::caller()),
            data: core::cell::UnsafeCell::new(data),
        }
    }

    /// The value. It counts as a write.
    #[track_caller]
    pub fn into_inner(self) -> T {
        self.accesses.write(Location::caller());
        self.data.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Runs `f` on a pointer for reading.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.get().with(f)
    }

    /// Runs `f` on a pointer for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.get_mut().with(f)
    }

    /// A pointer for reading.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<'_, T> {
        let place = Location::caller();
        self.accesses.read(place);
        self.accesses.hold(false);
        ConstPtr { accesses: &self.accesses, pointer: self.data.get(), place }
    }

    /// A pointer for writing.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<'_, T> {
        let place = Location::caller();
        self.accesses.write(place);
        self.accesses.hold(true);
        MutPtr { accesses: &self.accesses, pointer: self.data.get(), place }
    }
}

impl<T: ?Sized> ConstPtr<'_, T> {
    /// The value.
    ///
    /// # Safety
    /// As for a raw pointer. The model has checked that no write races with it.
    pub unsafe fn deref(&self) -> &T {
        // SAFETY: passed on to the caller.
        unsafe { &*self.pointer }
    }

    /// Runs `f` on the pointer.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.pointer)
    }
}

impl<T: ?Sized> MutPtr<'_, T> {
    /// The value.
    ///
    /// # Safety
    /// As for a raw pointer. The model has checked that no other access races with it.
    #[expect(clippy::mut_from_ref, reason = "loom's signature")]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: passed on to the caller.
        unsafe { &mut *self.pointer }
    }

    /// Runs `f` on the pointer.
    pub fn with<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.pointer)
    }
}

impl<T: ?Sized> Drop for ConstPtr<'_, T> {
    fn drop(&mut self) {
        self.accesses.let_go(false, self.place);
    }
}

impl<T: ?Sized> Drop for MutPtr<'_, T> {
    fn drop(&mut self) {
        self.accesses.let_go(true, self.place);
    }
}

of_a_value! { UnsafeCell }
