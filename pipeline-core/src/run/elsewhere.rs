//! Nodes that are executed in other processes, as the process of the run has them: what their inputs become on the way there, and
//! their outputs on the way back.
//!
//! The run's own process has values in memory as the bytes in which they cross, and makes values of them only for those who look: the
//! run's outputs, its hooks, and the datasets of its catalog.
//!
//! With hooks it loads and saves every dataset of the catalog itself, between their calls: so they see each value, and what they
//! refuse to save is not saved.

#![expect(unsafe_code, reason = "a node uses slots, by the rules of `slot.rs`; each block says who keeps them")]

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::active::{Active, Place};
use super::attempt::try_again;
use super::together::{Done, load_together, save_together};
pub(crate) use super::values::{Keeper, Value, Values, Wanted};
use super::watch::{Hooks, Watch};
use crate::dag::{Dataset, DatasetId, Kind, Node, NodeId, Selection};
use crate::dataset::AnyDataset;
use crate::error::told::Told;
use crate::io::Failure;
use crate::panics::caught;
use crate::portable::{CanShow, Crosses, Loaded, Ports, Problem};
use crate::worker::bytes::Bytes;
use crate::{Catalog, DatasetError, Error};

/// Inputs or outputs of a node, by their place in its part of the DAG.
pub(crate) type Carried<B> = Vec<(u32, B)>;

/// Another process that executes a node.
pub(crate) trait There {
    /// Sees to it that the process is there: what that takes is not the node's time.
    fn prepare(&mut self) -> Result<(), Error>;

    /// Has the node called with these inputs, and gets these outputs.
    fn call(&mut self, inputs: &Carried<Wanted>, outputs: &[u32], deadline: Option<Instant>) -> Answer;
}

/// How a call ended.
pub(crate) enum Answer {
    Made(Made),
    Failed(Told),
    /// Its time was over, and the process has been ended.
    TimeIsOver,
    /// There is no answer, and the process has been ended.
    None(Error),
}

/// The outputs of a node, and the worker that has made them.
pub(crate) struct Made {
    pub(crate) outputs: Carried<Bytes>,
    pub(crate) by: Arc<Keeper>,
}

/// The outputs of a node, by slot, for those who read them once it has gone well.
type Outputs = Vec<(usize, Arc<Value>)>;

/// An input of a node, as it is sent to a worker.
pub(crate) enum Input {
    Sent(Arc<Value>),
    /// Not at all: the worker has kept it.
    Kept {
        is_last: bool,
    },
}

/// An input of a node, as a worker gets it.
#[derive(Debug)]
pub(crate) enum Arrived {
    Bytes(Bytes),
    /// It is here. If it is not the last time that it is read, it stays.
    Kept {
        is_last: bool,
    },
}

/// What two processes must agree on before one executes nodes for the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) pipeline: String,
    /// A sum over its DAG: a pipeline of the same name may be another.
    pub(crate) dag: u64,
    /// Where each dataset is that both reach.
    pub(crate) places: Vec<(String, String)>,
    /// The parameters, if nodes read them.
    pub(crate) parameters: Option<Vec<u8>>,
    /// From which folder relative paths are.
    pub(crate) folder: Option<OsString>,
    /// Whether what a node loads from the catalog, or saves, is loaded or saved at the same time.
    pub(crate) is_async: bool,
    /// Whether there are hooks, for which the run's own process loads and saves all datasets of the catalog.
    pub(crate) are_watched: bool,
}

