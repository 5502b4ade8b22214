//! What is to become of a run, told from its DAG and its plan alone.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use pipeline_core::dag::{Dag, Node};
use pipeline_core::{Error, Status};

use crate::events::{number_of, predecessors};
use crate::plan::{Action, MAX_NODES};

/// Of a run that keeps going.
pub(crate) struct Model {
    /// Of each node, in the order of the DAG.
    pub(crate) statuses: Vec<Status>,
    /// By the number of the node, as [`told`] tells errors.
    pub(crate) errors: BTreeMap<usize, String>,
    /// By the number of the node, of one that is executed: how often it is tried.
    pub(crate) attempts: Vec<RangeInclusive<usize>>,
}

impl Model {
    /// For nodes in this process, or in others.
    pub(crate) fn new(dag: &Dag, actions: &[Action], are_elsewhere: bool) -> Self {
        let (mut statuses, mut errors) = (Vec::new(), BTreeMap::new());
        let mut attempts = vec![0..=0; MAX_NODES];
        for node in dag.nodes() {
            let n = number_of(node);
            let (tried, error) = match outcome(node, actions[n]) {
                // The time may be over before it begins.
                (tried, error) if are_elsewhere && actions[n] == Action::Overrun => (0..=*tried.end(), error),
                outcome => outcome,
            };
            let is_orphan = predecessors(node).any(|before| statuses[before.id().index()] != Status::Completed);
            statuses.push(match &error {
                _ if is_orphan => Status::Skipped("a node that it waits for failed"),
                Some(_) => Status::Failed,
                None => Status::Completed,
            });
            attempts[n] = tried;
            if let Some(error) = error.filter(|_| !is_orphan) {
                errors.insert(n, format!("n{n} {error}"));
            }
        }
        Self { statuses, errors, attempts }
    }

    /// The errors, sorted.
    pub(crate) fn errors(&self) -> Vec<String> {
        sorted(self.errors.values().cloned().collect())
    }
}

/// How often a node is tried, and how it fails in the end, if it does.
fn outcome(node: Node<'_>, action: Action) -> (RangeInclusive<usize>, Option<&'static str>) {
    let all = node.retries() as usize + 1;
    match action {
        Action::Go | Action::Sleep(_) => (1..=1, None),
        Action::Fail(n) | Action::Panic(n) if n < all => (n + 1..=n + 1, None),
        Action::Fail(_) => (all..=all, Some("failed: as planned")),
        Action::Panic(_) => (all..=all, Some("panicked: as planned")),
        Action::Overrun => (all..=all, Some("took too long")),
        Action::Abort => (all..=all, Some("ended its worker: was killed by signal 6 (SIGABRT)")),
        Action::Exit => (all..=all, Some("ended its worker: exited with code 3")),
    }
}

/// An error of a node, with its short name.
pub(crate) fn told(error: &Error) -> String {
    let short = |node: &str| node.split(": ").next().unwrap_or_default().to_owned();
    match error {
        Error::Node { node, source, .. } => format!("{} failed: {source}", short(node)),
        Error::Panicked { node, message, .. } => format!("{} panicked: {message}", short(node)),
        Error::TimedOut { node, .. } => format!("{} took too long", short(node)),
        Error::WorkerDied { node, how, .. } => format!("{} ended its worker: {how}", short(node)),
        other => other.to_string(),
    }
}

pub(crate) fn sorted(mut errors: Vec<String>) -> Vec<String> {
    errors.sort();
    errors
}
