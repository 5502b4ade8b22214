//! The memory of one run: a slot for each dataset in memory, and how far each node is. Reused from run to run.

use crate::panics::caught;
use crate::slot::AnySlot;
use crate::sync::{AtomicU8, Ordering, set};

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Waiting,
    Running,
    Completed,
    Failed,
    /// Not to be executed: it is not selected.
    LeftOut,
    /// Not to be executed: a node that it waits for failed.
    Orphaned,
}

impl State {
    const ALL: [Self; 6] = [Self::Waiting, Self::Running, Self::Completed, Self::Failed, Self::LeftOut, Self::Orphaned];
}

/// No node has been started.
const IDLE: u8 = 0;
/// Each node is started by itself.
const BY_NODE: u8 = 1;
/// All nodes are being executed in order, by one call.
const IN_ORDER: u8 = 2;
/// That went well: all nodes are completed, whatever their states say.
const ALL_COMPLETED: u8 = 3;

pub(crate) struct Memory {
    pub(crate) slots: Box<[AnySlot]>,
    states: Box<[AtomicU8]>,
    mode: AtomicU8,
    /// Whether its slots expect the readers of a slice.
    pub(crate) is_of_a_slice: bool,
}

impl Memory {
    pub(crate) fn new(slots: Box<[AnySlot]>, n_nodes: usize) -> Self {
        let waiting = || AtomicU8::new(State::Waiting as u8);
        Self {
            slots,
            states: (0..n_nodes).map(|_| waiting()).collect(),
            mode: AtomicU8::new(IDLE),
            is_of_a_slice: false,
        }
    }

    /// Begins to execute all nodes in order, by one call that starts none by itself; false if one has been started.
    pub(crate) fn begin_in_order(&self) -> bool {
        self.mode.compare_exchange(IDLE, IN_ORDER, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Ends that: all nodes are completed, or those before the one that failed.
    pub(crate) fn end_in_order(&self, failed: Option<usize>) {
        let Some(failed) = failed else { return self.mode.store(ALL_COMPLETED, Ordering::Release) };
        // A runner may ask for one of the nodes behind them at the same time, from another thread. It sees what was done before it acts.
        for node in 0..failed {
            self.set(node, State::Completed);
        }
        self.set(failed, State::Failed);
        self.mode.store(BY_NODE, Ordering::Release);
    }

    /// Ends that: what became of each node is as told.
    #[cfg(any(feature = "rayon", all(loom, test)))]
    pub(crate) fn end_with(&self, state_of: impl Fn(usize) -> State) {
        for node in 0..self.states.len() {
            let state = state_of(node);
            // One that waits is left as it is: another thread, which has seen the failure already, may have skipped it just now. Were it to wait
            // again, it would be skipped again, and so counted out twice as a reader.
            if state != State::Waiting {
                self.set(node, state);
            }
        }
        self.mode.store(BY_NODE, Ordering::Release);
    }

    /// Whether all nodes have been completed by one call.
    pub(crate) fn is_all_completed(&self) -> bool {
        self.mode.load(Ordering::Acquire) == ALL_COMPLETED
    }

    /// Marks a node as running; false if it has been started before.
    pub(crate) fn start(&self, node: usize) -> bool {
        let by_node = match self.mode.load(Ordering::Acquire) {
            IDLE => match self.mode.compare_exchange(IDLE, BY_NODE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => true,
                // Another was first, and may have come to its end since.
                Err(mode) => mode == BY_NODE,
            },
            mode => mode == BY_NODE,
        };
        let (waiting, running) = (State::Waiting as u8, State::Running as u8);
        by_node && self.states[node].compare_exchange(waiting, running, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Says that a node is not to be executed; false if that was said before.
    pub(crate) fn pass_over(&self, node: usize, state: State) -> bool {
        let waiting = State::Waiting as u8;
        self.states[node].compare_exchange(waiting, state as u8, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Says how far a node is.
    pub(crate) fn set(&self, node: usize, state: State) {
        self.states[node].store(state as u8, Ordering::Release);
    }

    pub(crate) fn state(&self, node: usize) -> State {
        if self.is_all_completed() {
            return State::Completed;
        }
        State::ALL[usize::from(self.states[node].load(Ordering::Acquire))]
    }

    /// Drops all values: a run that failed may have left some. One whose `drop` panics is gone too, and nobody is left whom it would help
    /// to know.
    pub(crate) fn clear(&mut self) {
        for slot in &mut self.slots {
            drop(caught(|| slot.clear()));
        }
    }

    /// Has all nodes wait again.
    pub(crate) fn restart(&mut self) {
        // Where none was started, some may have been passed over.
        if self.mode.load(Ordering::Relaxed) != ALL_COMPLETED {
            self.states.iter_mut().for_each(|state| set(state, State::Waiting as u8));
        }
        set(&mut self.mode, IDLE);
    }
}
