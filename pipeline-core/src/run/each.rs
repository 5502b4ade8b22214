//! How several threads execute the nodes of a run, for a scheduler of this crate that sees to their order itself.

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
    pub(crate) fn execute_each(&self, is_bare: bool, next: Next<'_>) -> Result<(), (usize, Error)> {
        if is_bare {
            return self.nodes.execute_each(next);
        }
        let mut done = None;
        while let Some(node) = next(done) {
            self.execute_ready(self.node(node).id()).map_err(|error| (node, error))?;
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
