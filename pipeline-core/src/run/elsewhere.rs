//! Nodes that are executed in another process: what their inputs become on the way there, and their outputs on the way back.
//!
//! The run's own process has values in memory as the bytes in which they cross, and makes values of them only for those who look: the
//! run's outputs, its hooks, and the datasets of its catalog.

#![expect(unsafe_code, reason = "a node uses slots, by the rules of `slot.rs`; each block says who keeps them")]

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::active::{Active, Place};
use super::attempt::try_again;
pub(crate) use super::values::{Keeper, Value, Values, Wanted};
use super::watch::{Hooks, Watch};
use crate::dag::{Dataset, DatasetId, Kind, Node, NodeId, Selection};
use crate::dataset::AnyDataset;
use crate::io::Failure;
use crate::memory::Memory;
use crate::panics::caught;
use crate::pipeline::Plan;
use crate::portable::{Away, Ports, Problem};
use crate::slot::Readers;
use crate::worker::bytes::Bytes;
use crate::{Cancellation, Catalog, DatasetError, Error, Pipeline};

/// Inputs or outputs of a node, by their place in its part of the DAG.
pub(crate) type Carried<B> = Vec<(u32, B)>;

/// Another process that executes a node.
pub(crate) trait There {
    /// Sees to it that the process is there: what that takes is not the node's time.
    fn prepare(&mut self) -> Result<(), Error>;

    /// Has the node called with these inputs, and gets its outputs. None if its time was over; then the process has been ended.
    fn call(&mut self, inputs: &Carried<Wanted>, deadline: Option<Instant>) -> Option<Result<Made, Error>>;
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
}

/// What sends nodes of a run to other processes, whatever the type of its catalog.
pub(crate) trait Elsewhere: Sync {
    /// What a worker must agree to.
    fn agreement(&self) -> Result<Agreement, Error>;
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
    fn agreement(&self) -> Result<Agreement, Error> {
        let Some(pipeline) = self.pipeline.filter(|_| self.plan.parts.iter().all(|part| part.ports.is_some())) else {
            return Err(self.not_portable());
        };
        let mut parameters = self.plan.parts.iter().filter_map(|part| part.ports.as_ref()?.parameters.as_deref());
        let parameters = parameters.next().map(|port| port.get(self.catalog)).transpose();
        let parameters = parameters.map_err(|problem| self.cannot_leave("the parameters", &problem))?;
        Ok(Agreement { pipeline: pipeline.to_owned(), parameters, ..self.agreed() })
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
    fn agreed(&self) -> Agreement {
        let mut dag = DefaultHasher::new();
        let mut names: Vec<&str> = Vec::new();
        for part in &self.plan.parts {
            for node in part.dag.nodes() {
                node.to_string().hash(&mut dag);
            }
            names.extend(part.dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog).map(Dataset::name));
        }
        let datasets = self.catalog.datasets();
        let reached = datasets.iter().filter(|(name, dataset)| dataset.is_persisted() && names.contains(name));
        let places = reached.map(|(name, dataset)| ((*name).to_owned(), dataset.describe())).collect();
        let pipeline = self.pipeline.unwrap_or_default().to_owned();
        Agreement { pipeline, dag: dag.finish(), places, parameters: None }
    }

    #[cold]
    fn not_portable(&self) -> Error {
        let parts = self.plan.parts.iter().filter(|part| part.ports.is_none());
        let datasets = parts.flat_map(|part| part.dag.datasets()).filter(|dataset| dataset.kind() == Kind::Catalog);
        let here_only = datasets
            .filter(|dataset| self.catalog.dataset(dataset.name()).is_some_and(AnyDataset::lives_in_this_process_only));
        let with_nodes = here_only.map(|dataset| {
            let nodes = dataset.writer().into_iter().chain(dataset.readers()).map(|node| node.to_string());
            (dataset.name().to_owned(), nodes.collect())
        });
        Error::NotPortable { pipeline: self.pipeline.map(str::to_owned), here_only: with_nodes.collect() }
    }

    fn cannot_leave(&self, what: &str, problem: &str) -> Error {
        let problem = format!("{what} cannot leave the process: {problem}");
        Error::Worker { pipeline: self.pipeline.map(str::to_owned), problem }
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
        let inputs = self.caught(place, || self.carry_in(place, watch, values))?;
        let Some(made) = there.call(&inputs, deadline) else {
            return Err(self.timed_out(place.node(), None));
        };
        drop(inputs);
        let made = made?;
        // SAFETY: the caller executes the node.
        self.caught(place, || unsafe { self.carry_out(place, watch, made) })
    }

