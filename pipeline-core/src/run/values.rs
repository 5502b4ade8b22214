//! The values in memory of a run whose nodes are executed in other processes.
//!
//! The run has the bytes of each until its last reader is done, so that a worker that dies takes nothing with it that others need. The worker
//! that has made a large one keeps the value too, and a reader that it executes gets that one. Whose last reader is elsewhere, the worker is
//! told to forget.

use std::mem::take;
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
            keeper.forget(slot);
        }
    }
}

/// How many messages a worker is sent before it must have read them: so many have room in any socket, and who drops a value waits for nobody.
const UNREAD: usize = 64;

/// A worker, as what keeps values.
#[derive(Debug)]
pub(crate) struct Keeper {
    outbox: Mutex<Outbox>,
    n_kept: AtomicUsize,
}

/// What a worker is to forget. While it has nothing to do it hears that at once, from whoever drops the value; the rest with the next call.
#[derive(Debug)]
struct Outbox {
    /// The stream of its calls: whoever calls it has that alone.
    to: Stream,
    is_called: bool,
    forgotten: Vec<u32>,
    /// How many messages it has been sent since it answered.
    n_unread: usize,
}

impl Outbox {
    fn send(&mut self) {
        let n_sent = if self.is_called { 0 } else { self.forgotten.len().min(UNREAD - self.n_unread) };
        for slot in self.forgotten.drain(..n_sent) {
            // A worker that is gone has forgotten all.
            drop(write_forget(&self.to, slot));
        }
        self.n_unread += n_sent;
    }
}

impl Keeper {
    pub(crate) fn new(to: Stream) -> Arc<Self> {
        let outbox = Outbox { to, is_called: false, forgotten: Vec::new(), n_unread: 0 };
        Arc::new(Self { outbox: Mutex::new(outbox), n_kept: AtomicUsize::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the stream is that of a call, which begins with what is to be forgotten.
    pub(crate) fn begin_call(&self) -> Vec<u32> {
        let mut outbox = self.lock();
        outbox.is_called = true;
        take(&mut outbox.forgotten)
    }

    /// The worker has answered, so it has read all.
    pub(crate) fn end_call(&self) {
        let mut outbox = self.lock();
        (outbox.is_called, outbox.n_unread) = (false, 0);
        outbox.send();
    }

    fn forget(&self, slot: u32) {
        let mut outbox = self.lock();
        outbox.forgotten.push(slot);
        outbox.send();
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

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;

    use super::*;

    fn small(keeper: &Arc<Keeper>, slot: u32) -> Arc<Value> {
        Value::new(Bytes::Own(vec![0]), Some((keeper, slot)))
    }

    /// The slots that a worker has been told to forget until now.
    fn told(there: &mut Stream) -> Vec<u32> {
        let mut bytes = Vec::new();
        there.set_nonblocking(true).expect("it is a socket");
        assert!(there.read_to_end(&mut bytes).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
        let (messages, rest) = bytes.as_chunks::<8>();
        assert!(rest.is_empty());
        messages.iter().map(|&[.., a, b, c, d]| u32::from_le_bytes([a, b, c, d])).collect()
    }

    #[test]
    fn a_worker_that_is_idle_forgets_at_once() {
        let (here, mut there) = Stream::pair().unwrap();
        let keeper = Keeper::new(here);
        drop(small(&keeper, 7));
        assert_eq!(told(&mut there), [7]);
        assert!(!keeper.keeps_any());
    }

    #[test]
    fn one_that_is_called_hears_nothing_in_the_middle_of_it() {
        let (here, mut there) = Stream::pair().unwrap();
        let keeper = Keeper::new(here);
        assert!(keeper.begin_call().is_empty());
        drop(small(&keeper, 7));
        assert!(told(&mut there).is_empty());
        keeper.end_call();
        assert_eq!(told(&mut there), [7]);
    }

    #[test]
    fn one_that_reads_nothing_keeps_nobody_who_drops_values() {
        let (here, mut there) = Stream::pair().unwrap();
        let keeper = Keeper::new(here);
        (0..100_000).for_each(|slot| drop(small(&keeper, slot)));
        let told = told(&mut there);
        assert_eq!(told.len(), UNREAD);
        // The next call begins with the rest.
        assert!(told.into_iter().chain(keeper.begin_call()).eq(0..100_000));
    }
}
