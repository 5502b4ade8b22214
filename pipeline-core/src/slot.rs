//! Where a dataset in memory lives between its writer and its last reader.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::pass::Lent;

/// The place of one dataset in memory. It is empty at first, holds a value from when its writer is done, and is empty again when
/// its last reader is done.
pub(crate) struct Slot<T> {
    value: RwLock<Option<T>>,
    /// How many readers there are.
    n_readers: u32,
    /// How many of them are not yet done.
    waiting: AtomicU32,
}

impl<T> Slot<T> {
    pub(crate) const fn new(n_readers: u32) -> Self {
        Self { value: RwLock::new(None), n_readers, waiting: AtomicU32::new(0) }
    }

    /// Puts the value there for its readers.
    pub(crate) fn put(&self, value: T) {
        self.waiting.store(self.n_readers, Ordering::Relaxed);
        *self.write() = Some(value);
    }

    /// Takes the value away.
    pub(crate) fn take(&self) -> Option<T> {
        self.write().take()
    }

    /// Lends the value to one of several readers, or gives it to the last one.
    pub(crate) fn read(&self) -> Option<Lent<'_, T>> {
        // The others count themselves out only when they are done, so nobody else holds the value now.
        if self.waiting.load(Ordering::Acquire) == 1 {
            return Some(Lent::last(self.take()?));
        }
        let guard = self.value.read().unwrap_or_else(PoisonError::into_inner);
        guard.is_some().then(|| Lent::lease(Lease { guard: Some(guard), slot: self }))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<T>> {
        // Only moves happen under the lock, so a poisoned one guards nothing broken.
        self.value.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that a slot lends to one of its readers. When the last lease ends, the slot drops the value.
pub(crate) struct Lease<'s, T> {
    /// There until the lease ends.
    guard: Option<RwLockReadGuard<'s, Option<T>>>,
    slot: &'s Slot<T>,
}

impl<T> Deref for Lease<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_deref().and_then(Option::as_ref).expect("a lease is made of a full slot")
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        self.guard = None;
        if self.slot.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Out of the lock first: dropping the value may panic.
            drop(self.slot.take());
        }
    }
}

impl<T> fmt::Debug for Lease<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A slot of any type, as a run keeps them.
pub(crate) trait AnySlot: Any + Send + Sync {
    /// Drops what it holds.
    fn clear(&self);
}

impl<T: Send + Sync + 'static> AnySlot for Slot<T> {
    fn clear(&self) {
        drop(self.take());
    }
}

/// Makes an empty slot for values of type `T`.
pub(crate) fn make<T: Send + Sync + 'static>(n_readers: u32) -> Box<dyn AnySlot> {
    Box::new(Slot::<T>::new(n_readers))
}
