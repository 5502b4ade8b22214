//! Asking a run to end before it is done.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A handle by which a run is asked to end: from another thread, by Ctrl-C, or by the run itself when a node has failed.
///
/// No node is started after that. One that is running goes on to its end, so nothing is written by half; if it takes long, it may
/// [ask](Self::of_this_node) and return early, with an error.
///
/// ```
/// use pipeline_core::prelude::*;
/// use pipeline_core::{Cancellation, RunOptions};
///
/// catalog! { struct Catalog { n: Memory<u64> = Memory::new(1_000_000) } }
///
/// fn count(n: u64) -> Result<u64, &'static str> {
///     let cancellation = Cancellation::of_this_node();
///     let mut sum = 0;
///     for i in 0..n {
///         if cancellation.is_cancelled() {
///             return Err("cancelled");
///         }
///         sum += i;
///     }
///     Ok(sum)
/// }
///
/// # fn main() {
/// let counting = pipeline! { node(count?, [n] -> [sum]) };
/// let cancellation = Cancellation::new();
/// cancellation.cancel(); // as another thread could, at any time
/// let options = RunOptions::new().cancelled_by(&cancellation);
/// let report = SequentialRunner::new().run_with(&counting, &Catalog::default(), &options).unwrap();
/// assert_eq!(report.error().unwrap().to_string(), "the run was cancelled before node `count([n]) -> [sum]`");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    is_cancelled: Arc<AtomicBool>,
    /// That of the run's caller, which counts too, and so on outwards.
    outer: Option<Arc<Self>>,
}

thread_local! {
    /// That of the run whose node this thread executes.
    static CURRENT: RefCell<Option<Cancellation>> = const { RefCell::new(None) };
}

impl Cancellation {
    /// A handle that nobody has cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks what is run with this handle, or one cloned from it, to end.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it has been asked to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed) || self.outer.as_ref().is_some_and(|outer| outer.is_cancelled())
    }

    /// Whether cancelling one cancels the other.
    #[cfg(feature = "cli")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.is_cancelled, &other.is_cancelled)
    }

    /// A handle for one run: cancelling `outer` cancels it, but not the other way round.
    pub(crate) fn inside(outer: Option<&Self>) -> Self {
        Self { is_cancelled: Arc::default(), outer: outer.cloned().map(Arc::new) }
    }

    /// The handle of the run that executes the calling node; outside of a node, one that nobody cancels. A node that
    /// spawns threads asks before and hands it on.
    #[must_use]
    pub fn of_this_node() -> Self {
        CURRENT.with_borrow(Clone::clone).unwrap_or_default()
    }

    /// Is the handle of this thread's nodes while `body` runs.
    pub(crate) fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        struct Back(Option<Cancellation>);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        let _back = Back(CURRENT.replace(Some(self.clone())));
        body()
    }
}
