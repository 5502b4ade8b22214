//! What the nodes of random pipelines do: what a plan says for each, and they note what they have done.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pipeline_core::Dag;
use pipeline_core::dag::Node;
use serde::{Deserialize, Serialize};

use crate::events::{Event, Events, number_of};
use crate::value::{CROSSED, Value, Values};

/// More nodes than any random pipeline has.
pub(crate) const MAX_NODES: usize = 16;

/// More than any node has attempts.
pub(crate) const ALWAYS: usize = 99;

/// What a node is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Go,
    /// So many microseconds.
    Sleep(u64),
    /// So many attempts fail, and the next one goes well.
    Fail(usize),
    Panic(usize),
    /// Takes longer than its timeout.
    Overrun,
    /// Ends the process: for nodes in workers only.
    Abort,
    Exit,
}

/// The shortest timeout in a random pipeline, which a node overruns; others are longer than any run.
pub(crate) const SHORT: Duration = Duration::from_millis(1);

/// What a node that is to fail by itself returns.
#[derive(Debug, thiserror::Error)]
#[error("as planned")]
pub(crate) struct Refused;

/// A random action for each node; in a third of the plans none fails for good. Nodes that take their process with them are to be in
/// another.
pub(crate) fn actions(random: &mut fastrand::Rng, dag: &Dag, are_elsewhere: bool) -> Vec<Action> {
    let failing = [0, 1, 4][random.usize(0..3)];
    let mut actions = vec![Action::Go; MAX_NODES];
    for node in dag.nodes() {
        actions[number_of(node)] = action(random, node, failing, are_elsewhere);
    }
    actions
}

fn action(random: &mut fastrand::Rng, node: Node<'_>, failing: u8, are_elsewhere: bool) -> Action {
    if node.timeout() == Some(SHORT) {
        return Action::Overrun;
    }
    let retries = node.retries() as usize;
    match random.u8(0..20) {
        n if n < failing && are_elsewhere => {
            [Action::Fail(ALWAYS), Action::Panic(ALWAYS), Action::Abort, Action::Exit][random.usize(0..4)]
        }
        n if n < failing => [Action::Fail(ALWAYS), Action::Panic(ALWAYS)][random.usize(0..2)],
        n if n < 13 && retries > 0 => {
            // One more failure than retries is for good.
            let n_failures = random.usize(1..=retries + usize::from(failing > 0));
            [Action::Fail(n_failures), Action::Panic(n_failures)][random.usize(0..2)]
        }
        n if n < 8 => Action::Sleep(random.u64(1..150)),
        _ => Action::Go,
    }
}

/// A plan for one run, and what its nodes noted.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    actions: Vec<Action>,
    events: Events,
    #[serde(skip)]
    values: Arc<Values>,
}

impl Plan {
    /// For nodes in this process.
    pub(crate) fn new(actions: &[Action]) -> Self {
        Self { actions: actions.to_vec(), events: Events::Here(Mutex::default()), values: Arc::default() }
    }

    /// For nodes in other processes, which note what they do in a file.
    pub(crate) fn in_file(actions: &[Action], file: PathBuf) -> Self {
        Self { actions: actions.to_vec(), events: Events::InFile(file), values: Arc::default() }
    }

    /// A node without outputs.
    pub(crate) fn none(&self, node: usize, inputs: &[&Value]) -> Result<(), Refused> {
        self.visit(node, inputs).map(|_| ())
    }

    /// A node with one.
    pub(crate) fn one(&self, node: usize, inputs: &[&Value]) -> Result<Value, Refused> {
        self.visit(node, inputs).map(|hash| Value::new(hash, &self.values))
    }

    /// A node with two.
    pub(crate) fn two(&self, node: usize, inputs: &[&Value]) -> Result<(Value, Value), Refused> {
        let value = |hash| Value::new(hash, &self.values);
        self.visit(node, inputs).map(|hash| (value(hash), value(mix(hash, 1))))
    }

    fn visit(&self, node: usize, inputs: &[&Value]) -> Result<u64, Refused> {
        self.events.note(Event::Begins(node));
        let action = self.actions[node];
        match action {
            Action::Sleep(micros) => thread::sleep(Duration::from_micros(micros)),
            Action::Overrun => thread::sleep(2 * SHORT),
            _ => {}
        }
        // The inputs are read here, at the end, so that what takes them too early is seen.
        let hash = inputs.iter().fold(node as u64, |hash, input| mix(hash, input.hash()));
        if let Events::InFile(_) = self.events {
            // One that is taken by value and may be read again is there twice.
            let n_alive = self.values.n_alive() + CROSSED.n_alive();
            assert!(n_alive <= 2 * inputs.len(), "{n_alive} values are in the worker of a node with {}", inputs.len());
        }
        let is_to_fail = match action {
            Action::Fail(n_failures) | Action::Panic(n_failures) => self.events.n_begun(node) <= n_failures,
            Action::Overrun | Action::Abort | Action::Exit => true,
            Action::Go | Action::Sleep(_) => false,
        };
        self.events.note(if is_to_fail { Event::Fails(node) } else { Event::Returns(node) });
        match action {
            _ if !is_to_fail => Ok(hash),
            Action::Abort => std::process::abort(),
            Action::Exit => std::process::exit(3),
            // As a panic, but that nothing is printed.
            Action::Panic(_) => std::panic::resume_unwind(Box::new("as planned")),
            _ => Err(Refused),
        }
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn values(&self) -> &Arc<Values> {
        &self.values
    }
}

fn mix(hash: u64, with: u64) -> u64 {
    (hash ^ with.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (hash >> 29)
}
