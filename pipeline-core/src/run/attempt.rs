//! How often a node is called, and in what time: its `retries`, `backoff` and `timeout`.

#![expect(unsafe_code, reason = "a node uses slots, by the rules of `slot.rs`; each block says who keeps them")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::active::{Active, Place};
use super::watch::Watch;
use crate::dag::{Kind, Node};
use crate::io::Io;
use crate::panics::{caught, discard};
use crate::slot::{AnySlot, Readers};
use crate::{Cancellation, Error};

impl<C> Active<'_, C> {
    /// Calls a node until it goes well, or there is no attempt left.
    ///
    /// # Safety
    ///
    /// The caller executes the node: as [`Execute::execute`](super::active::Execute::execute).
    pub(super) unsafe fn attempt(&self, place: &Place<'_, C>, watch: &Watch<'_>) -> Result<(), Error> {
        let node = place.node();
        if node.retries() == 0 {
            // SAFETY: the caller executes the node.
            let call = |deadline| unsafe { self.call_watched(place, Readers::OnSeveral, watch, deadline) };
            return self.in_time(node, call);
        }
        let result = try_again(node, || {
            // SAFETY: the caller executes the node.
            let call = |deadline| unsafe { self.call_watched(place, Readers::MayReadAgain, watch, deadline) };
            self.in_time(node, call)
        });
        // SAFETY: the caller executes the node, which has made its last attempt, and in none was it counted out.
        result.and(unsafe { self.count_out(place) })
    }

    /// Counts a node out as a reader of its inputs in memory, now that it will not read them again.
    ///
    /// # Safety
    ///
    /// The caller executes the node, which has not been counted out, and will not call it any more (rule 3 of `slot.rs`).
    unsafe fn count_out(&self, place: &Place<'_, C>) -> Result<(), Error> {
        let in_memory = place.node().inputs().filter(|input| input.kind() == Kind::Memory);
        let mut result = Ok(());
        for input in in_memory {
            let slot = &self.slots(place)[input.id().index()];
            // SAFETY: the node reads the slot once for each time that it names it, its writers are done, and as the caller promises.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| unsafe { slot.count_out() })) {
                result = Err(self.panicked(place.node(), payload));
            }
        }
        result
    }

    /// # Safety
    ///
    /// The caller executes the node: as [`Execute::execute`](super::active::Execute::execute).
    unsafe fn call_watched(
        &self,
        place: &Place<'_, C>,
        readers: Readers,
        watch: &Watch<'_>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        watch.begin(deadline);
        // SAFETY: it is lent to the node that the caller executes.
        let io = Io { watch: Some(watch), ..unsafe { self.io(place, readers) } };
        self.call(place, || match &watch.together {
            None => place.code().call(self.catalog, &io),
            Some(together) => together.call(watch, || place.code().call(self.catalog, &io)),
        })
    }

    /// Has a node called, and looks at the clock if it has a timeout. `call` is told when its time is over.
    pub(super) fn in_time(
        &self,
        node: Node<'_>,
        call: impl FnOnce(Option<Instant>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(timeout) = node.timeout() else { return call(None) };
        let started = Instant::now();
        let deadline = started.checked_add(timeout);
        let result = Cancellation::of_this_node().until(deadline).within(|| call(deadline));
        let is_in_time = started.elapsed() <= timeout;
        if is_in_time || matches!(result, Err(Error::Hook { .. } | Error::TimedOut { .. })) {
            return result;
        }
        Err(self.timed_out(node, result.err()))
    }

    /// The error of a node that has taken longer than its timeout.
    pub(super) fn timed_out(&self, node: Node<'_>, source: Option<Error>) -> Error {
        let timeout = node.timeout().unwrap_or_default();
        let pipeline = self.pipeline.map(str::to_owned);
        Error::TimedOut { pipeline, node: node.to_string(), timeout, source: source.map(Box::new) }
    }

    /// Takes back what a node that has failed put into memory. A value whose `drop` panics is gone too.
    ///
    /// # Safety
    ///
    /// The caller executes the node, which has not been said to be done (rule 2 of `slot.rs`).
    pub(super) unsafe fn take_back(&self, place: &Place<'_, C>) {
        for output in place.node().outputs().filter(|output| output.kind() == Kind::Memory) {
            let slot: &AnySlot = &self.slots(place)[output.id().index()];
            // SAFETY: the node is the writer of the slot, and as the caller promises.
            drop(caught(|| unsafe { slot.take_back() }));
        }
    }
}

/// Makes attempts at a node until one goes well, or there is none left.
pub(super) fn try_again(node: Node<'_>, mut attempt: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    let (mut left, mut backoff) = (node.retries(), node.backoff());
    if left == 0 {
        return attempt();
    }
    let cancellation = Cancellation::of_this_node();
    loop {
        let result = attempt();
        if left == 0 || !result.as_ref().is_err_and(may_pass) || cancellation.is_over() {
            return result;
        }
        cancellation.wait(backoff);
        if cancellation.is_over() {
            return result;
        }
        // The error of an attempt that is not the last one is reported nowhere.
        discard(result);
        left -= 1;
        backoff = backoff.saturating_mul(2);
    }
}

/// Whether another attempt may go well. What a hook refuses, it has decided.
fn may_pass(error: &Error) -> bool {
    !matches!(error, Error::Hook { .. })
}
