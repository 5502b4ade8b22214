//! A node that ends the program, as by `std::process::exit(0)`: the program tells which one, and
//! does not end as if all were well.
//!
//! The system calls what is registered for the end of a program, and on most systems it drops what
//! the thread that ends it has in its `thread_local!`s. So each thread has the names of the nodes
//! that it executes in one, and finds them there if it is dropped in the middle of a node.

use std::cell::RefCell;
use std::io::Write;

use super::FAILED;
use super::interrupt::exit_at_once;
use crate::hook::{Hook, NodeEvent};
use crate::{BoxError, Error};

thread_local! {
    static EXECUTED: Executed = const { Executed(RefCell::new(Vec::new())) };
}

/// The nodes that a thread executes, the last one inside of the others, each with the process: one
/// that a node forks may end as it likes.
struct Executed(RefCell<Vec<(u32, String)>>);

impl Drop for Executed {
    fn drop(&mut self) {
        if let Some((process, node)) = self.0.borrow().last()
            && *process == std::process::id()
        {
            drop(writeln!(std::io::stderr(), "error: {node} ended the program"));
            exit_at_once(FAILED);
        }
    }
}

/// A run on this thread that is not over: a hook or a dataset may end the program outside of a node.
pub(super) struct Unfinished(());

impl Unfinished {
    pub(super) fn new(pipeline: Option<&str>) -> Self {
        let name = pipeline.map_or_else(|| "the pipeline".to_owned(), |name| format!("pipeline `{name}`"));
        push(format!("a hook or a dataset of {name}"));
        Self(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        over();
    }
}

/// The hook that writes down which nodes a thread executes.
pub(super) struct Exits;

impl Hook for Exits {
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        let of_pipeline = event.pipeline.map(|name| format!(" of pipeline `{name}`")).unwrap_or_default();
        let node = format!("node `{}`{of_pipeline}", event.node);
        push(node);
        Ok(())
    }

    fn after_node_run(&self, _: &NodeEvent<'_>) {
        over();
    }

    fn on_node_error(&self, _: &NodeEvent<'_>, _: &Error) {
        over();
    }
}

fn push(executed: String) {
    EXECUTED.with(|all| all.0.borrow_mut().push((std::process::id(), executed)));
}

fn over() {
    EXECUTED.with(|executed| executed.0.borrow_mut().pop());
}
