//! One node after the other.

use super::Runner;
use crate::{Error, Run};

/// Executes the nodes one after the other on the calling thread, in the order of the DAG, up to the first error.
///
/// So its nodes see what is current on that thread, as a runtime of tokio that is entered there:
/// nodes of the other runners do not.
///
/// A node that ends the process, as by [`std::process::exit`], ends the program with it and with
/// its exit code; so it is with all runners that execute nodes in this process. The [command
/// line](crate::cli::main) says which node it was, and [`ProcessRunner`](crate::ProcessRunner)
/// makes it an error of the node.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequentialRunner {
    _private: (),
}

impl SequentialRunner {
    /// A sequential runner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runner for SequentialRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        run.execute_in_order()
    }
}
