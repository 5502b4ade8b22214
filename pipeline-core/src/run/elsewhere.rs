//! Nodes that are executed in another process: what their inputs become on the way there, and their outputs on the way back.
//!
//! The run's own process keeps values in memory as the bytes in which they cross, and makes values of them only for those who look: the
//! run's outputs, its hooks, and the datasets of its catalog.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::active::{Active, Place};
use super::attempt::try_again;
use super::watch::{Hooks, Watch};
use crate::dag::{Dataset, Kind, Node};
use crate::dataset::AnyDataset;
use crate::io::Failure;
use crate::memory::Memory;
use crate::pipeline::Plan;
use crate::portable::{Away, Ports, Problem};
use crate::slot::Readers;
use crate::{Cancellation, Catalog, DatasetError, Error, Pipeline};

/// Inputs or outputs of a node, by their place in its part of the DAG.
pub(crate) type Carried<B> = Vec<(u32, B)>;

/// What a value in memory is between two workers.
type Bytes = Arc<Vec<u8>>;

/// Another process that executes a node.
pub(crate) trait There {
    /// Sees to it that the process is there: what that takes is not the node's time.
    fn prepare(&mut self) -> Result<(), Error>;

    /// Has the node called with these inputs, and gets its outputs. None if its time was over; then the process has been ended.
    fn call(&mut self, inputs: &Carried<Bytes>, deadline: Option<Instant>) -> Option<Result<Carried<Vec<u8>>, Error>>;
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

/// The values in memory of one run, by slot.
pub(crate) struct Values {
    slots: Box<[Mutex<Kept>]>,
}

#[derive(Default)]
struct Kept {
    bytes: Option<Bytes>,
    /// How many nodes have read it.
    n_done: usize,
}

impl Values {
    fn get(&self, slot: usize) -> Option<Bytes> {
        self.lock(slot).bytes.clone()
    }

    fn put(&self, slot: usize, bytes: Vec<u8>) {
        self.lock(slot).bytes = Some(Arc::new(bytes));
    }

    /// Counts a reader out. The last one drops the value.
    fn count_out(&self, slot: usize, n_readers: usize) {
        let mut kept = self.lock(slot);
        kept.n_done += 1;
        if kept.n_done >= n_readers {
            kept.bytes = None;
        }
    }

    fn lock(&self, slot: usize) -> std::sync::MutexGuard<'_, Kept> {
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What sends nodes of a run to other processes, whatever the type of its catalog.
pub(crate) trait Elsewhere: Sync {
    /// What a worker must agree to.
    fn agreement(&self) -> Result<Agreement, Error>;
    /// Where values are kept.
    fn values(&self) -> Values;
    /// Has a node executed, with its hooks, and again if it fails and has retries.
    fn execute_elsewhere(
        &self,
        node: usize,
        hooks: Hooks<'_>,
        values: &Values,
        there: &mut dyn There,
    ) -> Result<(), Error>;
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

    fn values(&self) -> Values {
        Values { slots: self.memory.slots.iter().map(|_| Mutex::default()).collect() }
    }

