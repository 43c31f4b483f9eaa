//! The macros, as loom has them, and one for the types of this crate.

/// `std::thread_local!`, for the threads of a model.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = const { $init:expr }; $($rest:tt)*) => (
        $crate::thread_local!($(#[$attribute])* $visible static $name: $type = $init);
        $crate::thread_local!($($rest)*);
    );
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = const { $init:expr }) => (
        $crate::thread_local!($(#[$attribute])* $visible static $name: $type = $init);
    );
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr; $($rest:tt)*) => (
        $crate::thread_local!($(#[$attribute])* $visible static $name: $type = $init);
        $crate::thread_local!($($rest)*);
    );
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr) => (
        $(#[$attribute])* $visible static $name: $crate::thread::LocalKey<$type> =
            $crate::thread::LocalKey {
                init: (|| { $init }) as fn() -> $type,
                _p: ::core::marker::PhantomData,
            };
    );
}

/// `lazy_static::lazy_static!`, initialized anew in each execution.
#[macro_export]
macro_rules! lazy_static {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static ref $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        #[allow(missing_copy_implementations, missing_debug_implementations, non_camel_case_types)]
        $(#[$attribute])*
        $visible struct $name { __private: () }
        #[doc(hidden)]
        $visible static $name: $name = $name { __private: () };
        impl ::core::ops::Deref for $name {
            type Target = $type;
            #[track_caller]
            fn deref(&self) -> &$type {
                static LAZY: $crate::lazy_static::Lazy<$type> = $crate::lazy_static::Lazy {
                    init: || $init,
                    _p: ::core::marker::PhantomData,
                };
                LAZY.get()
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}

/// `Default` and `From` for types that wrap a value: both by `new`.
macro_rules! of_a_value {
    ($type:ident) => {
        impl<T: Default> Default for $type<T> {
            #[track_caller]
            fn default() -> Self {
                Self::new(T::default())
            }
        }

        impl<T> From<T> for $type<T> {
            #[track_caller]
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }
    };
}

pub(crate) use of_a_value;
