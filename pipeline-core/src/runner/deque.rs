//! The nodes that a thread has made ready, which it takes from one end and others from the other end.
//!
//! It is the deque of Chase and Lev. A DAG has only so many nodes, and each is in one deque at most, so it never grows; and nodes are
//! numbers, so it needs no unsafe code. Who changes an end, or looks at one to act on it, does so by an atomic operation that reads and
//! writes: the later one of two has seen all that happened before the earlier one, and no fence is needed.

#[cfg(all(loom, test))]
mod tests;

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// Aligned, so that what its thread does to it slows down no other.
#[repr(align(128))]
pub(super) struct Deque {
    /// Behind the newest node. Only its thread changes that.
    bottom: AtomicUsize,
    /// The oldest node; never goes down.
    top: AtomicUsize,
    /// A ring that the nodes never fill: its length is a power of two, and more than there are nodes.
    nodes: Box<[AtomicU32]>,
}

impl Deque {
    /// An empty one, of a DAG of so many nodes.
    pub(super) fn new(n_nodes: usize) -> Self {
        let length = (n_nodes + 1).next_power_of_two();
        Self {
            bottom: AtomicUsize::new(0),
            top: AtomicUsize::new(0),
            nodes: (0..length).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    fn place(&self, index: usize) -> &AtomicU32 {
        &self.nodes[index & (self.nodes.len() - 1)]
    }

    /// Puts nodes there. Only for its thread.
    pub(super) fn push(&self, nodes: impl IntoIterator<Item = u32>) {
        let bottom = self.bottom.load(Ordering::Relaxed);
        let mut end = bottom;
        for node in nodes {
            self.place(end).store(node, Ordering::Relaxed);
            end += 1;
        }
        if end > bottom {
            self.bottom.swap(end, Ordering::AcqRel);
        }
    }

    /// Takes the newest node. Only for its thread.
    pub(super) fn pop(&self) -> Option<u32> {
        let bottom = self.bottom.load(Ordering::Relaxed);
        let mut top = self.top.load(Ordering::Relaxed);
        if top + 1 < bottom {
            let newest = bottom - 1;
            self.bottom.swap(newest, Ordering::AcqRel);
            top = self.top.load(Ordering::Relaxed);
            if top < newest {
                return Some(self.place(newest).load(Ordering::Relaxed));
            }
            // Others have come that far: it is the last one, or has been.
            self.bottom.swap(bottom, Ordering::AcqRel);
        }
        // The last one may be taken by others at any time.
        (top + 1 == bottom && self.advance(top)).then(|| self.place(top).load(Ordering::Relaxed))
    }

    /// Takes the oldest node, and tells how many are left. For other threads.
    pub(super) fn steal(&self) -> Option<(u32, usize)> {
        loop {
            let top = self.top.load(Ordering::Acquire);
            // Looking at it first disturbs its thread less.
            if top >= self.bottom.load(Ordering::Relaxed) {
                return None;
            }
            let bottom = self.bottom.fetch_add(0, Ordering::AcqRel);
            if top >= bottom {
                return None;
            }
            let node = self.place(top).load(Ordering::Relaxed);
            if self.advance(top) {
                return Some((node, bottom - top - 1));
            }
        }
    }

    /// Whether there are none. Who pushes one afterwards sees all that this thread did before.
    pub(super) fn is_empty(&self) -> bool {
        let top = self.top.load(Ordering::Acquire);
        top >= self.bottom.fetch_add(0, Ordering::AcqRel)
    }

    /// Takes the oldest node, if it is still this one.
    fn advance(&self, top: usize) -> bool {
        self.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}