    /// What goes wrong on the way is an error of the node.
    fn caught<T>(&self, place: &Place<'_, C>, body: impl FnOnce() -> Result<T, Box<Failure>>) -> Result<T, Error> {
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
        let mut inputs = Vec::new();
        let Some(ports) = place.ports() else { return Ok(inputs) };
        for input in distinct_inputs(place.node()) {
            let id = input.id().0;
            let not_loaded = |error| Box::new(Failure::Load(id, error));
            match input.kind() {
                Kind::Memory => {
                    let wanted = values.get(place.slots_from + id as usize);
                    let wanted = wanted.ok_or_else(|| not_loaded("it has not arrived".into()))?;
                    if let Some(watch) = watch {
                        let started = watch.before_load(id)?;
                        let value = (ports.slots[id as usize].decode)(wanted.value.bytes());
                        watch.loaded(id, took(started), &*value.map_err(|problem| not_loaded(problem.into()))?)?;
                    }
                    inputs.push((id, wanted));
                }
                Kind::Catalog => {
                    let Some(port) = ports.input(id) else { continue };
                    let started = watch.map(|watch| watch.before_load(id)).transpose()?;
                    let mut looked = Ok(());
                    let bytes = port.load(self.catalog, &mut |value| {
                        if let Some((watch, started)) = watch.zip(started) {
                            looked = watch.loaded(id, took(started), value);
                        }
                    });
                    looked?;
                    let value = Value::new(bytes.map_err(not_loaded)?, None);
                    inputs.push((id, Wanted { value, is_last: true }));
                }
                Kind::Parameter => {}
            }
        }
        Ok(inputs)
    }

    /// # Safety
    ///
    /// As [`Elsewhere::execute_elsewhere`].
    unsafe fn carry_out(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        Made { outputs, by }: Made,
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
        let mut outputs = Vec::new();
        for (id, value) in values.collect::<Carried<_>>() {
            let not_saved = |error| Box::new(Failure::Save(id, error));
            let unreadable = |problem: Problem| not_saved(problem.into());
            if let Some(port) = ports.slots.get(id as usize) {
                let watch = match watch {
                    Some(watch) => {
                        Some((watch, watch.before_save(id, &*(port.decode)(value.bytes()).map_err(unreadable)?)?))
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
                let value = decoded;
                let started = watch.map(|watch| watch.before_save(id, &*value)).transpose()?;
                port.save(self.catalog, value).map_err(not_saved)?;
                watch.zip(started).map_or(Ok(()), |(watch, started)| watch.saved(id, took(started)))?;
            }
        }
        Ok(outputs)
    }
}

impl<'r, C> Place<'r, C> {
    fn ports(&self) -> Option<&'r Ports<C>> {
        self.part.ports.as_ref()
    }

    /// The slots of the inputs in memory.
    fn inputs_in_memory(&self) -> impl Iterator<Item = usize> {
        let in_memory = distinct_inputs(self.node()).filter(|input| input.kind() == Kind::Memory);
        in_memory.map(|input| self.slots_from + input.id().index())
    }
}

/// Whether the worker that has made a value keeps it, if other nodes read it. Both processes know by this.
fn is_kept(bytes: &Bytes) -> bool {
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

/// A pipeline in a worker, with a catalog and memory of its own.
pub(crate) struct InWorker<'r, C> {
    pipeline: &'r Pipeline<C>,
    catalog: C,
    memory: Memory,
}

impl<'r, C: Catalog + Sync> InWorker<'r, C> {
    /// Agrees with the process of the run, or says on what not.
    pub(crate) fn new(pipeline: &'r Pipeline<C>, mut catalog: C, wanted: &Agreement) -> Result<Self, Problem> {
        let plan = pipeline.plan();
        if let Some(bytes) = &wanted.parameters {
            let mut ports = plan.parts.iter().filter_map(|part| part.ports.as_ref()?.parameters.as_deref());
            let port = ports.next().ok_or("its nodes read no parameters in the worker")?;
            port.set(&mut catalog, bytes).map_err(|problem| format!("the parameters cannot be read: {problem}"))?;
        }
        let memory = plan.memory();
        let here = Active::in_worker(pipeline.name(), plan, &catalog, &memory).agreed();
        if here.dag != wanted.dag {
            return Err("the registry has another pipeline of this name".to_owned());
        }
        let mut places = here.places.iter().zip(&wanted.places);
        if let Some(((name, here), (_, there))) = places.find(|(here, there)| here != there) {
            return Err(format!(
                "dataset `{name}` is at {there}, but workers make their catalog as the registry says, with it at {here}; \
                 `Pipelines::with_catalog` says how"
            ));
        }
        Ok(Self { pipeline, catalog, memory })
    }

