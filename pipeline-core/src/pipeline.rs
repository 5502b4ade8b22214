//! A pipeline as a value: a DAG, something to call for each of its nodes, and a way to collect its outputs.

use std::borrow::Cow;
use std::fmt;
use std::ops::Add;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::body::Part;
use crate::collect::Collect;
#[cfg(feature = "rayon")]
use crate::dag::flow::Flow;
use crate::dag::join::{Joined, join};
use crate::dag::{Dag, Kind, Selection, SharedDag, Slice};
use crate::memory::Memory;
use crate::run::Outside;
use crate::{Error, Outputs};

/// A pipeline over the catalog `C` whose runs return `O`.
///
/// `pipeline!` makes one; a [`Runner`](crate::Runner) runs it, as often as you like. Cloning is cheap. `a + b` joins two pipelines
/// over the same catalog: they meet in the datasets of the catalog that both name, and a run of the sum returns both outputs.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { xs: Memory<Vec<f64>>, mean: Memory<f64> } }
/// pipeline! { averaging for Catalog { node(average, [xs] -> [mean]) } }
/// pipeline! { rounding for Catalog { node(|mean: f64| mean.round(), [mean] -> [rounded: f64]) } }
///
/// fn average(xs: &[f64]) -> f64 { xs.iter().sum::<f64>() / xs.len() as f64 }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let catalog = Catalog { xs: Memory::new(vec![1.0, 2.0, 4.5]), ..Catalog::default() };
/// let both = averaging() + rounding();
/// let (_, rounded) = SequentialRunner::new().run(&both, &catalog)?;
/// assert_eq!(rounded.rounded, 3.0);
/// # Ok(())
/// # }
/// ```
pub struct Pipeline<C, O: Outputs = ()> {
    name: Option<Cow<'static, str>>,
    plan: Arc<Plan<C>>,
    collect: Collect<O>,
}

/// What runs share: it never changes once it is made, but for the memory that runs hand on to each other.
pub(crate) struct Plan<C> {
    pub(crate) parts: Vec<Arc<Part<C>>>,
    /// Where the slots of each part begin.
    pub(crate) slots_from: Vec<usize>,
    order: Planned,
    /// Whether a dataset of the catalog passes from node to node; known after the first run.
    passes_through_catalog: OnceLock<bool>,
    /// Whether a node has retries or a timeout; known after the first run.
    has_patience: OnceLock<bool>,
    outside: OnceLock<Outside>,
    /// Made when it is first asked for.
    #[cfg(feature = "rayon")]
    flow: OnceLock<Flow>,
    idle: Mutex<Vec<Memory>>,
}

/// The order of the nodes: a part's own, or a sum's.
enum Planned {
    Single(&'static Dag),
    Sum(Arc<Joined>),
    Broken(String),
}

impl<C, O: Outputs> Pipeline<C, O> {
    pub(crate) fn single(name: Option<&'static str>, part: Part<C>, collect: Collect<O>) -> Self {
        let order = Planned::Single(part.dag);
        let plan = Plan {
            parts: vec![Arc::new(part)],
            slots_from: vec![0],
            order,
            passes_through_catalog: OnceLock::new(),
            has_patience: OnceLock::new(),
            outside: OnceLock::new(),
            #[cfg(feature = "rayon")]
            flow: OnceLock::new(),
            idle: Mutex::default(),
        };
        Self { name: name.map(Cow::Borrowed), plan: Arc::new(plan), collect }
    }

    /// Its name: that of the item, or the one under which it is registered.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same pipeline under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its DAG.
    ///
    /// # Errors
    ///
    /// Fails for a sum whose parts do not fit together: a dataset with two writers, two nodes of one name, a cycle.
    pub fn dag(&self) -> Result<&Dag, Error> {
        match &self.plan.order {
            Planned::Single(dag) => Ok(dag),
            Planned::Sum(joined) => Ok(&joined.dag),
            Planned::Broken(problem) => Err(self.broken(problem)),
        }
    }

    /// Its DAG, for those that outlive it.
    pub(crate) fn shared_dag(&self) -> Result<SharedDag, Error> {
        match &self.plan.order {
            Planned::Single(dag) => Ok(SharedDag::Static(dag)),
            Planned::Sum(joined) => Ok(SharedDag::Sum(Arc::clone(joined))),
            Planned::Broken(problem) => Err(self.broken(problem)),
        }
    }

    #[cold]
    fn broken(&self, problem: &str) -> Error {
        Error::Join { sum: self.label(), problem: problem.to_owned() }
    }

    /// The nodes that a slice selects, as [`Dag::select`] does; its errors name this pipeline.
    ///
    /// # Errors
    ///
    /// Fails as [`dag`](Self::dag) and [`Dag::select`] do.
    pub fn select(&self, slice: &Slice) -> Result<Selection, Error> {
        self.dag()?.select(slice).map_err(|error| error.of_pipeline(self.name()))
    }

