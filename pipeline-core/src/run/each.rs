//! How several threads execute the nodes of a run, for a scheduler of this crate that sees to their order itself.

#![expect(unsafe_code, reason = "to execute a node relies on the rules of `slot.rs`, which the run keeps")]

use super::Run;
use crate::Error;
use crate::dag::flow::Flow;
use crate::memory::State;

/// Names the next node to execute, if there is one; told which one is done.
pub(crate) type Next<'n> = &'n mut dyn FnMut(Option<usize>) -> Option<usize>;

impl<'r> Run<'r> {
    /// Whether to execute a node is to call it, and nothing else.
    fn is_bare(&self) -> bool {
        self.hooks.is_empty() && self.goes_straight_on()
    }

    /// Which nodes a node makes ready.
    pub(crate) fn flow(&self) -> &'r Flow {
        self.nodes.flow(self.dag)
    }

    /// Begins to execute all nodes. If to execute one is to call it and nothing else, that is all that [`execute_each`](Self::execute_each)
    /// does, and the scheduler keeps account of what became of each.
    pub(crate) fn begin_each(&self) -> bool {
        self.is_bare() && self.memory.begin_in_order()
    }

    /// Executes nodes on this thread, up to the first error, which comes with the node that failed. To be called [within](Self::within) the
    /// run; `is_bare` is what it began with.
    ///
    /// # Safety
    ///
    /// `next` names each node once in this run, after those that it waits for have been executed well, and what these did happens before; and
    /// [`begin_each`](Self::begin_each) returned `is_bare`.
    pub(crate) unsafe fn execute_each(&self, is_bare: bool, next: Next<'_>) -> Result<(), (usize, Error)> {
        if is_bare {
            // SAFETY: all nodes of this run are executed by this scheduler, since it began so, and as the caller promises.
            return unsafe { self.nodes.execute_each(next) };
        }
        let mut done = None;
        while let Some(node) = next(done) {
            // SAFETY: `next` names the node after those that it waits for.
            unsafe { self.execute_ready(self.node(node).id()) }.map_err(|error| (node, error))?;
            done = Some(node);
        }
        Ok(())
    }

    /// Ends what [`begin_each`](Self::begin_each) began, if the scheduler kept account: all nodes are completed, or what became of each is
    /// as told.
    pub(crate) fn end_each(&self, states: Option<impl Fn(usize) -> State>) {
        match states {
            None => self.memory.end_in_order(None),
            Some(states) => self.memory.end_with(states),
        }
    }
}
