//! How a run calls hooks: in their order, with the time if they want it, and never with a panic that gets away.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::together::Together;
use crate::dag::{Dag, DatasetId, Node};
use crate::dataset::AnyDataset;
use crate::error::Cause;
use crate::hook::{DatasetEvent, Hook, NodeEvent, RunEvent, RunId};
use crate::io::Failure;
use crate::panics::{caught, message};
use crate::{BoxError, Error};

/// The hooks of a run.
#[derive(Clone, Copy)]
pub(crate) struct Hooks<'h> {
    in_order: &'h [&'h dyn Hook],
    /// Whether one of them wants timings.
    timed: bool,
    run: RunId,
}

/// What a hook had to say against something: its name, and the error. In a box, since each event could return one.
struct Veto(Box<(String, Cause)>);

impl<'h> Hooks<'h> {
    /// Fails if a hook panics when it is asked whether it wants timings.
    pub(super) fn new(hooks: &'h [&'h dyn Hook], pipeline: Option<&str>) -> Result<Self, Error> {
        let run = if hooks.is_empty() { RunId::NOBODY_ASKS } else { RunId::new() };
        let mut new = Self { in_order: hooks, timed: false, run };
        let mut timed = false;
        let asked = new.each(|hook| {
            timed |= hook.wants_timings();
            Ok(())
        });
        new.timed = timed;
        asked.map(|()| new).map_err(|veto| of_run(veto, pipeline))
    }

    /// Where hooks are called elsewhere, or not at all.
    #[cfg(feature = "process")]
    pub(super) fn none() -> Self {
        Self { in_order: &[], timed: false, run: RunId::NOBODY_ASKS }
    }

    pub(super) fn is_empty(self) -> bool {
        self.in_order.is_empty()
    }

    fn now(self) -> Option<Instant> {
        self.timed.then(Instant::now)
    }

    /// Calls one method of each, up to the first that fails or panics.
    #[inline]
    fn each(self, mut call: impl FnMut(&dyn Hook) -> Result<(), BoxError>) -> Result<(), Veto> {
        for &hook in self.in_order {
            match catch_unwind(AssertUnwindSafe(|| call(hook))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(veto(hook, error)),
                Err(payload) => return Err(panicked(hook, payload)),
            }
        }
        Ok(())
    }

    /// Calls one method of each that returns nothing, with how long it took for those that want to know. If one panics, the others are
    /// called all the same: what they began before has its end.
    #[inline]
    fn each_after(self, took: Option<Duration>, mut call: impl FnMut(&dyn Hook, Option<Duration>)) -> Result<(), Veto> {
        let mut first = None;
        for &hook in self.in_order {
            let told = || call(hook, if took.is_some() && hook.wants_timings() { took } else { None });
            if let Err(payload) = catch_unwind(AssertUnwindSafe(told)) {
                let panicked = panicked(hook, payload);
                first.get_or_insert(panicked);
            }
        }
        first.map_or(Ok(()), Err)
    }
}

#[cold]
fn veto(hook: &dyn Hook, error: BoxError) -> Veto {
    Veto(Box::new((name(hook), error.into())))
}

/// What a hook calls itself, or that it panicked instead.
#[cold]
pub(super) fn name(hook: &dyn Hook) -> String {
    caught(|| hook.name().to_owned()).unwrap_or_else(|said| format!("(its `name` panicked: {said})"))
}

#[cold]
fn of_run(veto: Veto, pipeline: Option<&str>) -> Error {
    let (hook, source) = *veto.0;
    Error::Hook { pipeline: pipeline.map(str::to_owned), node: None, hook, source }
}

/// A panic is an error too.
#[cold]
fn panicked(hook: &dyn Hook, payload: Box<dyn Any + Send>) -> Veto {
    veto(hook, format!("it panicked: {}", message(payload)).into())
}

/// The hooks of a run, around all its nodes.
pub(super) struct WatchRun<'r> {
    hooks: Hooks<'r>,
    event: RunEvent<'r>,
    started: Option<Instant>,
}

impl<'r> WatchRun<'r> {
    pub(super) fn new(hooks: Hooks<'r>, pipeline: Option<&'r str>, dag: &'r Dag) -> Self {
        Self { hooks, event: RunEvent { run: hooks.run, pipeline, dag, took: None }, started: hooks.now() }
    }

