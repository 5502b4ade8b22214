//! The nodes of a run, whatever the type of its catalog: how one is called, and what its failure is called.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::watch::{Hooks, Vetoed, Watch};
use crate::body::{Failure, Io, Part};
use crate::dag::{Dataset, Node};
use crate::dataset::AnyDataset;
use crate::memory::Memory;
use crate::node::NodeCode;
use crate::panics::message;
use crate::pipeline::Plan;
use crate::slot::Readers;
use crate::{Catalog, Error};

/// What executes nodes.
pub(crate) trait Execute: Sync {
    /// Calls a node, with its hooks.
    fn execute(&self, node: usize, hooks: Hooks<'_>) -> Result<(), Error>;

    /// Calls all nodes in order on this thread, without hooks; an error comes with the node that failed.
    fn execute_all(&self) -> Result<(), (usize, Error)>;

    fn pipeline(&self) -> Option<&str>;
    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset>;
}

/// A pipeline with the catalog and the memory of one run.
pub(super) struct Active<'r, C> {
    pub(super) pipeline: Option<&'r str>,
    pub(super) plan: &'r Plan<C>,
    pub(super) catalog: &'r C,
    pub(super) memory: &'r Memory,
}

/// A node in its part of the pipeline.
struct Place<'r, C> {
    part: &'r Part<C>,
    index: usize,
    /// Where the slots of the part begin.
    slots_from: usize,
}

impl<'r, C> Place<'r, C> {
    fn code(&self) -> &'r NodeCode<C> {
        &self.part.nodes[self.index]
    }

    fn node(&self) -> Node<'r> {
        self.part.dag.nodes().nth(self.index).expect("a part has as many nodes as its DAG")
    }
}

impl<'r, C> Active<'r, C> {
    fn place(&self, node: usize) -> Place<'r, C> {
        let (part, index) = self.plan.origin(node);
        Place { part: &self.plan.parts[part], index, slots_from: self.plan.slots_from[part] }
    }

    fn io(&self, place: &Place<'_, C>, readers: Readers) -> Io<'r> {
        let slots = &self.memory.slots[place.slots_from..place.slots_from + place.part.slots.len()];
        Io { slots, readers, watch: None }
    }

    /// Calls a node. A panic leaves slots as any failure does; the run ends, and its memory is cleared.
    fn call(&self, place: &Place<'_, C>, io: &Io<'_>) -> Result<(), Error> {
        match catch_unwind(AssertUnwindSafe(|| place.code().call(self.catalog, io))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(self.failed(place.node(), *failure)),
            Err(payload) => Err(self.panicked(place.node(), payload)),
        }
    }

    #[cold]
    fn failed(&self, node: Node<'_>, failure: Failure) -> Error {
        let pipeline = self.pipeline.map(str::to_owned);
        let dataset_name = |id: u32| node.dag().datasets().nth(id as usize).map_or("", Dataset::name).to_owned();
        let node = node.to_string();
        match failure {
            Failure::Function(source) => Error::Node { pipeline, node, source },
            Failure::Load(id, source) => {
                Error::Load { pipeline, node, dataset: dataset_name(id), source: source.named_around() }
            }
            Failure::Save(id, source) => {
                Error::Save { pipeline, node, dataset: dataset_name(id), source: source.named_around() }
            }
            Failure::Hook(hook, source) => Error::Hook { pipeline, node: Some(node), hook, source },
        }
    }

    #[cold]
    fn panicked(&self, node: Node<'_>, payload: Box<dyn Any + Send>) -> Error {
        match payload.downcast::<Vetoed>() {
            Ok(vetoed) => self.failed(node, vetoed.0),
            Err(payload) => {
                let (pipeline, node) = (self.pipeline.map(str::to_owned), node.to_string());
                Error::Panicked { pipeline, node, message: message(payload) }
            }
        }
    }
}

impl<C: Catalog + Sync> Execute for Active<'_, C> {
    fn execute(&self, node: usize, hooks: Hooks<'_>) -> Result<(), Error> {
        let place = self.place(node);
        let io = self.io(&place, Readers::OnSeveral);
        if hooks.is_empty() {
            return self.call(&place, &io);
        }
        let watch = Watch::new(hooks, self.pipeline, place.node());
        let io = Io { watch: Some(&watch), ..io };
        let result = match watch.before_node() {
            Ok(()) => self.call(&place, &io),
            Err(failure) => Err(self.failed(place.node(), failure)),
        };
        let result = result.and_then(|()| watch.after_node().map_err(|failure| self.failed(place.node(), failure)));
        if let Err(error) = &result {
            watch.node_failed(error);
        }
        result
    }

    fn execute_all(&self) -> Result<(), (usize, Error)> {
        let n_nodes: usize = self.plan.parts.iter().map(|part| part.nodes.len()).sum();
        let current = Cell::new(0);
        let call_all = || {
            if let [part] = self.plan.parts.as_slice() {
                let io = Io { slots: &self.memory.slots, readers: Readers::OnOneThread, watch: None };
                for (index, node) in part.nodes.iter().enumerate() {
                    current.set(index);
                    node.call(self.catalog, &io)?;
                }
                return Ok(());
            }
            (0..n_nodes).try_for_each(|node| {
                current.set(node);
                let place = self.place(node);
                place.code().call(self.catalog, &self.io(&place, Readers::OnOneThread))
            })
        };
        // As in `call`; which node it was is known behind it.
        match catch_unwind(AssertUnwindSafe(call_all)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err((current.get(), self.failed(self.place(current.get()).node(), *failure))),
            Err(payload) => Err((current.get(), self.panicked(self.place(current.get()).node(), payload))),
        }
    }

    fn pipeline(&self) -> Option<&str> {
        self.pipeline
    }

    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset> {
        self.catalog.dataset(name)
    }
}
