//! Where a dataset in memory lives between its writer and its last reader.
//!
//! The code is unsafe because a lock in each slot would cost more than most of what a run does between two nodes. The order of a run keeps
//! two threads from using a slot at the same time. [`Run`](crate::Run) enforces that order for every runner, and these are the rules
//! that the functions below rely on. ARCHITECTURE.md says who guarantees each of them.
//!
//! 1. *Places and types.* A slot is used under the index and the type with which the expansion declared it.
//! 2. *Order.* A node is executed at most once in a run, or skipped once. Only its writer puts a value into a slot, and only its readers read
//!    it, after the writer is done. A reader sees all that the writer did: the writer's state is stored with `Release` and loaded with
//!    `Acquire`, or both nodes are on one thread, or a scheduler synchronises the two threads, as the counts and deques of
//!    `runner/parallel/crew.rs` do.
//! 3. *Counts.* A slot has as many readers as it was told, and each is counted out once: by the end of its reading, or by
//!    `count_out` if it does not read or may have read several times.
//! 4. *Before and after.* Whatever uses all slots (collecting the outputs, dropping what is left) is done before or after the nodes of the
//!    run, on a thread that has waited for them.

#![expect(unsafe_code, reason = "see above; `slot/tests.rs` tries the orders that threads can have, under loom")]

#[cfg(all(loom, test))]
mod tests;
#[cfg(all(test, not(loom)))]
mod threads;

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;
use std::ptr::NonNull;

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

// SAFETY: what is in the cell is only used by the unsafe functions below, whose callers keep the rules of this module, so no two threads use it
// at the same time unless all of them read. A value is put on one thread and taken on another (`Send`), and several threads read it (`Sync`).
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
    ///
    /// # Safety
    ///
    /// Nothing else uses the slot during the call: the caller is its writer, whose node is being executed (rule 2).
    #[inline]
    pub(crate) unsafe fn put(&self, value: T) {
        if needs_drop::<T>() {
            self.waiting.store(self.n_readers, Ordering::Relaxed);
        }
        // SAFETY: nothing else uses the slot now, as the caller promises, so this is the only reference to what is in it.
        self.value.with_mut(|slot| unsafe { *slot = Some(value) });
    }

    /// Takes the value away.
    ///
    /// # Safety
    ///
    /// Nothing else uses the slot during the call, and no lease of it is left: the caller is the only reader, or the last one, or a writer that
    /// fails before any reader is executed, or is called after all nodes (rules 2 to 4).
    #[inline]
    pub(crate) unsafe fn take(&self) -> Option<T> {
        // SAFETY: nothing else uses the slot now, as the caller promises, so this is the only reference to what is in it.
        self.value.with_mut(|slot| unsafe { (*slot).take() })
    }

    /// Lends the value to one of several readers, or gives it to the last one.
    ///
    /// What needs no `drop` can stay until the next run: nobody has to be the last, which no processor could foretell.
    ///
    /// # Safety
    ///
    /// As [`lease`](Self::lease).
    #[inline]
    pub(crate) unsafe fn read(&self, readers: Readers) -> Option<Lent<'_, T>> {
        // SAFETY: the caller promises what both need.
        unsafe { if needs_drop::<T>() { self.lend_or_give(readers) } else { self.lease(readers).map(Lent::lease) } }
    }

    /// Lends the value.
    ///
    /// # Safety
    ///
    /// The caller is a reader that has not been counted out, its writer is done (rule 2), and `readers` says how this reader is counted out
    /// (rule 3): with [`Readers::OnOneThread`], all readers of the slot are executed on this thread.
    #[inline]
    pub(crate) unsafe fn lease(&self, readers: Readers) -> Option<Lease<'_, T>> {
        let (value, reading) = self.value.read();
        // SAFETY: the writer is done, so all that use the slot now are readers. The value stays until the last one has been counted out,
        // and this one is counted out after its lease.
        let value = unsafe { (*value).as_ref()? };
        Some(Lease { value: NonNull::from(value), lent: PhantomData, reading, slot: self, readers })
    }

    /// # Safety
    ///
    /// As [`lease`](Self::lease).
    #[inline(never)]
    unsafe fn lend_or_give(&self, readers: Readers) -> Option<Lent<'_, T>> {
        if readers != Readers::MayReadAgain && self.waiting.load(Ordering::Acquire) == 1 {
            // SAFETY: this reader has not been counted out, so all others have been, which happens after their leases; and what they did
            // happens before this, by the count.
            return Some(Lent::last(unsafe { self.take()? }));
        }
        // SAFETY: as the caller promises.
        unsafe { self.lease(readers) }.map(Lent::lease)
    }

    /// Counts one reader out. The last one drops the value.
    ///
    /// # Safety
    ///
    /// The caller is a reader whose writer is done, which has not been counted out and has no lease any more (rule 3). With
    /// [`Readers::OnOneThread`], all readers of the slot are executed on this thread.
    unsafe fn count_out(&self, readers: Readers) {
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
            // SAFETY: all readers have been counted out, each after its leases, and what they did happens before this, by the count.
            drop(unsafe { self.take() });
        }
    }
}

