//! The values in memory of a run whose nodes are executed in other processes.
//!
//! The run has the bytes of each until its last reader is done, so that a worker that dies takes nothing with it that others need. The worker
//! that has made a large one keeps the value too, and a reader that it executes gets that one. Whose last reader is elsewhere, the worker is
//! told to forget.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::worker::bytes::Bytes;
use crate::worker::channel::Stream;
use crate::worker::message::write_forget;

/// A value, as the run has it.
#[derive(Debug)]
pub(crate) struct Value {
    bytes: Bytes,
    kept: Option<Kept>,
}

/// Where the value is too.
#[derive(Debug)]
struct Kept {
    by: Weak<Keeper>,
    slot: u32,
    is_there: AtomicBool,
}

impl Value {
    pub(crate) fn new(bytes: Bytes, kept_by: Option<(&Arc<Keeper>, u32)>) -> Arc<Self> {
        let kept = kept_by.map(|(keeper, slot)| {
            keeper.n_kept.fetch_add(1, Ordering::Relaxed);
            Kept { by: Arc::downgrade(keeper), slot, is_there: AtomicBool::new(true) }
        });
        Arc::new(Self { bytes, kept })
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether this worker has the value, and needs no bytes of it.
    pub(crate) fn is_kept_by(&self, keeper: &Keeper) -> bool {
        let is_by = |kept: &Kept| std::ptr::eq(kept.by.as_ptr(), keeper) && kept.is_there.load(Ordering::Acquire);
        self.kept.as_ref().is_some_and(is_by)
    }

    /// Says that its worker has it no longer; who that is, if it had.
    pub(crate) fn let_go(&self) -> Option<(Arc<Keeper>, u32)> {
        let kept = self.kept.as_ref().filter(|kept| kept.is_there.swap(false, Ordering::AcqRel))?;
        let keeper = kept.by.upgrade()?;
        keeper.n_kept.fetch_sub(1, Ordering::Relaxed);
        Some((keeper, kept.slot))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some((keeper, slot)) = self.let_go() {
            // A worker that is gone has forgotten all.
            drop(write_forget(&*keeper.lock(), slot));
        }
    }
}

/// A worker, as what keeps values: what it is asked goes through here, from any thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    to: Mutex<Stream>,
    n_kept: AtomicUsize,
}

impl Keeper {
    pub(crate) fn new(to: Stream) -> Arc<Self> {
        Arc::new(Self { to: Mutex::new(to), n_kept: AtomicUsize::new(0) })
    }

    /// The stream, for one message.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Stream> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keeps_any(&self) -> bool {
        self.n_kept.load(Ordering::Relaxed) > 0
    }
}

/// An input of a node that is to be executed elsewhere.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) value: Arc<Value>,
    /// Whether nobody else will read it.
    pub(crate) is_last: bool,
}

/// The values in memory of one run, by slot.
pub(crate) struct Values {
    slots: Box<[Mutex<Place>]>,
}

#[derive(Default)]
struct Place {
    value: Option<Arc<Value>>,
    /// How many nodes will still read it.
    n_left: usize,
}

impl Values {
    /// Where each slot has so many readers.
    pub(crate) fn new(n_readers: Vec<usize>) -> Self {
        let place = |n_left| Mutex::new(Place { value: None, n_left });
        Self { slots: n_readers.into_iter().map(place).collect() }
    }

    pub(crate) fn get(&self, slot: usize) -> Option<Wanted> {
        let place = self.lock(slot);
        Some(Wanted { value: Arc::clone(place.value.as_ref()?), is_last: place.n_left <= 1 })
    }

    /// A value that nobody reads is not kept.
    pub(crate) fn put(&self, slot: usize, value: Arc<Value>) {
        let mut place = self.lock(slot);
        if place.n_left > 0 {
            place.value = Some(value);
        }
    }

    /// Counts a reader out. The last one drops the value.
    pub(crate) fn count_out(&self, slot: usize) {
        let mut place = self.lock(slot);
        place.n_left = place.n_left.saturating_sub(1);
        let over = if place.n_left == 0 { place.value.take() } else { None };
        drop(place);
        drop(over);
    }

    /// How many bytes of the value this worker has already.
    pub(crate) fn kept_by(&self, slot: usize, keeper: &Keeper) -> usize {
        let place = self.lock(slot);
        place.value.as_ref().filter(|value| value.is_kept_by(keeper)).map_or(0, |value| value.bytes.len())
    }

    fn lock(&self, slot: usize) -> MutexGuard<'_, Place> {
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
