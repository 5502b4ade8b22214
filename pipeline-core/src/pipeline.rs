//! A pipeline as a value: a DAG, something to call for each of its nodes, and a way to collect its outputs.

mod sum;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::sum::Terms;
use crate::body::Part;
use crate::collect::Collect;
#[cfg(feature = "rayon")]
use crate::dag::flow::Flow;
use crate::dag::join::Joined;
use crate::dag::{Dag, Kind, Selection, SharedDag, Slice};
use crate::memory::Memory;
use crate::run::Outside;
use crate::{Error, Outputs};

/// A pipeline over the catalog `C` whose runs return `O`.
///
/// `pipeline!` makes one; a [`Runner`](crate::Runner) runs it, as often as you like. Cloning is cheap. `a + b` joins two pipelines
/// over the same catalog: they meet in the datasets of the catalog that both name, and a run of the sum returns both outputs.
///
/// # Sums
///
/// A part that a sum has twice is there once, as in Kedro: `(a() + b()) + (b() + c())` has the nodes of `a`, `b` and `c`. A part is a
/// pipeline that is an item, or one value and its clones; two pipelines that were written apart stay two, also if their nodes are equal.
/// One exception follows from the types: where a sum returns the free outputs of a part twice, the part is there twice, since its values
/// exist once. If it writes datasets of the catalog, which have one writer, that is an error when the sum is run;
/// [`without_outputs`](Self::without_outputs) before the `+` drops the outputs on one side.
///
/// The type of `a + b + c` grows with each `+`: rustc takes 128 of them, which is its recursion limit. Any number of pipelines is
/// joined by [`sum`](Iterator::sum), to one that returns no outputs; `pipelines!` does so too.
///
/// ```
/// # use pipeline_core::prelude::*;
/// # catalog! { struct Catalog { xs: Memory<Vec<f64>>, mean: Memory<f64>, low: Memory<f64>, high: Memory<f64> } }
/// # pipeline! { averaging for Catalog { node(|xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64, [xs] -> [mean]) } }
/// # pipeline! { flooring for Catalog { node(f64::floor, [mean] -> [low]) } }
/// # pipeline! { ceiling for Catalog { node(f64::ceil, [mean] -> [high]) } }
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let low = averaging() + flooring();
/// let high = averaging() + ceiling();
/// assert_eq!((low + high).dag()?.len(), 3);
///
/// let all = [averaging().without_outputs(), flooring().without_outputs(), ceiling().without_outputs()];
/// let all: Pipeline<Catalog> = all.into_iter().sum();
/// assert_eq!(all.name(), Some("averaging + flooring + ceiling"));
/// # Ok(())
/// # }
/// ```
///
/// # Example
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
    /// Whether that is what its parts are called, as it is until [`named`](Pipeline::named) says otherwise.
    is_called_by_its_parts: bool,
    made_of: Arc<MadeOf<C>>,
    collect: Collect<O>,
}

/// What clones share. A sum is joined when it is first asked for, so that `a + b + c` is not joined at each `+`.
struct MadeOf<C> {
    terms: Terms<C>,
    /// The terms whose free outputs a run returns.
    wanted: Vec<usize>,
    plan: OnceLock<Result<Plan<C>, String>>,
}

/// What runs share: it never changes once it is made, but for the memory that runs hand on to each other.
pub(crate) struct Plan<C> {
    pub(crate) parts: Vec<Arc<Part<C>>>,
    /// Where the slots of each part begin.
    pub(crate) slots_from: Vec<usize>,
    /// Where the slots of each term of the sum begin.
    pub(crate) begins: Vec<usize>,
    order: Order,
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
enum Order {
    Single(&'static Dag),
    Sum(Arc<Joined>),
}

impl<C> MadeOf<C> {
    fn new(terms: Terms<C>, wanted: Vec<usize>) -> Self {
        Self { terms, wanted, plan: OnceLock::new() }
    }