    fn execute_elsewhere(
        &self,
        node: usize,
        hooks: Hooks<'_>,
        values: &Values,
        there: &mut dyn There,
    ) -> Result<(), Error> {
        let place = self.place(node);
        self.between_hooks(&place, hooks, |watch| {
            let result = try_again(place.node(), || {
                there.prepare()?;
                self.in_time(place.node(), |deadline| self.call_there(&place, watch, values, there, deadline))
            });
            for input in distinct_inputs(place.node()).filter(|input| input.kind() == Kind::Memory) {
                values.count_out(place.slots_from + input.id().index(), distinct_readers(input));
            }
            result
        })
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
    fn call_there(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        values: &Values,
        there: &mut dyn There,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let inputs = self.caught(place, || self.carry_in(place, watch, values))?;
        let Some(outputs) = there.call(&inputs, deadline) else {
            return Err(self.timed_out(place.node(), place.node().timeout().unwrap_or_default(), None));
        };
        let outputs = outputs?;
        self.caught(place, || self.carry_out(place, watch, values, outputs))
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
    ) -> Result<Carried<Bytes>, Box<Failure>> {
        let mut inputs = Vec::new();
        let Some(ports) = place.ports() else { return Ok(inputs) };
        for input in distinct_inputs(place.node()) {
            let id = input.id().0;
            let not_loaded = |error| Box::new(Failure::Load(id, error));
            match input.kind() {
                Kind::Memory => {
                    let bytes = values.get(place.slots_from + id as usize);
                    let bytes = bytes.ok_or_else(|| not_loaded("it has not arrived".into()))?;
                    if let Some(watch) = watch {
                        let started = watch.before_load(id)?;
                        let value = (ports.slots[id as usize].decode)(&bytes);
                        watch.loaded(id, took(started), &*value.map_err(|problem| not_loaded(problem.into()))?)?;
                    }
                    inputs.push((id, bytes));
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
                    inputs.push((id, Arc::new(bytes.map_err(not_loaded)?)));
                }
                Kind::Parameter => {}
            }
        }
        Ok(inputs)
    }

    fn carry_out(
        &self,
        place: &Place<'_, C>,
        watch: Option<&Watch<'_>>,
        values: &Values,
        outputs: Carried<Vec<u8>>,
    ) -> Result<(), Box<Failure>> {
        let Some(ports) = place.ports() else { return Ok(()) };
        for (id, bytes) in outputs {
            let not_saved = |error| Box::new(Failure::Save(id, error));
            let unreadable = |problem: Problem| not_saved(problem.into());
            if let Some(port) = ports.slots.get(id as usize) {
                let watch = match watch {
                    Some(watch) => Some((watch, watch.before_save(id, &*(port.decode)(&bytes).map_err(unreadable)?)?)),
                    None => None,
                };
                let slot = place.slots_from + id as usize;
                if place.part.dag.dataset(crate::dag::DatasetId(id)).n_readers() == 0 {
                    (port.put)(&self.memory.slots[slot], &bytes).map_err(unreadable)?;
                } else {
                    values.put(slot, bytes);
                }
                watch.map_or(Ok(()), |(watch, started)| watch.saved(id, took(started)))?;
            } else if let Some(port) = ports.output(id) {
                let value = port.decode(&bytes).map_err(unreadable)?;
                drop(bytes);
                let started = watch.map(|watch| watch.before_save(id, &*value)).transpose()?;
                port.save(self.catalog, value).map_err(not_saved)?;
                watch.zip(started).map_or(Ok(()), |(watch, started)| watch.saved(id, took(started)))?;
            }
        }
        Ok(())
    }
}

impl<'r, C> Place<'r, C> {
    fn ports(&self) -> Option<&'r Ports<C>> {
        self.part.ports.as_ref()
    }
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

/// How many nodes read a dataset.
fn distinct_readers(dataset: Dataset<'_>) -> usize {
    let mut readers: Vec<_> = dataset.readers().map(Node::id).collect();
    readers.dedup();
    readers.len()
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
    pub(crate) fn execute(&mut self, node: usize, inputs: Carried<Vec<u8>>) -> Result<Carried<Vec<u8>>, Error> {
        let plan = self.pipeline.plan();
        if node >= plan.parts.iter().map(|part| part.dag.len()).sum() {
            return Err(Error::Worker { pipeline: None, problem: format!("there is no node {node}") });
        }
        let (part, index) = plan.origin(node);
        let (part, slots_from) = (&*plan.parts[part], plan.slots_from[part]);
        let node_here = part.dag.nodes().nth(index);
        let used = |id: u32| slots_from + id as usize;
        for input in node_here.iter().flat_map(|node| node.inputs()).filter(|input| input.kind() == Kind::Memory) {
            // Nobody else reads it here.
            let times = node_here.iter().flat_map(|node| node.inputs()).filter(|same| same.id() == input.id()).count();
            self.memory.slots[used(input.id().0)].set_readers(u32::try_from(times).unwrap_or(u32::MAX));
        }
        let active = Active::in_worker(self.pipeline.name(), plan, &self.catalog, &self.memory);
        let place = active.place(node);
        let result = active.execute_here(&place, inputs);
        let ends = place.node().inputs().chain(place.node().outputs()).filter(|end| end.kind() == Kind::Memory);
        let ends: Vec<usize> = ends.map(|end| used(end.id().0)).collect();
        for slot in ends {
            drop(catch_unwind(AssertUnwindSafe(|| self.memory.slots[slot].clear())));
        }
        result
    }
}

impl<'r, C> Active<'r, C> {
    fn in_worker(pipeline: Option<&'r str>, plan: &'r Plan<C>, catalog: &'r C, memory: &'r Memory) -> Self {
        Self { pipeline, plan, catalog, memory, is_async: false, away: None }
    }
}

impl<C: Catalog + Sync> Active<'_, C> {
    fn execute_here(&self, place: &Place<'_, C>, inputs: Carried<Vec<u8>>) -> Result<Carried<Vec<u8>>, Error> {
        let Some(ports) = place.ports() else {
            return Err(self.not_portable());
        };
        let slot = |id: u32| &self.memory.slots[place.slots_from + id as usize];
        let mut of_catalog = Vec::new();
        for (id, bytes) in inputs {
            match ports.slots.get(id as usize) {
                Some(port) => self.caught(place, || {
                    (port.put)(slot(id), &bytes).map_err(|problem| Box::new(Failure::Load(id, problem.into())))
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
        let call = || place.code().call(here.catalog, &here.io(place, Readers::OnSeveral));
        Cancellation::of_this_node().until(deadline).within(|| here.call(place, call))?;
        let mut outputs = away.saved.into_inner().unwrap_or_else(PoisonError::into_inner);
        for output in place.node().outputs().filter(|output| output.kind() == Kind::Memory) {
            let id = output.id().0;
            let bytes = self.caught(place, || match (ports.slots[id as usize].take)(slot(id)) {
                Some(bytes) => bytes.map_err(|problem| Box::new(Failure::Save(id, DatasetError::new(problem)))),
                None => Err(Box::new(Failure::Save(id, "it has not been written".into()))),
            })?;
            outputs.push((id, bytes));
        }
        Ok(outputs)
    }
}