/// What sends nodes of a run to other processes, whatever the type of its catalog.
pub(crate) trait Elsewhere: Sync {
    /// What a worker must agree to, to execute these nodes, if not all.
    fn agreement(&self, hooks: Hooks<'_>, selection: Option<&Selection>) -> Result<Agreement, Error>;
    /// Where the values of a run are, of which these nodes read some, if not all.
    fn values(&self, selection: Option<&Selection>) -> Values;
    /// Has a node executed, with its hooks, and again if it fails and has retries.
    ///
    /// # Safety
    ///
    /// The caller executes the node: as [`Execute::execute`](super::active::Execute::execute).
    unsafe fn execute_elsewhere(
        &self,
        node: usize,
        hooks: Hooks<'_>,
        values: &Values,
        there: &mut dyn There,
    ) -> Result<(), Error>;
    /// Counts a node out that will not read its inputs, or not any more.
    fn count_out(&self, node: usize, values: &Values);
    /// How many bytes of a node's inputs a worker has already.
    fn kept_for(&self, node: usize, values: &Values, keeper: &Keeper) -> usize;
}

impl<C: Catalog + Sync> Elsewhere for Active<'_, C> {
    fn agreement(&self, hooks: Hooks<'_>, selection: Option<&Selection>) -> Result<Agreement, Error> {
        let Some(pipeline) = self.pipeline.filter(|_| self.plan.parts.iter().all(|part| part.ports.is_some())) else {
            return Err(self.not_portable());
        };
        let refused =
            |problem| Error::Worker { pipeline: Some(pipeline.to_owned()), node: None, problem, source: None };
        let are_watched = !hooks.is_empty();
        if are_watched {
            self.check_that_hooks_can_see(selection).map_err(refused)?;
        }
        let mut parameters = self.plan.parts.iter().filter_map(|part| part.ports.as_ref()?.parameters.as_deref());
        let parameters = parameters.next().map(|port| {
            let encoded = caught(|| port.get(self.catalog))
                .unwrap_or_else(|panic| Err(format!("their `Serialize` panicked: {panic}")));
            encoded.map_err(|problem| refused(format!("the parameters cannot leave the process: {problem}")))
        });
        let (dag, places) = self.agreed().map_err(refused)?;
        Ok(Agreement {
            pipeline: pipeline.to_owned(),
            dag,
            places,
            parameters: parameters.transpose()?,
            folder: std::env::current_dir().ok().map(Into::into),
            is_async: self.is_async,
            are_watched,
        })
    }

    fn values(&self, selection: Option<&Selection>) -> Values {
        let mut n_readers = vec![0; self.memory.slots.len()];
        let reads = |node: &usize| selection.is_none_or(|nodes| nodes.contains(NodeId::at(*node)));
        for node in (0..self.plan.n_nodes()).filter(reads) {
            self.place(node).inputs_in_memory().for_each(|slot| n_readers[slot] += 1);
        }
        Values::new(n_readers)
    }

    unsafe fn execute_elsewhere(
        &self,
        node: usize,
        hooks: Hooks<'_>,
        values: &Values,
        there: &mut dyn There,
    ) -> Result<(), Error> {
        let place = self.place(node);
        let mut outputs = Vec::new();
        let call = |watch: Option<&Watch<'_>>| {
            try_again(place.node(), || {
                there.prepare()?;
                let result = self.in_time(place.node(), |deadline| {
                    // SAFETY: the caller executes the node.
                    outputs = unsafe { self.call_there(&place, watch, values, there, deadline)? };
                    Ok(())
                });
                if result.is_err() {
                    // It may have been too late. The worker is to forget them before it makes others.
                    outputs.clear();
                }
                result
            })
        };
        // SAFETY: the caller executes the node.
        let result = unsafe { self.between_hooks(&place, hooks, call) };
        if result.is_ok() {
            for (slot, value) in outputs {
                values.put(slot, value);
            }
        }
        self.count_out(node, values);
        result
    }

    fn count_out(&self, node: usize, values: &Values) {
        self.place(node).inputs_in_memory().for_each(|slot| values.count_out(slot));
    }

    fn kept_for(&self, node: usize, values: &Values, keeper: &Keeper) -> usize {
        self.place(node).inputs_in_memory().map(|slot| values.kept_by(slot, keeper)).sum()
    }
}

