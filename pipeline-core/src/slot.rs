//! Where a dataset in memory lives between its writer and its last reader.
//!
//! The one module with unsafe code: a lock in each slot would cost more than most of what a run does between two nodes. What keeps
//! slots from being touched by two threads is the order of a run, which [`Run`](crate::Run) enforces whatever a runner does:
//!
//! 1. A node is executed at most once a run, or passed over once, and only nodes that the DAG names as writer or reader of a slot touch it, as what it holds: an
//!    expansion gets its slots from the same graph as its DAG, and rustc checked their types through the keys. Nobody else calls `Io`.
//! 2. A reader is executed after the writer is done, and sees all that it did: the writer's state is stored with `Release` and
//!    loaded with `Acquire`, or the two are on one thread, or a scheduler hands the one's work on to the other, as the counts and deques of
//!    `runner/parallel/crew.rs` do.
//! 3. What touches all slots (collecting the outputs, dropping what is left) happens before or after the run's nodes, on a thread that
//!    has waited for them.

#![expect(unsafe_code, reason = "see above; `slot/tests.rs` tries the orders that threads can have, under loom")]

#[cfg(all(loom, test))]
mod tests;

use std::any::TypeId;
use std::fmt;
use std::mem::needs_drop;
use std::ops::Deref;

use crate::pass::Lent;
use crate::sync::{AtomicU32, Cell, Ordering, Reading};

/// The place of one dataset in memory. It is empty at first, holds a value from when its writer is done, and is empty again when
/// its last reader is done.
pub(crate) struct Slot<T> {
    value: Cell<Option<T>>,
    /// How many readers there are.
    n_readers: u32,
    /// How many of them are not yet done.
    waiting: AtomicU32,
}

// SAFETY: see the rules of this module. Values go from thread to thread, and several read one at the same time.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// How the readers of a slot count themselves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// All on one thread: no need to synchronise.
    OnOneThread,
    /// On any threads.
    OnSeveral,
    /// Not at all: this one may read again, and is counted out when it is known that it will not.
    MayReadAgain,
}

impl<T> Slot<T> {
    pub(crate) fn new(n_readers: u32) -> Self {
        Self { value: Cell::new(None), n_readers, waiting: AtomicU32::new(0) }
    }

    /// Puts the value there for its readers.
    #[inline]
    pub(crate) fn put(&self, value: T) {
        if needs_drop::<T>() {
            self.waiting.store(self.n_readers, Ordering::Relaxed);
        }
        // SAFETY: the writer alone is executed now (rules 1 and 2).
        self.value.with_mut(|slot| unsafe { *slot = Some(value) });
    }

    /// Takes the value away: for the only reader, the last one, a writer that fails, or after the nodes.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        // SAFETY: no other reader is there, or none has been let in yet, or all are done (rules 2 and 3).
        self.value.with_mut(|slot| unsafe { (*slot).take() })
    }

    /// Lends the value to one of several readers, or gives it to the last one.
    ///
    /// What needs no `drop` can stay until the next run: nobody has to be the last, which no processor could foretell.
    #[inline]
    pub(crate) fn read(&self, readers: Readers) -> Option<Lent<'_, T>> {
        if needs_drop::<T>() { self.lend_or_give(readers) } else { self.lease(readers).map(Lent::lease) }
    }

    /// Lends the value.
    #[inline]
    pub(crate) fn lease(&self, readers: Readers) -> Option<Lease<'_, T>> {
        let (value, reading) = self.value.read();
        // SAFETY: the writer is done, and the value stays until the last reader has counted itself out, which this lease does when it ends.
        let value = unsafe { (*value).as_ref()? };
        Some(Lease { value, reading, slot: self, readers })
    }

    #[inline(never)]
    fn lend_or_give(&self, readers: Readers) -> Option<Lent<'_, T>> {
        // The others count themselves out only when they are done, so nobody else holds the value now.
        if readers != Readers::MayReadAgain && self.waiting.load(Ordering::Acquire) == 1 {
            return Some(Lent::last(self.take()?));
        }
        self.lease(readers).map(Lent::lease)
    }

    /// Counts one reader out. The last one drops the value.
    fn count_out(&self, readers: Readers) {
        let before = match readers {
            Readers::MayReadAgain => return,
            Readers::OnSeveral => self.waiting.fetch_sub(1, Ordering::AcqRel),
            Readers::OnOneThread => {
                let before = self.waiting.load(Ordering::Relaxed);
                self.waiting.store(before.wrapping_sub(1), Ordering::Relaxed);
                before
            }
        };
        if before == 1 {
            drop(self.take());
        }
    }
}

