//! The nodes of a run, whatever the type of its catalog: how one is called, and what its failure is called.

#![expect(unsafe_code, reason = "an `Io` relies on the rules of `slot.rs`; each block says who keeps them")]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(feature = "process")]
use super::elsewhere::Elsewhere;
use super::together::Together;
use super::watch::{Hooks, Watch};
use crate::body::Part;
#[cfg(feature = "rayon")]
use crate::dag::Dag;
#[cfg(feature = "rayon")]
use crate::dag::flow::Flow;
use crate::dag::{Dataset, Node, NodeId};
use crate::dataset::AnyDataset;
use crate::io::{Ended, Failure, Io};
use crate::memory::Memory;
use crate::node::NodeCode;
use crate::panics::message;
use crate::pipeline::Plan;
#[cfg(feature = "process")]
use crate::portable::Away;
use crate::slot::{AnySlot, Readers};
use crate::{Catalog, Error};

/// What executes nodes.
pub(crate) trait Execute: Sync {
    /// Calls a node, with its hooks.
    ///
    /// # Safety
    ///
    /// It is the turn of the node, and the caller alone executes it in this run (rule 2 of `slot.rs`). What the caller says about it
    /// afterwards, it says by [`Memory`] or another means that synchronises threads.
    unsafe fn execute(&self, node: usize, hooks: Hooks<'_>) -> Result<(), Error>;

    /// Calls all nodes in order on this thread, without hooks; an error comes with the node that failed.
    ///
    /// # Safety
    ///
    /// As [`execute`](Self::execute), of all nodes.
    unsafe fn execute_all(&self) -> Result<(), (usize, Error)>;

    /// Whether it can.
    fn can_execute_all(&self) -> bool;

    /// Calls those nodes on this thread that `next` names, which is told each time which one is done; as [`execute_all`](Self::execute_all).
    ///
    /// # Safety
    ///
    /// As [`execute`](Self::execute), of each node that `next` names.
    #[cfg(feature = "rayon")]
    unsafe fn execute_each(&self, next: &mut dyn FnMut(Option<usize>) -> Option<usize>) -> Result<(), (usize, Error)>;

    /// Which nodes a node of this DAG, that of the pipeline, makes ready.
    #[cfg(feature = "rayon")]
    fn flow(&self, dag: &Dag) -> &Flow;

    /// The same nodes, for other processes.
    #[cfg(feature = "process")]
    fn elsewhere(&self) -> &dyn Elsewhere;

    fn pipeline(&self) -> Option<&str>;
    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset>;
}

/// A pipeline with the catalog and the memory of one run.
pub(super) struct Active<'r, C> {
    pub(super) pipeline: Option<&'r str>,
    pub(super) plan: &'r Plan<C>,
    pub(super) catalog: &'r C,
    pub(super) memory: &'r Memory,
    pub(super) is_async: bool,
    /// In a worker process, what the catalog of the run's own process holds.
    #[cfg(feature = "process")]
    pub(super) away: Option<&'r Away<'r>>,
}

/// A node in its part of the pipeline.
pub(super) struct Place<'r, C> {
    pub(super) part: &'r Part<C>,
    index: usize,
    /// Where the slots of the part begin.
    pub(super) slots_from: usize,
}

impl<'r, C> Place<'r, C> {
    pub(super) fn code(&self) -> &'r NodeCode<C> {
        &self.part.nodes[self.index]
    }

    pub(super) fn node(&self) -> Node<'r> {
        self.part.dag.node(NodeId::at(self.index))
    }
}

impl<'r, C> Active<'r, C> {
    /// Whether to call a node takes more than its own code: retries, a timeout, asynchronous loads.
    pub(super) fn is_special(&self) -> bool {
        self.is_async || self.plan.has_patience()
    }