    /// Executes a node.
    pub(crate) fn execute(&mut self, node: usize, inputs: Carried<Arrived>) -> Result<Carried<Bytes>, Error> {
        let plan = self.pipeline.plan();
        if node >= plan.n_nodes() {
            return Err(Error::Worker { pipeline: None, problem: format!("there is no node {node}") });
        }
        let (part, index) = plan.origin(node);
        let (part, slots_from) = (&*plan.parts[part], plan.slots_from[part]);
        let node_here = part.dag.nodes().nth(index);
        let used = |id: u32| slots_from + id as usize;
        let stays: Vec<u32> = inputs.iter().filter(|(_, input)| input.stays()).map(|(id, _)| *id).collect();
        for input in node_here.iter().flat_map(|node| node.inputs()).filter(|input| input.kind() == Kind::Memory) {
            // It is the last reader here, unless the value is to stay.
            let times = node_here.iter().flat_map(|node| node.inputs()).filter(|same| same.id() == input.id()).count();
            let times = times + usize::from(stays.contains(&input.id().0));
            self.memory.slots[used(input.id().0)].set_readers(u32::try_from(times).unwrap_or(u32::MAX));
        }
        let active = Active::in_worker(self.pipeline.name(), plan, &self.catalog, &self.memory);
        let place = active.place(node);
        let result = active.execute_here(&place, inputs);
        let mut kept = Vec::new();
        if let Ok(outputs) = &result {
            let are_read =
                outputs.iter().filter(|(id, bytes)| is_kept(bytes) && part.dag.dataset(DatasetId(*id)).n_readers() > 0);
            kept.extend(are_read.map(|(id, _)| *id).chain(stays));
        }
        let ends = place.node().inputs().chain(place.node().outputs()).filter(|end| end.kind() == Kind::Memory);
        let over: Vec<usize> = ends.filter(|end| !kept.contains(&end.id().0)).map(|end| used(end.id().0)).collect();
        for slot in over {
            self.forget(slot);
        }
        result
    }

    /// Drops a value. One whose `drop` panics is gone too.
    pub(crate) fn forget(&mut self, slot: usize) {
        if let Some(slot) = self.memory.slots.get_mut(slot) {
            drop(caught(|| slot.clear()));
        }
    }
}

impl Arrived {
    /// Whether others will read it here.
    fn stays(&self) -> bool {
        matches!(self, Self::Kept { is_last: false })
    }
}

impl<'r, C> Active<'r, C> {
    fn in_worker(pipeline: Option<&'r str>, plan: &'r Plan<C>, catalog: &'r C, memory: &'r Memory) -> Self {
        Self { pipeline, plan, catalog, memory, is_async: false, away: None }
    }
}

impl<C: Catalog + Sync> Active<'_, C> {
    fn execute_here(&self, place: &Place<'_, C>, inputs: Carried<Arrived>) -> Result<Carried<Bytes>, Error> {
        let Some(ports) = place.ports() else {
            return Err(self.not_portable());
        };
        let slot = |id: u32| &self.memory.slots[place.slots_from + id as usize];
        let mut of_catalog = Vec::new();
        for (id, input) in inputs {
            let Arrived::Bytes(bytes) = input else { continue };
            match ports.slots.get(id as usize) {
                Some(port) => self.caught(place, || {
                    // SAFETY: this process executes one node at a time, and none is called yet.
                    let put = unsafe { (port.put)(slot(id), &bytes) };
                    put.map_err(|problem| Box::new(Failure::Load(id, problem.into())))
                })?,
                None => of_catalog.push((id, bytes)),
            }
        }
        let decode = |wanted: u32| {
            let (id, bytes) = of_catalog.iter().find(|(id, _)| *id == wanted)?;
            Some(ports.input(*id)?.decode(bytes))
        };
        let encode = |id: u32, value: &dyn std::any::Any| Some(ports.output(id)?.encode(value));
        let away = Away { encode: &encode, decode: &decode, saved: Mutex::default() };
        let here = Active { away: Some(&away), ..*self };
        // Attempts and their time are counted in the process of the run; here the node may ask for it.
        let deadline = place.node().timeout().and_then(|timeout| Instant::now().checked_add(timeout));
        let call = || {
            // SAFETY: it is lent to the node, the only one that this process executes now. Its inputs have been put there with as many readers as
            // it has readings of them.
            let io = unsafe { here.io(place, Readers::OnSeveral) };
            place.code().call(here.catalog, &io)
        };
        Cancellation::of_this_node().until(deadline).within(|| here.call(place, call))?;
        let mut outputs = away.saved.into_inner().unwrap_or_else(PoisonError::into_inner);
        for output in place.node().outputs().filter(|output| output.kind() == Kind::Memory) {
            let id = output.id().0;
            // SAFETY: the node is the writer of the slot; it has returned, and no other is executed in this process.
            let bytes = self.caught(place, || match unsafe { (ports.slots[id as usize].encode)(slot(id)) } {
                Some(bytes) => bytes.map_err(|problem| Box::new(Failure::Save(id, DatasetError::new(problem)))),
                None => Err(Box::new(Failure::Save(id, "it has not been written".into()))),
            })?;
            outputs.push((id, bytes));
        }
        Ok(outputs)
    }
}
