//! [`Arc`].

use core::borrow::Borrow;
use core::mem::{self, ManuallyDrop, needs_drop};
use core::ops::Deref;
use core::panic::Location;
use core::pin::Pin;
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::sync::Arc as Counted;

use crate::graph::{Id, Updates, Use};
use crate::macros::of_a_value;
use crate::rt::memory::{self, Access};
use crate::rt::{Place, Shared, is_unwinding, objects};

/// A counted reference. One that is never dropped is reported as a leak.
///
/// If the value needs to be dropped, then the count is an atomic variable of the model, as std's
/// is: the thread that decreases it last drops the value, and every order of the decreases is
/// explored. If dropping the value does nothing, no thread can tell which one dropped it last, so
/// clones and drops are no events, until [`get_mut`](Self::get_mut),
/// [`try_unwrap`](Self::try_unwrap) or
/// [`strong_count`](Self::strong_count) asks for the count: then the exploration begins anew, and
/// the count of each reference that was made at this source line is a variable of the model.
#[derive(Debug)]
pub struct Arc<T: ?Sized> {
    shared: Counted<Shared>,
    value: Counted<T>,
}

impl<T> Arc<T> {
    /// Wraps a value.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::from_std(Counted::new(value))
    }

    /// Wraps and pins a value.
    #[track_caller]
    pub fn pin(value: T) -> Pin<Self> {
        // SAFETY: the value lies behind a counted reference and is never moved.
        unsafe { Pin::new_unchecked(Self::new(value)) }
    }

    /// Takes the value out.
    ///
    /// # Errors
    /// The reference, if it is not the only one.
    ///
    /// # Panics
    /// Never: the count says that no other reference is left.
    #[track_caller]
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        if !this.is_only() {
            return Err(this);
        }
        this.forget();
        let this = ManuallyDrop::new(this);
        // SAFETY: `this` is not used again, and not dropped.
        let shared = unsafe { core::ptr::read(&raw const this.shared) };
        // SAFETY: as above.
        let value = unsafe { core::ptr::read(&raw const this.value) };
        drop(shared);
        Ok(Counted::into_inner(value).expect("it is the only reference"))
    }
}

impl<T: ?Sized> Arc<T> {
    /// Takes std's reference over.
    ///
    /// # Panics
    /// If it is not the only one.
    #[track_caller]
    pub fn from_std(mut value: Counted<T>) -> Self {
        assert!(Counted::get_mut(&mut value).is_some(), "from_std needs the only reference");
        let place = Location::caller();
        let is_counted = needs_drop::<T>() || objects::is_counted(place);
        let count = is_counted.then(|| memory::create(1, Use::Atomic, place));
        let object = objects::made("Arc", place);
        let shared = Counted::new(Shared { count, object, place });
        objects::share(address(&value), Counted::clone(&shared));
        Self { shared, value }
    }

    /// How many references there are.
    #[track_caller]
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        match this.shared.count {
            Some(count) => load(count, Relaxed, Location::caller()),
            None => {
                objects::count_from_now_on(this.shared.place);
                Counted::strong_count(&this.value)
            }
        }
    }

    /// The value, if this is the only reference.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if this.is_only() { Counted::get_mut(&mut this.value) } else { None }
    }

    /// Whether two references lead to the same value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Counted::ptr_eq(&this.value, &other.value)
    }

    /// The value's address.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        Counted::as_ptr(&this.value)
    }

    /// Turns the reference into a pointer.
    #[must_use]
    pub fn into_raw(this: Self) -> *const T {
        let this = ManuallyDrop::new(this);
        // SAFETY: `this` is not used again, and not dropped.
        drop(unsafe { core::ptr::read(&raw const this.shared) });
        Self::as_ptr(&this)
    }

    /// Turns the pointer back.
    ///
    /// # Safety
    /// The pointer comes from [`into_raw`](Self::into_raw), once for each call.
    ///
    /// # Panics
    /// If no reference has this address.
    #[must_use]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: `into_raw` has kept a reference for this call.
        let value = unsafe { Counted::from_raw(pointer) };
        let shared = objects::shared(address(&value)).expect("the pointer comes from into_raw");
        Self { shared, value }
    }

    /// Adds a reference to the value behind the pointer.
    ///
    /// # Safety
    /// The pointer comes from [`into_raw`](Self::into_raw), and a reference is left.
    #[track_caller]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        // SAFETY: passed on to the caller; the reference is not dropped.
        let this = ManuallyDrop::new(unsafe { Self::from_raw(pointer) });
        mem::forget(Self::clone(&this));
    }

    /// Drops a reference to the value behind the pointer.
    ///
    /// # Safety
    /// The pointer comes from [`into_raw`](Self::into_raw), and a reference is left.
    #[track_caller]
    pub unsafe fn decrement_strong_count(pointer: *const T) {
        // SAFETY: passed on to the caller.
        drop(unsafe { Self::from_raw(pointer) });
    }

    #[track_caller]
    fn is_only(&self) -> bool {
        match self.shared.count {
            Some(count) => load(count, Acquire, Location::caller()) == 1,
            None => {
                objects::count_from_now_on(self.shared.place);
                Counted::strong_count(&self.value) == 1
            }
        }
    }

    /// The last reference goes.
    fn forget(&self) {
        objects::unshare(address(&self.value));
        objects::gone(self.shared.object);
    }
}

fn load(count: Id, order: Ordering, place: Place) -> usize {
    usize::try_from(memory::load(count, order, place)).expect("a count of references")
}

/// Adds to the count, and returns the count from before.
fn change(count: Id, by: i128, order: Ordering, place: Place) -> u128 {
    let updates = Updates::Always;
    let access =
        Access { location: count, updates, order, order_failed: order, weak: false, place };
    let new = |value: u128| Some(value.wrapping_add_signed(by));
    memory::update(&access, new).unwrap_or_else(|value| value)
}

fn address<T: ?Sized>(value: &Counted<T>) -> usize {
    Counted::as_ptr(value).cast::<()>().addr()
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        if let Some(count) = self.shared.count {
            change(count, 1, Relaxed, Location::caller());
        }
        Self { shared: Counted::clone(&self.shared), value: Counted::clone(&self.value) }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    #[track_caller]
    fn drop(&mut self) {
        if is_unwinding() {
            return;
        }
        let place = Location::caller();
        let last = match self.shared.count {
            Some(count) => {
                let last = change(count, -1, Release, place) == 1;
                if last {
                    memory::fence(Acquire, place);
                }
                last
            }
            None => Counted::strong_count(&self.value) == 1,
        };
        if last {
            self.forget();
        }
    }
}

of_a_value! { Arc }

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}