    pub(super) fn place(&self, node: usize) -> Place<'r, C> {
        let (part, index) = self.plan.origin(node);
        Place { part: &self.plan.parts[part], index, slots_from: self.plan.slots_from[part] }
    }

    /// The slots of its part.
    pub(super) fn slots(&self, place: &Place<'_, C>) -> &'r [AnySlot] {
        &self.memory.slots[place.slots_from..place.slots_from + place.part.slots.len()]
    }

    /// What a node uses its slots by.
    ///
    /// # Safety
    ///
    /// It is lent to this node while that is executed. With [`Readers::OnOneThread`], all nodes of the run are executed on this thread.
    pub(super) unsafe fn io(&self, place: &Place<'_, C>, readers: Readers) -> Io<'r> {
        Io {
            #[cfg(feature = "process")]
            away: self.away,
            // SAFETY: as the caller promises.
            ..unsafe { Io::new(self.slots(place), readers) }
        }
    }

    /// Calls a node. A panic leaves slots as any failure does; the run ends, and its memory is cleared.
    pub(super) fn call(&self, place: &Place<'_, C>, call: impl FnOnce() -> Ended) -> Result<(), Error> {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(self.failed(place.node(), *failure)),
            Err(payload) => Err(self.panicked(place.node(), payload)),
        }
    }

    /// Calls several nodes, as [`call`](Self::call) one; which of them failed, `current` tells behind it.
    ///
    /// # Safety
    ///
    /// `call` calls the nodes that the caller executes, and sets `current` before each.
    unsafe fn call_several(&self, current: &Cell<usize>, call: impl FnOnce() -> Ended) -> Result<(), (usize, Error)> {
        let result = catch_unwind(AssertUnwindSafe(call));
        let place = match &result {
            Ok(Ok(())) => return Ok(()),
            _ => self.place(current.get()),
        };
        // SAFETY: the call has ended at this node, which is not said to be done.
        unsafe { self.take_back(&place) };
        let result = match result {
            Ok(ended) => ended.map_err(|failure| self.failed(place.node(), *failure)),
            Err(payload) => Err(self.panicked(place.node(), payload)),
        };
        result.map_err(|error| (current.get(), error))
    }

    /// Has a node called in another process, between its hooks.
    ///
    /// # Safety
    ///
    /// The caller executes the node: as [`Execute::execute`].
    #[cfg(feature = "process")]
    pub(super) unsafe fn between_hooks(
        &self,
        place: &Place<'_, C>,
        hooks: Hooks<'_>,
        call: impl FnOnce(Option<&Watch<'_>>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if hooks.is_empty() {
            return call(None);
        }
        let watch = Watch::new(hooks, self.pipeline, place.node(), None);
        let result = match watch.before_node() {
            Ok(()) => call(Some(&watch)),
            Err(failure) => Err(self.failed(place.node(), failure)),
        };
        let result = result.and_then(|()| watch.after_node().map_err(|failure| self.failed(place.node(), failure)));
        if let Err(error) = &result {
            // SAFETY: the caller executes the node, which is not said to be done.
            unsafe { self.take_back(place) };
            watch.node_failed(error);
        }
        result
    }

    #[cold]
    pub(super) fn failed(&self, node: Node<'_>, failure: Failure) -> Error {
        let pipeline = self.pipeline.map(str::to_owned);
        let dataset_name = |id: u32| node.dag().datasets().nth(id as usize).map_or("", Dataset::name).to_owned();
        let name = node.to_string();
        match failure {
            Failure::Function(source) => Error::Node { pipeline, node: name, source },
            Failure::Panicked(message) => Error::Panicked { pipeline, node: name, message },
            Failure::Load(id, source) => {
                let dataset = dataset_name(id);
                Error::Load { pipeline, node: name, source: source.named_around(&dataset), dataset }
            }
            Failure::Save(id, source) => {
                let dataset = dataset_name(id);
                Error::Save { pipeline, node: name, source: source.named_around(&dataset), dataset }
            }
            Failure::Hook(hook, source) => Error::Hook { pipeline, node: Some(name), hook, source },
            Failure::TimeIsOver => self.timed_out(node, None),
            Failure::OnlyAsked => unreachable!("a node that is called in earnest is not only asked"),
        }
    }

    #[cold]
    pub(super) fn panicked(&self, node: Node<'_>, payload: Box<dyn Any + Send>) -> Error {
        self.failed(node, Failure::Panicked(message(payload)))
    }
}