    /// The same pipeline with its free outputs dropped at the end of each run, so that pipelines of all kinds have one type.
    /// A registry holds them so.
    #[must_use]
    pub fn without_outputs(self) -> Pipeline<C> {
        Pipeline { name: self.name, plan: self.plan, collect: Collect::nothing() }
    }

    pub(crate) fn plan(&self) -> &Plan<C> {
        &self.plan
    }

    pub(crate) fn collect(&self) -> &Collect<O> {
        &self.collect
    }

    fn label(&self) -> String {
        self.name().map_or_else(|| "a sum".to_owned(), |name| format!("`{name}`"))
    }
}

impl<C> Plan<C> {
    pub(crate) fn n_nodes(&self) -> usize {
        self.parts.iter().map(|part| part.dag.len()).sum()
    }

    /// For a node of the DAG, its part and its place in the part.
    pub(crate) fn origin(&self, node: usize) -> (usize, usize) {
        match &self.order {
            Planned::Sum(joined) => {
                let (part, node) = joined.origins[node];
                (part as usize, node as usize)
            }
            Planned::Single(_) | Planned::Broken(_) => (0, node),
        }
    }

    /// Whether a dataset of the catalog passes from node to node.
    pub(crate) fn passes_through_catalog(&self) -> bool {
        let passes = |dag: &Dag| dag.edges().any(|(_, dataset, _)| dataset.kind() == Kind::Catalog);
        *self.passes_through_catalog.get_or_init(|| match &self.order {
            Planned::Single(dag) => passes(dag),
            Planned::Sum(joined) => passes(&joined.dag),
            Planned::Broken(_) => false,
        })
    }

    /// Whether a node may be called several times, or has a time to keep.
    pub(crate) fn has_patience(&self) -> bool {
        let mut nodes = self.parts.iter().flat_map(|part| part.dag.nodes());
        *self.has_patience.get_or_init(|| nodes.any(|node| node.retries() > 0 || node.timeout().is_some()))
    }

    /// What its nodes use of the catalog that may be in files, worked out once.
    pub(crate) fn outside(&self, work_out: impl FnOnce() -> Outside) -> Outside {
        *self.outside.get_or_init(work_out)
    }

    /// Which nodes a node makes ready.
    #[cfg(feature = "rayon")]
    pub(crate) fn flow(&self, dag: &Dag) -> &Flow {
        self.flow.get_or_init(|| Flow::new(dag))
    }

    /// Memory for one run: what an earlier run left, or new. Runs at the same time get one each.
    pub(crate) fn memory(&self) -> Memory {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| {
            let slots = self.parts.iter().flat_map(|part| part.make_slots());
            Memory::new(slots.collect(), self.n_nodes())
        })
    }

    /// Keeps the memory of a run that is over for the next one.
    pub(crate) fn keep(&self, memory: Memory) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Joins two pipelines; see [`Pipeline`]. Whether they fit together is told when the sum is run or its DAG read, and in
/// `pipelines!` when it compiles.
impl<C: 'static, A: Outputs + 'static, B: Outputs + 'static> Add<Pipeline<C, B>> for Pipeline<C, A> {
    type Output = Pipeline<C, (A, B)>;

    fn add(self, other: Pipeline<C, B>) -> Pipeline<C, (A, B)> {
        let name = match (&self.name, &other.name) {
            (Some(a), Some(b)) => Some(Cow::Owned(format!("{a} + {b}"))),
            _ => None,
        };
        let parts: Vec<Arc<Part<C>>> = self.plan.parts.iter().chain(&other.plan.parts).cloned().collect();
        let mut slots_from = Vec::with_capacity(parts.len());
        let mut next = 0;
        for part in &parts {
            slots_from.push(next);
            next += part.slots.len();
        }
        let dags: Vec<&Dag> = parts.iter().map(|part| part.dag).collect();
        let order = join(&dags).map_or_else(Planned::Broken, |joined| Planned::Sum(Arc::new(joined)));

        let left_slots = self.plan.parts.iter().map(|part| part.slots.len()).sum();
        let collect = self.collect.and(other.collect, left_slots);
        let plan = Plan {
            parts,
            slots_from,
            order,
            passes_through_catalog: OnceLock::new(),
            has_patience: OnceLock::new(),
            outside: OnceLock::new(),
            #[cfg(feature = "rayon")]
            flow: OnceLock::new(),
            idle: Mutex::default(),
        };
        Pipeline { name, plan: Arc::new(plan), collect }
    }
}

impl<C, O: Outputs> Clone for Pipeline<C, O> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), plan: Arc::clone(&self.plan), collect: self.collect.clone() }
    }
}

impl<C, O: Outputs> fmt::Debug for Pipeline<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Pipeline");
        debug.field("name", &self.name);
        match &self.plan.order {
            Planned::Broken(problem) => debug.field("problem", problem),
            Planned::Single(dag) => debug.field("nodes", &dag.nodes().collect::<Vec<_>>()),
            Planned::Sum(joined) => debug.field("nodes", &joined.dag.nodes().collect::<Vec<_>>()),
        };
        debug.finish_non_exhaustive()
    }
}