/// A value that a slot lends to one of its readers. When the last lease ends, the slot drops the value.
pub(crate) struct Lease<'s, T> {
    /// Not a `&'s T`: rustc may rely on a reference for the whole of a call that gets it as an argument, and the value ends within
    /// the call that drops the last lease. `std` has the same in `Ref` and `RwLockReadGuard`.
    value: NonNull<T>,
    lent: PhantomData<&'s T>,
    reading: Reading<Option<T>>,
    slot: &'s Slot<T>,
    readers: Readers,
}

impl<T> Deref for Lease<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value is there and not changed until the last reader has been counted out, and this one has not been: that is the end of
        // the lease, or after it.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        self.reading.end();
        if needs_drop::<T>() {
            // SAFETY: whoever made the lease is a reader that has not been counted out, and said how it is to be. The lease ends here, and its
            // pointer is not used any more.
            unsafe { self.slot.count_out(self.readers) };
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
    /// # Safety
    ///
    /// As [`AnySlot::count_out`].
    unsafe fn count_out(&self);
    /// # Safety
    ///
    /// As [`AnySlot::take_back`].
    unsafe fn take_back(&self);
}

impl<T: Send + Sync + 'static> Erased for Slot<T> {
    fn clear(&mut self) {
        // SAFETY: the slot is borrowed by this call alone, so nothing else uses it, and a lease would borrow it too.
        drop(unsafe { self.take() });
    }

    fn set_readers(&mut self, n_readers: u32) {
        self.n_readers = n_readers;
        self.waiting = AtomicU32::new(n_readers);
    }

    unsafe fn count_out(&self) {
        // SAFETY: as the caller promises.
        unsafe { Self::count_out(self, Readers::OnSeveral) };
    }

    unsafe fn take_back(&self) {
        // SAFETY: the caller promises that no reader is executed, so nothing else uses the slot.
        drop(unsafe { self.take() });
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
        // SAFETY: it is the one slot of the slice, and its type has just been compared.
        (self.holds == TypeId::of::<T>()).then(|| unsafe { at(std::slice::from_ref(self), 0) })
    }

    /// Drops what it holds.
    pub(crate) fn clear(&mut self) {
        self.slot.clear();
    }

    /// Says how many nodes will read it from here on, whether it holds a value or not.
    pub(crate) fn set_readers(&mut self, n_readers: u32) {
        self.slot.set_readers(n_readers);
    }

    /// Drops what its writer put there and has failed since, so that no reader will be executed.
    ///
    /// # Safety
    ///
    /// The caller executes the writer of the slot, which has not been said to be done yet (rule 2).
    pub(crate) unsafe fn take_back(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.slot.take_back() };
    }

    /// Counts out a reader that will not read, or not any more.
    ///
    /// # Safety
    ///
    /// The caller speaks for a reader of the slot whose writer is done or skipped; the reader has not been counted out and has no lease any
    /// more (rule 3).
    pub(crate) unsafe fn count_out(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.slot.count_out() };
    }
}

/// The slot at this index, which holds values of type `T`. Debug builds check both.
///
/// # Safety
///
/// The index and the type are those with which a slot of this pipeline was declared (rule 1).
#[inline]
pub(crate) unsafe fn at<T: 'static>(slots: &[AnySlot], id: u32) -> &Slot<T> {
    debug_assert!(slots.get(id as usize).is_some_and(|slot| slot.holds == TypeId::of::<T>()), "{NOT_OF_THIS_PIPELINE}");
    // SAFETY: there is a slot at this index, and `AnySlot::new` put a `Slot` of this type behind its box, as the caller promises. Checking both
    // again at each access would cost as much as the access.
    unsafe { &*std::ptr::from_ref(&*slots.get_unchecked(id as usize).slot).cast::<Slot<T>>() }
}

const NOT_OF_THIS_PIPELINE: &str = "an expansion names slots of its own pipeline";