impl<C: Catalog + Sync> Active<'_, C> {
    /// What the code of a pipeline says, and where its catalog keeps what any process reaches.
    pub(super) fn agreed(&self) -> Result<(u64, Vec<(String, String)>), Problem> {
        let mut dag = DefaultHasher::new();
        let mut names: Vec<&str> = Vec::new();
        for part in &self.plan.parts {
            for node in part.dag.nodes() {
                node.to_string().hash(&mut dag);
            }
            names.extend(part.dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog).map(Dataset::name));
        }
        let mut places = Vec::new();
        for (name, dataset) in self.catalog.datasets().into_iter().filter(|(name, _)| names.contains(name)) {
            let place = caught(|| dataset.place_for_any_process());
            match place
                .map_err(|panic| format!("dataset `{name}` cannot say where it is: its `describe` panicked: {panic}"))?
            {
                None => {}
                Some(Ok(place)) => places.push((name.to_owned(), place)),
                Some(Err(dataset)) => {
                    return Err(format!(
                        "dataset `{name}` does not say where it is, so it could be at another place in a worker process; \
                         implement `Dataset::describe` for `{dataset}`"
                    ));
                }
            }
        }
        Ok((dag.finish(), places))
    }

    /// Hooks see what is loaded and saved in the process of the run. What cannot come there is refused before anything starts.
    fn check_that_hooks_can_see(&self, selection: Option<&Selection>) -> Result<(), Problem> {
        let is_selected = |node: &usize| selection.is_none_or(|nodes| nodes.contains(NodeId::at(*node)));
        for node in (0..self.plan.n_nodes()).filter(is_selected) {
            let place = self.place(node);
            let Some(ports) = place.ports() else { continue };
            let inputs = place.node().inputs().map(|input| (input, ports.input(input.id().0).map(CanShow::crosses)));
            let outputs =
                place.node().outputs().map(|output| (output, ports.output(output.id().0).map(CanShow::crosses)));
            for (dataset, crosses) in inputs.chain(outputs) {
                if let Some(Crosses::Never(value)) = crosses {
                    return Err(format!(
                        "hooks see the values of dataset `{dataset}` in the process of the run, and serde cannot take them there; \
                         derive serde's `Serialize` and `Deserialize` for `{value}`, or run it without hooks"
                    ));
                }
            }
        }
        Ok(())
    }

    #[cold]
    pub(super) fn not_portable(&self) -> Error {
        let parts = self.plan.parts.iter().filter(|part| part.ports.is_none());
        let datasets = parts.flat_map(|part| part.dag.datasets()).filter(|dataset| dataset.kind() == Kind::Catalog);
        let here_only = datasets.filter(|dataset| {
            self.catalog.dataset(dataset.name()).is_some_and(<dyn AnyDataset>::lives_in_this_process_only)
        });
        let with_nodes = here_only.map(|dataset| {
            let nodes = dataset.writer().into_iter().chain(dataset.readers()).map(|node| node.to_string());
            (dataset.name().to_owned(), nodes.collect())
        });
        Error::NotPortable { pipeline: self.pipeline.map(str::to_owned), here_only: with_nodes.collect() }
    }

    /// One attempt at a node.
    ///
    /// # Safety
    ///
    /// As [`Elsewhere::execute_elsewhere`].
    unsafe fn call_there(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        values: &Values,
        there: &mut dyn There,
        deadline: Option<Instant>,
    ) -> Result<Outputs, Error> {
        let outputs: Vec<u32> = place.crossing_outputs(watch.is_some()).collect();
        let inputs = self.caught(place, || self.carry_in(place, watch, values))?;
        match there.call(&inputs, &outputs, deadline) {
            Answer::Made(made) => {
                drop(inputs);
                // SAFETY: the caller executes the node.
                self.caught(place, || unsafe { self.carry_out(place, watch, made, deadline) })
            }
            Answer::Failed(told) => {
                let known = self.catalog.datasets();
                let names = |name: &str| known.iter().find_map(|(known, _)| (*known == name).then_some(*known));
                Err(told.into_error(self.pipeline, &place.node().to_string(), &names))
            }
            Answer::TimeIsOver => Err(self.timed_out(place.node(), None)),
            Answer::None(error) => Err(error),
        }
    }

    /// What goes wrong on the way is an error of the node.
    pub(super) fn caught<T>(
        &self,
        place: &Place<'_, C>,
        body: impl FnOnce() -> Result<T, Box<Failure>>,
    ) -> Result<T, Error> {
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(result) => result.map_err(|failure| self.failed(place.node(), *failure)),
            Err(payload) => Err(self.panicked(place.node(), payload)),
        }
    }

    fn carry_in(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        values: &Values,
    ) -> Result<Carried<Wanted>, Box<Failure>> {
        let mut inputs = Carried::new();
        let Some(ports) = place.ports() else { return Ok(inputs) };
        let mut ahead = self.load_ahead(place, ports, watch)?;
        for input in place.node().inputs() {
            let id = input.id().0;
            let not_loaded = |error| Box::new(Failure::Load(id, error));
            // One that is read twice crosses once. Hooks hear of it twice.
            let is_here = inputs.iter().any(|(known, _)| *known == id);
            if is_here && watch.is_none() {
                continue;
            }
            let wanted = match input.kind() {
                Kind::Memory => {
                    let wanted = values.get(place.slots_from + id as usize);
                    let wanted = wanted.ok_or_else(|| not_loaded("it has not arrived".into()))?;
                    if let Some(watch) = watch {
                        let started = watch.before_load(id)?;
                        let value = (ports.slots[id as usize].decode)(wanted.value.bytes());
                        watch.loaded(id, took(started), value.map_err(|problem| not_loaded(problem.into()))?.get())?;
                    }
                    wanted
                }
                Kind::Catalog => {
                    let Some(port) = ports.input(id).filter(|port| port.crosses_here(watch.is_some())) else {
                        continue;
                    };
                    let (loaded, took) = match ahead.pop_front() {
                        Some((loaded, took)) => (loaded?, took),
                        None => {
                            let started = watch.map(|watch| watch.before_load(id)).transpose()?.flatten();
                            let loaded = port.load(self.catalog);
                            (loaded.map_err(not_loaded)?, took(started))
                        }
                    };
                    if let Some(watch) = watch {
                        watch.loaded(id, took, loaded.value())?;
                    }
                    let bytes = loaded.encode().map_err(|problem| not_loaded(DatasetError::new(problem)))?;
                    Wanted { value: Value::new(bytes, None), is_last: true }
                }
                Kind::Parameter => continue,
            };
            if !is_here {
                inputs.push((id, wanted));
            }
        }
        Ok(inputs)
    }

    /// Loads what crosses from the catalog at the same time, if that is asked for and there are several; in the order of the inputs.
    fn load_ahead(
        &self,
        place: &Place<'_, C>,
        ports: &Ports<C>,
        watch: Option<&Watch<'_>>,
    ) -> Result<VecDeque<Done<Loaded>>, Box<Failure>> {
        let crossing = place.node().inputs().filter_map(|input| {
            let port = ports.input(input.id().0).filter(|port| port.crosses_here(watch.is_some()))?;
            Some((input.id().0, port))
        });
        let mut crossing: Vec<_> = crossing.collect();
        if watch.is_none() {
            let mut known = Vec::new();
            crossing.retain(|(id, _)| {
                !known.contains(id) && {
                    known.push(*id);
                    true
                }
            });
        }
        if !self.is_async || crossing.len() < 2 {
            return Ok(VecDeque::new());
        }
        if let Some(watch) = watch {
            crossing.iter().try_for_each(|(id, _)| watch.before_load(*id).map(drop))?;
        }
        let is_timed = watch.is_some_and(Watch::is_timed);
        let loads = crossing.into_iter().map(|(id, port)| (id, move || port.load(self.catalog)));
        Ok(load_together(loads, is_timed).collect())
    }

    /// # Safety
    ///
    /// As [`Elsewhere::execute_elsewhere`].
    unsafe fn carry_out(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        Made { outputs, by }: Made,
        deadline: Option<Instant>,
    ) -> Result<Outputs, Box<Failure>> {
        let Some(ports) = place.ports() else { return Ok(Vec::new()) };
        let slot = |id: u32| place.slots_from + id as usize;
        let is_read = |id: u32| place.part.dag.dataset(DatasetId(id)).n_readers() > 0;
        // All of them first: what is dropped on the way, the worker need not keep.
        let values = outputs.into_iter().map(|(id, bytes)| {
            let is_kept = ports.slots.len() > id as usize && is_read(id) && is_kept(&bytes);
            let kept_by = is_kept.then_some((&by, u32::try_from(slot(id)).unwrap_or(u32::MAX)));
            (id, Value::new(bytes, kept_by))
        });
        let values: Carried<_> = values.collect();
        let saves_together = self.is_async && values.iter().filter(|(id, _)| ports.output(*id).is_some()).count() > 1;
        let (mut outputs, mut saves) = (Vec::new(), Vec::new());
        for (id, value) in values {
            let not_saved = |error| Box::new(Failure::Save(id, error));
            let unreadable = |problem: Problem| not_saved(problem.into());
            if let Some(port) = ports.slots.get(id as usize) {
                let watch = match watch {
                    Some(watch) => {
                        let seen = (port.decode)(value.bytes()).map_err(unreadable)?;
                        Some((watch, watch.before_save(id, seen.get())?))
                    }
                    None => None,
                };
                if is_read(id) {
                    outputs.push((slot(id), value));
                } else {
                    // SAFETY: the caller executes the writer of this slot, which has no readers.
                    unsafe { (port.put)(&self.memory.slots[slot(id)], value.bytes()) }.map_err(unreadable)?;
                }
                watch.map_or(Ok(()), |(watch, started)| watch.saved(id, took(started)))?;
            } else if let Some(port) = ports.output(id) {
                let decoded = port.decode(value.bytes()).map_err(unreadable)?;
                drop(value);
                if deadline.is_some_and(|deadline| deadline < Instant::now()) {
                    return Err(Box::new(Failure::TimeIsOver));
                }
                let started = watch.map(|watch| watch.before_save(id, decoded.get())).transpose()?.flatten();
                if saves_together {
                    saves.push((id, port, decoded));
                    continue;
                }
                port.save(self.catalog, decoded).map_err(not_saved)?;
                watch.map_or(Ok(()), |watch| watch.saved(id, took(started)))?;
            }
        }
        let saves = saves.into_iter().map(|(id, port, value)| (id, move || port.save(self.catalog, value)));
        save_together(saves, watch)?;
        Ok(outputs)
    }
}

