//! Whether something has been asked to end, and who wants to hear of it.

use std::sync::{Arc, PoisonError};

use crate::sync::{AtomicBool, Mutex, Ordering};

/// What is called when a flag is set.
type Listener = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub(super) struct Flag {
    is_set: AtomicBool,
    listeners: Mutex<Vec<Listener>>,
}

impl Flag {
    pub(super) fn set(&self) {
        self.is_set.store(true, Ordering::Relaxed);
        // Whoever begins to listen after this looks at the flag behind it. Those who are called are quick, and set no flag.
        self.with_listeners(|listeners| listeners.iter().for_each(|listener| listener()));
    }

    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    fn with_listeners(&self, what: impl FnOnce(&mut Vec<Listener>)) {
        what(&mut self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Someone who listens to flags, until this is dropped. After that they are not called any more.
pub(crate) struct Listening {
    flags: Vec<Arc<Flag>>,
    listener: Listener,
}

impl Listening {
    /// Has `call` called when one of the flags is set, or at once if one is; perhaps more than once.
    pub(super) fn new(flags: Vec<Arc<Flag>>, call: impl Fn() + Send + Sync + 'static) -> Self {
        let listener: Listener = Arc::new(call);
        for flag in &flags {
            flag.with_listeners(|listeners| listeners.push(Arc::clone(&listener)));
        }
        if flags.iter().any(|flag| flag.is_set()) {
            listener();
        }
        Self { flags, listener }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let is_another = |other: &Listener| !std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(&self.listener));
        for flag in &self.flags {
            flag.with_listeners(|listeners| listeners.retain(is_another));
        }
    }
}

#[cfg(test)]
mod tests;
