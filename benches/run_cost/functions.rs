//! What the nodes do: the same functions for all contestants.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// What the DAGs start from.
pub(crate) const START: u64 = 42;

/// How long a node sleeps.
pub(crate) const SLEEP: Duration = Duration::from_millis(50);

/// How much CPU time a node takes that spins.
pub(crate) const SPIN: Duration = Duration::from_millis(200);

/// What the nodes of a DAG do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Arithmetic,
    Sleep,
    Spin,
}

impl Work {
    /// The function of nodes with one input. Those with two call [`two`].
    pub(crate) fn one(self) -> fn(u64) -> u64 {
        match self {
            Self::Arithmetic => one,
            Self::Sleep => sleep,
            Self::Spin => spin,
        }
    }
}

#[inline(never)]
pub(crate) fn one(x: u64) -> u64 {
    // It costs nothing, but with it no call can be left out or merged with another.
    black_box(());
    x.wrapping_mul(31).wrapping_add(7)
}

#[inline(never)]
pub(crate) fn two(x: u64, y: u64) -> u64 {
    black_box(());
    x.rotate_left(5) ^ y
}

pub(crate) fn sleep(x: u64) -> u64 {
    thread::sleep(SLEEP);
    one(x)
}

/// Takes its CPU time however much of it the system gives to others meanwhile.
pub(crate) fn spin(x: u64) -> u64 {
    let until = cpu_time() + SPIN;
    let mut spun = x;
    while cpu_time() < until {
        spun = (0..10_000).fold(spun, |spun, _| one(spun));
    }
    black_box(spun);
    one(x)
}

/// The CPU time of this thread.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from)
}
