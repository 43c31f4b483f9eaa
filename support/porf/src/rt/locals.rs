//! Values that belong to a thread of the program, and values that belong to an execution.

use core::any::Any;
use std::rc::Rc;

use super::with;

/// The value of the current thread. `Err`: it is gone, because the thread ends.
pub(crate) fn get(key: usize) -> Result<Option<Rc<dyn Any>>, ()> {
    with(|rt| {
        let values = &rt.thread().locals.values;
        match values.iter().find(|(other, _)| *other == key) {
            Some((_, Some(value))) => Ok(Some(Rc::clone(value))),
            Some((_, None)) => Err(()),
            None => Ok(None),
        }
    })
}

/// Sets a value that [`get`] has not found.
pub(crate) fn set(key: usize, value: Rc<dyn Any>) {
    with(|rt| {
        let current = rt.current;
        rt.threads[current].locals.values.push((key, Some(value)));
    });
}

/// Drops the values of the current thread, the oldest first. A value may use others that are still
/// there, and may make new ones.
pub(super) fn drop_all() {
    let take = || {
        with(|rt| {
            let current = rt.current;
            let values = &mut rt.threads[current].locals.values;
            values.iter_mut().find_map(|(_, value)| value.take())
        })
    };
    while let Some(value) = take() {
        drop(value);
    }
}