impl<C: Catalog + Sync> Execute for Active<'_, C> {
    unsafe fn execute(&self, node: usize, hooks: Hooks<'_>) -> Result<(), Error> {
        let place = self.place(node);
        if hooks.is_empty() && !self.is_special() {
            // SAFETY: it is lent to the node that the caller executes.
            let io = unsafe { self.io(&place, Readers::OnSeveral) };
            let result = self.call(&place, || place.code().call(self.catalog, &io));
            // SAFETY: the caller executes the node, which is not said to be done.
            return result.inspect_err(|_| unsafe { self.take_back(&place) });
        }
        let datasets = |name: &str| self.catalog.dataset(name);
        let together = if self.is_async { Together::new(place.node(), datasets, |_| true).map(Box::new) } else { None };
        let watch = Watch::new(hooks, self.pipeline, place.node(), together);
        let result = match watch.before_node() {
            // SAFETY: the caller executes the node.
            Ok(()) => unsafe { self.attempt(&place, &watch) },
            Err(failure) => Err(self.failed(place.node(), failure)),
        };
        let result = result.and_then(|()| watch.after_node().map_err(|failure| self.failed(place.node(), failure)));
        if let Err(error) = &result {
            // SAFETY: the caller executes the node, which is not said to be done.
            unsafe { self.take_back(&place) };
            watch.node_failed(error);
        }
        result
    }

    #[cfg(feature = "process")]
    fn elsewhere(&self) -> &dyn Elsewhere {
        self
    }

    unsafe fn execute_all(&self) -> Result<(), (usize, Error)> {
        let current = Cell::new(0);
        let call_all = || {
            if let [part] = self.plan.parts.as_slice() {
                // SAFETY: it is lent to the nodes of the one part, which the caller has executed on this thread, one after the other.
                let io = unsafe { Io::new(&self.memory.slots, Readers::OnOneThread) };
                return part.call_all(self.catalog, io, &current);
            }
            (0..self.plan.n_nodes()).try_for_each(|node| {
                current.set(node);
                let place = self.place(node);
                // SAFETY: as above, but for the parts of a sum.
                let io = unsafe { self.io(&place, Readers::OnOneThread) };
                place.code().call(self.catalog, &io)
            })
        };
        // SAFETY: the caller executes all nodes.
        unsafe { self.call_several(&current, call_all) }
    }

    #[cfg(feature = "rayon")]
    unsafe fn execute_each(&self, next: &mut dyn FnMut(Option<usize>) -> Option<usize>) -> Result<(), (usize, Error)> {
        let current = Cell::new(0);
        let call_each = || {
            let mut done = None;
            if let [part] = self.plan.parts.as_slice() {
                // SAFETY: it is lent to the nodes of the one part that `next` names, which the caller executes.
                let io = unsafe { Io::new(&self.memory.slots, Readers::OnSeveral) };
                while let Some(node) = next(done) {
                    current.set(node);
                    part.nodes[node].call(self.catalog, &io)?;
                    done = Some(node);
                }
                return Ok(());
            }
            while let Some(node) = next(done) {
                current.set(node);
                let place = self.place(node);
                // SAFETY: as above, but for the parts of a sum.
                let io = unsafe { self.io(&place, Readers::OnSeveral) };
                place.code().call(self.catalog, &io)?;
                done = Some(node);
            }
            Ok(())
        };
        // SAFETY: the caller executes the nodes that `next` names.
        unsafe { self.call_several(&current, call_each) }
    }

    #[cfg(feature = "rayon")]
    fn flow(&self, dag: &Dag) -> &Flow {
        self.plan.flow(dag)
    }

    fn can_execute_all(&self) -> bool {
        !self.is_special()
    }

    fn pipeline(&self) -> Option<&str> {
        self.pipeline
    }

    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset> {
        self.catalog.dataset(name)
    }
}
