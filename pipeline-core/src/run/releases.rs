//! The datasets of the catalog that a run releases: Kedro's rule, those that pass from node to node, each when its last reader is done;
//! never an input or an output of what runs.
//!
//! A value that the catalog keeps in memory is lost by that, as what is in memory only is after its last reader. So it is released if this
//! run alone has use for it: not if it was there before the run, nor while another run over the same catalog passes it on too, which
//! may be a run inside of a node of this one, nor if one of these has it as an output. Runs find each other here, by the dataset.
//!
//! A reader that failed, or that is skipped because of a failure, is done too: to resume the run starts from the writers of what does not
//! persist. What is left when a run ends before it came to all readers stays in the catalog.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::Catalog;
use crate::dag::{Dag, DatasetId, Kind, Node, Selection};
use crate::dataset::AnyDataset;

/// The datasets that one run releases.
pub(super) struct Releases<'r> {
    waiting: HashMap<DatasetId, Waiting<'r>>,
    /// Outputs of the run that the catalog keeps in memory: no other run is to release them.
    _outputs: Vec<Claim<'r>>,
}

struct Waiting<'r> {
    dataset: &'r dyn AnyDataset,
    n_readers: AtomicUsize,
    /// If the catalog keeps it in memory.
    claim: Option<Claim<'r>>,
}

impl<'r> Releases<'r> {
    /// None if there is nothing to release.
    pub(super) fn new<C: Catalog>(dag: &Dag, catalog: &'r C, selection: Option<&Selection>) -> Option<Self> {
        let runs = |node: Node<'_>| selection.is_none_or(|selection| selection.contains(node.id()));
        let known: HashMap<&str, &'r dyn AnyDataset> = catalog.datasets().into_iter().collect();
        let (mut waiting, mut outputs) = (HashMap::new(), Vec::new());
        for entry in dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog) {
            if !entry.writer().is_some_and(runs) {
                continue;
            }
            let Some(&dataset) = known.get(entry.name()) else { continue };
            let n_readers = entry.readers().filter(|&reader| runs(reader)).count();
            let claim = || dataset.is_kept_in_memory().then(|| Claim::new(dataset, n_readers == 0));
            if n_readers == 0 {
                outputs.extend(claim());
                continue;
            }
            let (claim, n_readers) = (claim(), AtomicUsize::new(n_readers));
            waiting.insert(entry.id(), Waiting { dataset, n_readers, claim });
        }
        (!waiting.is_empty()).then_some(Self { waiting, _outputs: outputs })
    }

    /// Counts a node out that is done, or that is not executed.
    pub(super) fn count_out(&self, node: Node<'_>) {
        for input in node.inputs() {
            if let Some(waiting) = self.waiting.get(&input.id())
                && waiting.n_readers.fetch_sub(1, Ordering::AcqRel) == 1
            {
                match &waiting.claim {
                    Some(claim) => claim.give_up(true),
                    None => waiting.dataset.release(),
                }
            }
        }
    }
}

/// The use that one run has for a value in the catalog's memory.
struct Claim<'r> {
    dataset: &'r dyn AnyDataset,
    is_given_up: AtomicBool,
}

/// The use that runs have for a value now.
#[derive(Default)]
struct Claims {
    n_runs: usize,
    /// It was there before, or is an output of one of them.
    is_kept: bool,
    /// One of them has written it and its readers are done.
    is_over: bool,
    /// The thread that releases it: a run that begins meanwhile waits for that, unless the value's own `Drop` begins it.
    released_by: Option<ThreadId>,
}

/// A dataset by its address: catalogs are borrowed while runs use them. With its type, since what has no size has no address of its own.
type Identity = (usize, TypeId);

static CLAIMS: Mutex<BTreeMap<Identity, Claims>> = Mutex::new(BTreeMap::new());
static RELEASED: Condvar = Condvar::new();

/// How long a run waits for another one to release a value that it uses too.
const LONGEST_RELEASE: Duration = Duration::from_secs(1);

fn lock() -> MutexGuard<'static, BTreeMap<Identity, Claims>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'r> Claim<'r> {
    fn new(dataset: &'r dyn AnyDataset, is_output: bool) -> Self {
        let claim = Self { dataset, is_given_up: AtomicBool::new(false) };
        let (identity, here) = (claim.identity(), thread::current().id());
        let mut all = lock();
        // Not without end: the value's `Drop` may itself wait for this run, on another thread.
        let is_released = |all: &mut BTreeMap<Identity, Claims>| {
            all.get(&identity).and_then(|claims| claims.released_by).is_some_and(|by| by != here)
        };
        if is_released(&mut all) {
            all = RELEASED
                .wait_timeout_while(all, LONGEST_RELEASE, is_released)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let claims = all.entry(identity).or_default();
        let is_first = claims.n_runs == 0;
        claims.n_runs += 1;
        claims.is_kept |= is_output;
        drop(all);
        // Out of the lock: it is the dataset's own code. No other run releases it from here on.
        if is_first
            && dataset.exists().unwrap_or(true)
            && let Some(claims) = lock().get_mut(&identity)
        {
            claims.is_kept = true;
        }
        claim
    }

    fn identity(&self) -> Identity {
        (std::ptr::from_ref(self.dataset).addr(), self.dataset.as_any().type_id())
    }

    /// The run has no more use for the value, which it or another has written, if `is_over`. The last one releases it.
    fn give_up(&self, is_over: bool) {
        if self.is_given_up.swap(true, Ordering::AcqRel) {
            return;
        }
        let identity = self.identity();
        let mut all = lock();
        let Some(claims) = all.get_mut(&identity) else { return };
        claims.n_runs -= 1;
        claims.is_over |= is_over;
        if claims.n_runs > 0 {
            return;
        }
        if claims.is_kept || !claims.is_over {
            all.remove(&identity);
            return;
        }
        claims.released_by = Some(thread::current().id());
        drop(all);
        self.dataset.release();
        let mut all = lock();
        match all.get_mut(&identity) {
            // The value's `Drop` has begun a run that goes on.
            Some(claims) if claims.n_runs > 0 => claims.released_by = None,
            _ => drop(all.remove(&identity)),
        }
        drop(all);
        RELEASED.notify_all();
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.give_up(false);
    }
}