    fn plan(&self) -> Result<&Plan<C>, &str> {
        self.plan.get_or_init(|| self.terms.plan(&self.wanted)).as_ref().map_err(String::as_str)
    }
}

impl<C, O: Outputs> Pipeline<C, O> {
    pub(crate) fn single(name: Option<&'static str>, part: Part<C>, collect: Collect<O>) -> Self {
        let collect = collect.of(part.dag);
        let name = name.map(Cow::Borrowed);
        let made_of = MadeOf::new(Terms::one(part, name.clone()), collect.wanted().to_vec());
        Self { name, is_called_by_its_parts: true, made_of: Arc::new(made_of), collect }
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
        self.is_called_by_its_parts = false;
        self
    }

    /// Its DAG.
    ///
    /// # Errors
    ///
    /// Fails for a sum whose parts do not fit together: a dataset with two writers, two nodes of one name, a cycle.
    pub fn dag(&self) -> Result<&Dag, Error> {
        self.plan().map(Plan::dag)
    }

    /// Its DAG, for those that outlive it.
    pub(crate) fn shared_dag(&self) -> Result<SharedDag, Error> {
        Ok(match &self.plan()?.order {
            Order::Single(dag) => SharedDag::Static(dag),
            Order::Sum(joined) => SharedDag::Sum(Arc::clone(joined)),
        })
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
        let Self { name, is_called_by_its_parts, made_of, .. } = self;
        Pipeline { name, is_called_by_its_parts, made_of: sum::without_outputs(made_of), collect: Collect::nothing() }
    }

    /// # Errors
    ///
    /// Fails as [`dag`](Self::dag) does.
    pub(crate) fn plan(&self) -> Result<&Plan<C>, Error> {
        self.made_of.plan().map_err(|problem| self.broken(problem))
    }

    pub(crate) fn collect(&self) -> &Collect<O> {
        &self.collect
    }

    fn label(&self) -> String {
        self.name().map_or_else(|| "a sum".to_owned(), |name| format!("`{name}`"))
    }
}

impl<C> Plan<C> {
    /// The plan of these parts, in this order; each term of the sum is one of them.
    fn new(parts: Vec<Arc<Part<C>>>, terms: &[usize], order: Order) -> Self {
        let mut slots_from = Vec::with_capacity(parts.len());
        let mut next = 0;
        for part in &parts {
            slots_from.push(next);
            next += part.slots.len();
        }
        Self {
            begins: terms.iter().map(|&part| slots_from[part]).collect(),
            parts,
            slots_from,
            order,
            passes_through_catalog: OnceLock::new(),
            has_patience: OnceLock::new(),
            outside: OnceLock::new(),
            #[cfg(feature = "rayon")]
            flow: OnceLock::new(),
            idle: Mutex::default(),
        }
    }

    fn dag(&self) -> &Dag {
        match &self.order {
            Order::Single(dag) => dag,
            Order::Sum(joined) => &joined.dag,
        }
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.parts.iter().map(|part| part.dag.len()).sum()
    }

    /// For a node of the DAG, its part and its place in the part.
    pub(crate) fn origin(&self, node: usize) -> (usize, usize) {
        match &self.order {
            Order::Sum(joined) => {
                let (part, node) = joined.origins[node];
                (part as usize, node as usize)
            }
            Order::Single(_) => (0, node),
        }
    }

    /// Whether a dataset of the catalog passes from node to node.
    pub(crate) fn passes_through_catalog(&self) -> bool {
        let passes = |dag: &Dag| dag.edges().any(|(_, dataset, _)| dataset.kind() == Kind::Catalog);
        *self.passes_through_catalog.get_or_init(|| passes(self.dag()))
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

impl<C, O: Outputs> Clone for Pipeline<C, O> {
    fn clone(&self) -> Self {
        let Self { name, is_called_by_its_parts, made_of, collect } = self;
        Self {
            name: name.clone(),
            is_called_by_its_parts: *is_called_by_its_parts,
            made_of: Arc::clone(made_of),
            collect: collect.clone(),
        }
    }
}

impl<C, O: Outputs> fmt::Debug for Pipeline<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Pipeline");
        debug.field("name", &self.name);
        match self.made_of.plan() {
            Ok(plan) => debug.field("nodes", &plan.dag().nodes().collect::<Vec<_>>()),
            Err(problem) => debug.field("problem", &problem),
        };
        debug.finish_non_exhaustive()
    }
}
