//! The calls that atomic variables have in common, written once for integers, flags and pointers.

/// The calls of a type around a [`Word`](super::word::Word), and its `Default` and `From`.
macro_rules! calls {
    ([$($generics:tt)*] $name:ty, $value:ty, default $default:expr) => {
        impl<$($generics)*> $name {
            /// Creates a variable.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(Word::new(value))
            }

            /// Reads a variable that no other thread uses at the time.
            ///
            /// # Safety
            /// No other thread writes it meanwhile. The model reports a write that is not ordered
            /// before.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $value {
                self.0.unsync_load()
            }

            /// Changes a variable that no other thread uses at the time.
            #[track_caller]
            pub fn with_mut<R>(&mut self, change: impl FnOnce(&mut $value) -> R) -> R {
                self.0.with_mut(change)
            }

            /// The value.
            #[track_caller]
            pub fn into_inner(self) -> $value {
                self.0.unsync_load()
            }

            /// Loads.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }

            /// Stores.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
            }

            /// Stores, and returns the value from before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.update(order, |_| value)
            }

            /// The old form of [`compare_exchange`](Self::compare_exchange).
            #[track_caller]
            pub fn compare_and_swap(
                &self,
                current: $value,
                new: $value,
                order: Ordering,
            ) -> $value {
                let found = self.compare_exchange(current, new, order, failed(order));
                found.unwrap_or_else(|found| found)
            }

            $crate::sync::atomic::calls::calls! { @compare_exchange $value;
                /// Stores `new` if the value is `current`.
                ///
                /// # Errors
                /// The value that was found, which may be any that a load may read.
                compare_exchange, weak: false;
                /// The same. It fails spuriously if the
                /// [`Builder`](crate::model::Builder::spurious_failures) says so.
                ///
                /// # Errors
                /// The value that was found.
                compare_exchange_weak, weak: true;
            }

            $crate::sync::atomic::calls::calls! { @try_update $value;
                /// Loads, and stores what `new` makes of it, until nothing came in between.
                fetch_update;
                /// The same as [`fetch_update`](Self::fetch_update).
                try_update;
            }

            /// [`fetch_update`](Self::fetch_update) that cannot fail.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut new: impl FnMut($value) -> $value,
            ) -> $value {
                let new = |value| Some(new(value));
                self.0.try_update(set_order, fetch_order, new).unwrap_or_else(|value| value)
            }
        }

        impl<$($generics)*> Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new($default)
            }
        }

        impl<$($generics)*> From<$value> for $name {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
    };
    (@compare_exchange $value:ty; $($(#[$doc:meta])* $method:ident, weak: $weak:literal;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $method(
            &self,
            current: $value,
            new: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            self.0.compare_exchange((current, new), success, failure, $weak)
        }
    )*};
    (@try_update $value:ty; $($(#[$doc:meta])* $method:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The value of which `new` made nothing.
        #[track_caller]
        pub fn $method(
            &self,
            set_order: Ordering,
            fetch_order: Ordering,
            new: impl FnMut($value) -> Option<$value>,
        ) -> Result<$value, $value> {
            self.0.try_update(set_order, fetch_order, new)
        }
    )*};
}

/// RMWs that compute the new value from the old one and the argument.
macro_rules! fetches {
    ($value:ty; $($(#[$doc:meta])* $method:ident($old:ident, $argument:ident) = $new:expr;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $method(&self, $argument: $value, order: Ordering) -> $value {
            self.0.update(order, |$old| $new)
        }
    )*};
}

/// The bitwise ones.
macro_rules! bitwise {
    ($value:ty) => {
        $crate::sync::atomic::calls::fetches! { $value;
            /// Bitwise and; returns the value from before.
            fetch_and(old, value) = old & value;
            /// Bitwise nand; returns the value from before.
            fetch_nand(old, value) = !(old & value);
            /// Bitwise or; returns the value from before.
            fetch_or(old, value) = old | value;
            /// Bitwise exclusive or; returns the value from before.
            fetch_xor(old, value) = old ^ value;
        }
    };
}

pub(super) use {bitwise, calls, fetches};
