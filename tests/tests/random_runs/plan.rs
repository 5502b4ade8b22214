//! What the nodes of random pipelines do: what a plan says for each, and they tell it what they saw.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// More nodes than any random pipeline has.
pub(crate) const MAX_NODES: usize = 16;

/// What a node is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Go,
    Sleep(u64),
    Fail,
    Panic,
}

impl Action {
    pub(crate) fn fails(self) -> bool {
        matches!(self, Self::Fail | Self::Panic)
    }
}

/// An error of a node that was to fail.
#[derive(Debug, thiserror::Error)]
#[error("as planned")]
pub(crate) struct Refused;

/// A plan for one run, and what its nodes saw.
pub(crate) struct Plan {
    actions: Vec<Action>,
    n_calls: [AtomicUsize; MAX_NODES],
    is_done: [AtomicBool; MAX_NODES],
    n_running: AtomicUsize,
    max_running: AtomicUsize,
    values: Arc<Values>,
    wrong: Mutex<Vec<String>>,
}

impl Plan {
    pub(crate) fn new(actions: &[Action]) -> Self {
        Self {
            actions: actions.to_vec(),
            n_calls: Default::default(),
            is_done: Default::default(),
            n_running: AtomicUsize::new(0),
            max_running: AtomicUsize::new(0),
            values: Arc::default(),
            wrong: Mutex::default(),
        }
    }

    /// A node without outputs.
    pub(crate) fn none(&self, node: usize, inputs: &[&Value]) -> Result<(), Refused> {
        self.visit(node, inputs).map(|_| ())
    }

    /// A node with one.
    pub(crate) fn one(&self, node: usize, inputs: &[&Value]) -> Result<Value, Refused> {
        self.visit(node, inputs).map(|hash| Value::new(node, hash, &self.values))
    }

    /// A node with two.
    pub(crate) fn two(&self, node: usize, inputs: &[&Value]) -> Result<(Value, Value), Refused> {
        let value = |hash| Value::new(node, hash, &self.values);
        self.visit(node, inputs).map(|hash| (value(hash), value(mix(hash, 1))))
    }

    fn visit(&self, node: usize, inputs: &[&Value]) -> Result<u64, Refused> {
        if self.n_calls[node].fetch_add(1, Ordering::SeqCst) > 0 {
            self.is_wrong(format!("n{node} was executed twice"));
        }
        for input in inputs {
            if !self.is_done[input.writer].load(Ordering::SeqCst) {
                self.is_wrong(format!("n{node} was executed before n{}", input.writer));
            }
        }
        self.max_running.fetch_max(self.n_running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let action = self.actions[node];
        if let Action::Sleep(micros) = action {
            std::thread::sleep(Duration::from_micros(micros));
        }
        // The inputs are read here, at the end, so that what takes them too early is seen.
        let hash = inputs.iter().fold(node as u64, |hash, input| mix(hash, *input.hash));
        self.n_running.fetch_sub(1, Ordering::SeqCst);
        match action {
            Action::Fail => return Err(Refused),
            // As a panic, but that nothing is printed.
            Action::Panic => std::panic::resume_unwind(Box::new("as planned")),
            Action::Go | Action::Sleep(_) => {}
        }
        self.is_done[node].store(true, Ordering::SeqCst);
        Ok(hash)
    }

    fn is_wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn max_running(&self) -> usize {
        self.max_running.load(Ordering::SeqCst)
    }

    pub(crate) fn was_called(&self, node: usize) -> bool {
        self.n_calls[node].load(Ordering::SeqCst) > 0
    }

    pub(crate) fn values(&self) -> &Arc<Values> {
        &self.values
    }

    /// What no run may do.
    pub(crate) fn wrong(&self) -> Vec<String> {
        std::mem::take(&mut *self.wrong.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn mix(hash: u64, with: u64) -> u64 {
    (hash ^ with.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (hash >> 29)
}

/// All values that a plan's nodes have made and that are not yet dropped.
#[derive(Default)]
pub(crate) struct Values {
    next: AtomicU64,
    alive: Mutex<HashSet<u64>>,
    n_dropped_twice: AtomicUsize,
}

impl Values {
    fn alive(&self) -> std::sync::MutexGuard<'_, HashSet<u64>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) -> u64 {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        self.alive().insert(id);
        id
    }

    /// Whether each value was dropped once.
    pub(crate) fn are_all_dropped_once(&self) -> bool {
        self.alive().is_empty() && self.n_dropped_twice.load(Ordering::SeqCst) == 0
    }
}

/// What passes from node to node: says what it was made of, and when it is dropped.
pub(crate) struct Value {
    id: u64,
    writer: usize,
    /// On the heap, as what one passes mostly is.
    hash: Box<u64>,
    values: Arc<Values>,
}

impl Value {
    fn new(writer: usize, hash: u64, values: &Arc<Values>) -> Self {
        Self { id: values.add(), writer, hash: Box::new(hash), values: Arc::clone(values) }
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self::new(self.writer, *self.hash, &self.values)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !self.values.alive().remove(&self.id) {
            self.values.n_dropped_twice.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", *self.hash)
    }
}