    pub(super) fn before(&self, datasets: &[(&'static str, &dyn AnyDataset)]) -> Result<(), Error> {
        let catalog_created = self.hooks.each(|hook| {
            hook.after_catalog_created(datasets);
            Ok(())
        });
        let result = catalog_created.and_then(|()| self.hooks.each(|hook| hook.before_pipeline_run(&self.event)));
        result.map_err(|veto| of_run(veto, self.event.pipeline))
    }

    fn took(&self) -> Option<Duration> {
        self.started.map(|started| started.elapsed())
    }

    pub(super) fn after(&self, error: Option<&Error>) -> Result<(), Error> {
        let result = self.hooks.each_after(self.took(), |hook, took| {
            let event = RunEvent { took, ..self.event };
            match error {
                Some(error) => hook.on_pipeline_error(&event, error),
                None => hook.after_pipeline_run(&event),
            }
        });
        result.map_err(|veto| of_run(veto, self.event.pipeline))
    }
}

/// The hooks of a run, around one node and its datasets.
pub(crate) struct Watch<'r> {
    hooks: Hooks<'r>,
    /// With the node in its part of the pipeline, by whose ids its datasets are known.
    event: NodeEvent<'r>,
    started: Option<Instant>,
    /// If its loads and saves are to be asynchronous.
    pub(super) together: Option<Box<Together<'r>>>,
    /// When the time of this attempt is over.
    pub(super) deadline: Cell<Option<Instant>>,
    /// Why the node fails at its end: a hook has failed at an output in memory.
    veto: Cell<Option<Box<Failure>>>,
}

impl<'r> Watch<'r> {
    pub(super) fn new(
        hooks: Hooks<'r>,
        pipeline: Option<&'r str>,
        node: Node<'r>,
        together: Option<Box<Together<'r>>>,
    ) -> Self {
        let event = NodeEvent { run: hooks.run, pipeline, node, took: None };
        Self { hooks, event, started: hooks.now(), together, deadline: Cell::default(), veto: Cell::default() }
    }

    /// Whether the node has taken longer than it may: then nothing more of it is saved in the catalog.
    pub(crate) fn time_is_over(&self) -> bool {
        self.deadline.get().is_some_and(|deadline| deadline < Instant::now())
    }

    /// Begins an attempt at the node, which is to be done by then.
    pub(super) fn begin(&self, deadline: Option<Instant>) {
        self.deadline.set(deadline);
        self.veto.take();
    }

    /// Has the node fail when it is done.
    pub(crate) fn fail_at_the_end(&self, failure: Box<Failure>) {
        self.veto.set(Some(failure));
    }

    pub(crate) fn has_failed(&self) -> bool {
        let veto = self.veto.take();
        let has_failed = veto.is_some();
        self.veto.set(veto);
        has_failed
    }

    /// Ends the node, or what is left of it.
    #[cold]
    #[inline(never)]
    pub(crate) fn end(&self) -> Result<(), Box<Failure>> {
        self.veto.take().map_or(Ok(()), Err)
    }

    pub(super) fn is_timed(&self) -> bool {
        self.hooks.timed
    }

    fn took(&self) -> Option<Duration> {
        self.started.map(|started| started.elapsed())
    }

    fn event(&self, took: Option<Duration>) -> NodeEvent<'r> {
        NodeEvent { took, ..self.event }
    }

    fn dataset(&self, id: u32, took: Option<Duration>) -> DatasetEvent<'r> {
        let NodeEvent { run, pipeline, node, .. } = self.event;
        DatasetEvent { run, pipeline, node, dataset: node.dag().dataset(DatasetId(id)), took }
    }

    pub(super) fn before_node(&self) -> Result<(), Failure> {
        self.hooks.each(|hook| hook.before_node_run(&self.event)).map_err(failure)
    }

    pub(super) fn after_node(&self) -> Result<(), Failure> {
        self.hooks.each_after(self.took(), |hook, took| hook.after_node_run(&self.event(took))).map_err(failure)
    }

    /// What a hook does wrong here is less than what it is told of.
    pub(super) fn node_failed(&self, error: &Error) {
        drop(self.hooks.each_after(self.took(), |hook, took| hook.on_node_error(&self.event(took), error)));
    }

    /// Before a load: when that is, if a hook wants to know.
    pub(crate) fn before_load(&self, id: u32) -> Result<Option<Instant>, Box<Failure>> {
        let event = self.dataset(id, None);
        let result = self.hooks.each(|hook| hook.before_dataset_loaded(&event));
        result.map_err(boxed).map(|()| self.hooks.now())
    }

    pub(crate) fn loaded(&self, id: u32, took: Option<Duration>, value: &dyn Any) -> Result<(), Box<Failure>> {
        let event = self.dataset(id, None);
        let call = |hook: &dyn Hook, took| hook.after_dataset_loaded(&DatasetEvent { took, ..event }, value);
        self.hooks.each_after(took, call).map_err(boxed)
    }

    /// Before a save: when that is, if a hook wants to know.
    pub(crate) fn before_save(&self, id: u32, value: &dyn Any) -> Result<Option<Instant>, Box<Failure>> {
        let event = self.dataset(id, None);
        let result = self.hooks.each(|hook| hook.before_dataset_saved(&event, value));
        result.map_err(boxed).map(|()| self.hooks.now())
    }

    pub(crate) fn saved(&self, id: u32, took: Option<Duration>) -> Result<(), Box<Failure>> {
        let event = self.dataset(id, None);
        let call = |hook: &dyn Hook, took| hook.after_dataset_saved(&DatasetEvent { took, ..event });
        self.hooks.each_after(took, call).map_err(boxed)
    }
}

#[cold]
fn failure(veto: Veto) -> Failure {
    let (hook, source) = *veto.0;
    Failure::Hook(hook, source)
}

#[cold]
fn boxed(veto: Veto) -> Box<Failure> {
    Box::new(failure(veto))
}