impl<'r, C> Place<'r, C> {
    pub(super) fn ports(&self) -> Option<&'r Ports<C>> {
        self.part.ports.as_ref()
    }

    /// The slots of the inputs in memory.
    fn inputs_in_memory(&self) -> impl Iterator<Item = usize> {
        let in_memory = distinct_inputs(self.node()).filter(|input| input.kind() == Kind::Memory);
        in_memory.map(|input| self.slots_from + input.id().index())
    }

    /// The outputs that the worker sends, in their order: those in memory, and those that the run's own process saves. Both
    /// processes know them by this.
    pub(super) fn crossing_outputs(&self, are_watched: bool) -> impl Iterator<Item = u32> {
        let crosses = move |output: &Dataset<'_>| match output.kind() {
            Kind::Memory => true,
            Kind::Catalog => {
                let port = self.ports().and_then(|ports| ports.output(output.id().0));
                port.is_some_and(|port| port.crosses_here(are_watched))
            }
            Kind::Parameter => false,
        };
        self.node().outputs().filter(crosses).map(|output| output.id().0)
    }
}

/// Whether the worker that has made a value keeps it, if other nodes read it. Both processes know by this.
pub(super) fn is_kept(bytes: &Bytes) -> bool {
    bytes.is_large()
}

/// How long a load or a save took.
fn took(started: Option<Instant>) -> Option<Duration> {
    started.map(|started| started.elapsed())
}

/// The inputs of a node; one that it reads twice crosses once.
fn distinct_inputs(node: Node<'_>) -> impl Iterator<Item = Dataset<'_>> {
    let is_first = move |index: usize, id| node.inputs().take(index).all(|input| input.id() != id);
    node.inputs().enumerate().filter(move |(index, input)| is_first(*index, input.id())).map(|(_, input)| input)
}