/// A value that a slot lends to one of its readers. When the last lease ends, the slot drops the value.
pub(crate) struct Lease<'s, T> {
    value: &'s T,
    reading: Reading<Option<T>>,
    slot: &'s Slot<T>,
    readers: Readers,
}

impl<T> Deref for Lease<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        self.reading.end();
        if needs_drop::<T>() {
            self.slot.count_out(self.readers);
        }
    }
}

impl<T> fmt::Debug for Lease<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A slot of any type, as a run keeps them.
pub(crate) struct AnySlot {
    /// What it holds.
    holds: TypeId,
    slot: Box<dyn Erased>,
}

/// What can be done with a slot whatever it holds.
trait Erased: Send + Sync {
    fn clear(&mut self);
    fn set_readers(&mut self, n_readers: u32);
    fn count_out(&self);
    fn take_back(&self);
}

impl<T: Send + Sync + 'static> Erased for Slot<T> {
    fn clear(&mut self) {
        drop(self.take());
    }

    fn set_readers(&mut self, n_readers: u32) {
        self.n_readers = n_readers;
        self.waiting = AtomicU32::new(n_readers);
    }

    fn count_out(&self) {
        Self::count_out(self, Readers::OnSeveral);
    }

    fn take_back(&self) {
        drop(self.take());
    }
}

impl AnySlot {
    /// An empty slot for values of type `T`.
    pub(crate) fn new<T: Send + Sync + 'static>(n_readers: u32) -> Self {
        Self { holds: TypeId::of::<T>(), slot: Box::new(Slot::<T>::new(n_readers)) }
    }

    /// The slot, if it holds values of type `T`.
    #[cfg(feature = "process")]
    pub(crate) fn of<T: 'static>(&self) -> Option<&Slot<T>> {
        (self.holds == TypeId::of::<T>()).then(|| at(std::slice::from_ref(self), 0))
    }

    /// Drops what it holds.
    pub(crate) fn clear(&mut self) {
        self.slot.clear();
    }

    /// Says how many nodes will read it from here on, whether it holds a value or not.
    pub(crate) fn set_readers(&mut self, n_readers: u32) {
        self.slot.set_readers(n_readers);
    }

    /// Drops what its writer put there and has failed since, so that nobody will read it.
    pub(crate) fn take_back(&self) {
        self.slot.take_back();
    }

    /// Counts out a reader that will not read, or not any more.
    pub(crate) fn count_out(&self) {
        self.slot.count_out();
    }
}

/// The slot at this place, which holds values of type `T`. That it does is rule 1, and debug builds check it.
#[inline]
pub(crate) fn at<T: 'static>(slots: &[AnySlot], id: u32) -> &Slot<T> {
    debug_assert!(slots.get(id as usize).is_some_and(|slot| slot.holds == TypeId::of::<T>()), "{NOT_OF_THIS_PIPELINE}");
    // SAFETY: the place and the type are those with which the expansion declared the slot (rule 1), and `AnySlot::new` put a `Slot` of that
    // type behind the box. Checking both again at each access would cost as much as the access.
    unsafe { &*std::ptr::from_ref(&*slots.get_unchecked(id as usize).slot).cast::<Slot<T>>() }
}

const NOT_OF_THIS_PIPELINE: &str = "an expansion names slots of its own pipeline";
