//! Asking a run to end before it is done.

mod flag;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, iter, thread};

use self::flag::Flag;
pub(crate) use self::flag::Listening;

/// A handle by which a run is asked to end: from another thread, by Ctrl-C, or by the run itself when a node has failed.
///
/// No node is started after that, and none is tried again. One that is running goes on to its end, so nothing is written by half; if it takes long, it may
/// [ask](Self::of_this_node) and return early, with an error. That holds for nodes in worker processes too.
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
#[derive(Clone, Default)]
pub struct Cancellation {
    flag: Arc<Flag>,
    /// That of the run's caller, which counts too, and so on outwards.
    outer: Option<Arc<Self>>,
    /// When the time of a node is over, if it has a timeout.
    deadline: Option<Instant>,
}

thread_local! {
    /// That of the run whose node this thread executes.
    static CURRENT: RefCell<Option<Cancellation>> = const { RefCell::new(None) };
    /// Whether a node on this thread has asked, and was told to end.
    static WAS_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Whether the node that has just failed on this thread had been told to end: then its error
/// follows from what cancelled the run. Told once.
pub(crate) fn was_told() -> bool {
    WAS_TOLD.take()
}

/// Says so of a node that was executed for this thread in another process.
#[cfg(feature = "process")]
pub(crate) fn set_told() {
    WAS_TOLD.set(true);
}

impl Cancellation {
    /// A handle that nobody has cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks what is run with this handle, or one cloned from it, to end.
    pub fn cancel(&self) {
        self.flag.set();
    }

    /// Whether it has been asked to end. In a node with a timeout, also whether its time is over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        if self.is_set() {
            WAS_TOLD.set(true);
        }
        self.is_over()
    }

    /// Whether it has been asked to end, for the run itself.
    pub(crate) fn is_set(&self) -> bool {
        self.outwards().any(|handle| handle.flag.is_set())
    }

    /// As [`is_set`](Self::is_set), or the time of the node is over.
    pub(crate) fn is_over(&self) -> bool {
        self.is_set()
            || self.outwards().any(|handle| handle.deadline.is_some_and(|deadline| Instant::now() >= deadline))
    }

    /// This one, that of the run's caller, and so on.
    fn outwards(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |handle| handle.outer.as_deref())
    }

    /// Has `call` called when it is cancelled, or at once if it is, as long as the result lives; perhaps more than once. That the time of
    /// a node is over calls nobody.
    pub(crate) fn listen(&self, call: impl Fn() + Send + Sync + 'static) -> Listening {
        Listening::new(self.outwards().map(|handle| Arc::clone(&handle.flag)).collect(), call)
    }

    /// Whether cancelling one cancels the other.
    #[cfg(feature = "cli")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.flag, &other.flag)
    }

    /// A handle for one run: cancelling `outer` cancels it, but not the other way round.
    pub(crate) fn inside(outer: Option<&Self>) -> Self {
        Self { outer: outer.cloned().map(Arc::new), ..Self::default() }
    }

    /// The same handle for a node whose time is over then.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Blocks this thread for a time, or until it is cancelled.
    pub(crate) fn wait(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let until = Instant::now().checked_add(time);
        let this = thread::current();
        let _listening = self.listen(move || this.unpark());
        while !self.is_over() {
            match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => break,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
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
        WAS_TOLD.set(false);
        body()
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation").field("is_cancelled", &self.is_over()).finish_non_exhaustive()
    }
}
