//! How often a node is called, and in what time: its `retries`, `backoff` and `timeout`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::active::{Active, Place};
use super::watch::Watch;
use crate::dag::Kind;
use crate::io::Io;
use crate::panics::caught;
use crate::slot::{AnySlot, Readers};
use crate::{Cancellation, Error};

impl<C> Active<'_, C> {
    /// Calls a node until it goes well, or there is no attempt left.
    pub(super) fn attempt(&self, place: &Place<'_, C>, watch: &Watch<'_>) -> Result<(), Error> {
        let node = place.node();
        let mut left = node.retries();
        if left == 0 {
            return self.call_in_time(place, Readers::OnSeveral, watch);
        }
        let cancellation = Cancellation::of_this_node();
        let mut backoff = node.backoff();
        let result = loop {
            let result = self.call_in_time(place, Readers::MayReadAgain, watch);
            if left == 0 || !result.as_ref().is_err_and(may_pass) || cancellation.is_cancelled() {
                break result;
            }
            cancellation.wait(backoff);
            if cancellation.is_cancelled() {
                break result;
            }
            left -= 1;
            backoff = backoff.saturating_mul(2);
        };
        result.and(self.count_out(place))
    }

    /// Counts a node out as a reader of its inputs in memory, now that it will not read them again.
    fn count_out(&self, place: &Place<'_, C>) -> Result<(), Error> {
        let in_memory = place.node().inputs().filter(|input| input.kind() == Kind::Memory);
        let mut result = Ok(());
        for input in in_memory {
            let slot = &self.slots(place)[input.id().index()];
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| slot.count_out())) {
                result = Err(self.panicked(place.node(), payload));
            }
        }
        result
    }

    /// Calls a node, and looks at the clock if it has a timeout.
    fn call_in_time(&self, place: &Place<'_, C>, readers: Readers, watch: &Watch<'_>) -> Result<(), Error> {
        let node = place.node();
        let io = Io { watch: Some(watch), ..self.io(place, readers) };
        let call = || {
            self.call(place, || match &watch.together {
                None => place.code().call(self.catalog, &io),
                Some(together) => together.call(watch, || place.code().call(self.catalog, &io)),
            })
        };
        let Some(timeout) = node.timeout() else { return call() };
        let started = Instant::now();
        let result = Cancellation::of_this_node().until(started.checked_add(timeout)).within(call);
        let is_in_time = started.elapsed() <= timeout;
        if is_in_time || matches!(result, Err(Error::Hook { .. })) {
            return result;
        }
        let (pipeline, source) = (self.pipeline.map(str::to_owned), result.err().map(Box::new));
        Err(Error::TimedOut { pipeline, node: node.to_string(), timeout, source })
    }

    /// Takes back what a node that has failed put into memory. A value whose `drop` panics is gone too.
    pub(super) fn take_back(&self, place: &Place<'_, C>) {
        for output in place.node().outputs().filter(|output| output.kind() == Kind::Memory) {
            let slot: &AnySlot = &self.slots(place)[output.id().index()];
            drop(caught(|| slot.take_back()));
        }
    }
}

/// Whether another attempt may go well. What a hook refuses, it has decided.
fn may_pass(error: &Error) -> bool {
    !matches!(error, Error::Hook { .. })
}
