//! Values that belong to a thread of the program.

use core::any::Any;
use std::rc::Rc;

use super::thread_values::Local;
use super::with;

/// The value of the current thread. `Err`: it is gone, because the thread ends.
pub(crate) fn get(key: usize) -> Result<Option<Rc<dyn Any>>, ()> {
    with(|rt| {
        let values = &rt.thread().locals.values;
        match values.iter().find(|local| local.key == key) {
            Some(local) => local.value.clone().map(Some).ok_or(()),
            None => Ok(None),
        }
    })
}

/// Sets a value that [`get`] has not found.
pub(crate) fn set<T: 'static>(key: usize, value: Rc<T>) {
    let local = Local { key, value: Some(value), needs_drop: core::mem::needs_drop::<T>() };
    with(|rt| {
        let current = rt.current;
        rt.threads[current].locals.values.push(local);
    });
}

/// Drops the values of the current thread, the oldest first. A value may use others that are still
/// there, and may make new ones. As in std, a value without a destructor is there to the end.
pub(super) fn drop_all() {
    let take = || {
        with(|rt| {
            let current = rt.current;
            let values = &mut rt.threads[current].locals.values;
            values.iter_mut().filter(|local| local.needs_drop).find_map(|local| local.value.take())
        })
    };
    while let Some(value) = take() {
        drop(value);
    }
    with(|rt| {
        let current = rt.current;
        rt.threads[current].locals.values.retain(|local| local.needs_drop);
    });
}
