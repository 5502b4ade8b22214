//! A chain of nodes whose values are large: how many of them are alive at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many nodes the chain has.
pub(crate) const N_BLOCKS: usize = 20;

/// The size of a value.
const SIZE: usize = 100_000_000;

static ALIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// A large value that is counted while it lives.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
}

impl Block {
    fn filled(byte: u8) -> Self {
        let alive = ALIVE.fetch_add(1, Ordering::Relaxed) + 1;
        MOST.fetch_max(alive, Ordering::Relaxed);
        Self { bytes: vec![byte; SIZE] }
    }

    /// How many nodes came before the one that made it.
    fn place(&self) -> u8 {
        self.bytes[SIZE - 1]
    }

    pub(crate) fn is_last(&self) -> bool {
        usize::from(self.place()) == N_BLOCKS - 1
    }
}

/// Some peers clone what they pass on.
impl Clone for Block {
    fn clone(&self) -> Self {
        Self::filled(self.place())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The function of the first node.
pub(crate) fn first_block() -> Block {
    Block::filled(0)
}

/// The function of the others.
pub(crate) fn next_block(before: &Block) -> Block {
    Block::filled(before.place() + 1)
}

/// How many blocks were alive at once.
pub(crate) fn most_alive() -> usize {
    MOST.load(Ordering::Relaxed)
}
