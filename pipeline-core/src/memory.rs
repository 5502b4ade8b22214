//! The memory of one run: a slot for each dataset in memory, and how far each node is. Reused from run to run.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::slot::AnySlot;

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    Completed,
    Failed,
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const COMPLETED: u8 = 2;
const FAILED: u8 = 3;

pub(crate) struct Memory {
    pub(crate) slots: Box<[Box<dyn AnySlot>]>,
    states: Box<[AtomicU8]>,
}

impl Memory {
    pub(crate) fn new(slots: Box<[Box<dyn AnySlot>]>, n_nodes: usize) -> Self {
        Self { slots, states: (0..n_nodes).map(|_| AtomicU8::new(WAITING)).collect() }
    }

    /// Marks a node as running; false if it has been started before.
    pub(crate) fn start(&self, node: usize) -> bool {
        self.states[node].compare_exchange(WAITING, RUNNING, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Marks a node as done.
    pub(crate) fn finish(&self, node: usize, completed: bool) {
        self.states[node].store(if completed { COMPLETED } else { FAILED }, Ordering::Release);
    }

    pub(crate) fn state(&self, node: usize) -> State {
        match self.states[node].load(Ordering::Acquire) {
            WAITING => State::Waiting,
            RUNNING => State::Running,
            COMPLETED => State::Completed,
            _ => State::Failed,
        }
    }

    /// Drops all values: a run that failed may have left some.
    pub(crate) fn clear(&self) {
        for slot in &self.slots {
            slot.clear();
        }
    }

    /// Has all nodes wait again.
    pub(crate) fn restart(&self) {
        for state in &self.states {
            state.store(WAITING, Ordering::Relaxed);
        }
    }
}
