//! Nodes of another process's run, as the worker has them that executes them.

#![expect(unsafe_code, reason = "a node uses slots, by the rules of `slot.rs`; each block says who keeps them")]

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::active::{Active, Place};
use super::elsewhere::{Agreement, Arrived, Carried, is_kept};
use super::together::Together;
use super::watch::{Hooks, Watch};
use crate::dag::{DatasetId, Kind};
use crate::io::{Failure, Io};
use crate::memory::Memory;
use crate::panics::caught;
use crate::pipeline::Plan;
use crate::portable::{Away, Problem};
use crate::slot::Readers;
use crate::worker::bytes::Bytes;
use crate::{Cancellation, Catalog, DatasetError, Error, Pipeline};

/// A pipeline in a worker, with a catalog and memory of its own.
pub(crate) struct InWorker<'r, C> {
    pipeline: &'r Pipeline<C>,
    catalog: C,
    memory: Memory,
    terms: Terms,
}

/// What the run has asked for.
struct Terms {
    folder: Option<OsString>,
    is_async: bool,
    are_watched: bool,
    /// The process that answers.
    process: u32,
}

impl<'r, C: Catalog + Sync> InWorker<'r, C> {
    /// Agrees with the process of the run, or says on what not.
    pub(crate) fn new(pipeline: &'r Pipeline<C>, mut catalog: C, wanted: &Agreement) -> Result<Self, Problem> {
        let plan = pipeline.plan().map_err(|error| error.to_string())?;
        if let Some(bytes) = &wanted.parameters {
            let mut ports = plan.parts.iter().filter_map(|part| part.ports.as_ref()?.parameters.as_deref());
            let port = ports.next().ok_or("its nodes read no parameters in the worker")?;
            port.set(&mut catalog, bytes).map_err(|problem| format!("the parameters cannot be read: {problem}"))?;
        }
        let memory = plan.memory();
        let (dag, places) = Active::in_worker(pipeline.name(), plan, &catalog, &memory).agreed()?;
        if dag != wanted.dag {
            return Err("the registry has another pipeline of this name".to_owned());
        }
        let mut places = places.iter().zip(&wanted.places);
        if let Some(((name, here), (_, there))) = places.find(|(here, there)| here != there) {
            return Err(format!(
                "dataset `{name}` is at {there}, but workers make their catalog as the registry says, with it at {here}; \
                 `Pipelines::with_catalog` says how"
            ));
        }
        let &Agreement { is_async, are_watched, .. } = wanted;
        let terms = Terms { folder: wanted.folder.clone(), is_async, are_watched, process: std::process::id() };
        Ok(Self { pipeline, catalog, memory, terms })
    }

    /// Executes a node.
    pub(crate) fn execute(&mut self, node: usize, inputs: Carried<Arrived>) -> Result<Carried<Bytes>, Error> {
        let plan = self.pipeline.plan()?;
        if node >= plan.n_nodes() {
            let problem = format!("there is no node {node}");
            return Err(Error::Worker { pipeline: None, node: None, problem, source: None });
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
        let result = active.execute_here(&place, inputs, &self.terms);
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
    fn execute_here(
        &self,
        place: &Place<'_, C>,
        inputs: Carried<Arrived>,
        terms: &Terms,
    ) -> Result<Carried<Bytes>, Error> {
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
        let crossing: Vec<u32> = place.crossing_outputs(terms.are_watched).collect();
        let encode = |id: u32, value: &dyn std::any::Any| {
            crossing.contains(&id).then(|| ports.output(id)).flatten().map(|port| port.encode(value))
        };
        let arrived: Vec<u32> = of_catalog.iter().map(|(id, _)| *id).collect();
        let away = Away {
            arrived: &arrived,
            encode: &encode,
            decode: &decode,
            saved: Mutex::default(),
            process: terms.process,
            folder: terms.folder.as_deref(),
        };
        let here = Active { away: Some(&away), ..*self };
        here.call_node(place, terms, |id| !arrived.contains(&id) && !crossing.contains(&id))?;
        let mut saved = away.saved.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = Carried::new();
        for id in crossing {
            let not_written = || Err(Box::new(Failure::Save(id, "it has not been written".into())));
            let bytes = self.caught(place, || match ports.slots.get(id as usize) {
                // SAFETY: the node is the writer of the slot; it has returned, and no other is executed in this process.
                Some(port) => match unsafe { (port.encode)(slot(id)) } {
                    Some(bytes) => bytes.map_err(|problem| Box::new(Failure::Save(id, DatasetError::new(problem)))),
                    None => not_written(),
                },
                None => match saved.iter().position(|(known, _)| *known == id) {
                    Some(at) => Ok(saved.swap_remove(at).1),
                    None => not_written(),
                },
            })?;
            outputs.push((id, bytes));
        }
        Ok(outputs)
    }

    /// Calls a node once. Attempts and their time are counted in the process of the run, for which hooks are called too; here the node
    /// may ask for its time, and saves nothing when that is over.
    fn call_node(&self, place: &Place<'_, C>, terms: &Terms, is_here: impl Fn(u32) -> bool) -> Result<(), Error> {
        let node = place.node();
        let mut of_catalog = node.inputs().chain(node.outputs()).filter(|dataset| dataset.kind() == Kind::Catalog);
        if let Some(folder) = &terms.folder
            && of_catalog.any(|dataset| is_here(dataset.id().0))
        {
            // A node may have gone elsewhere. A folder that is not there any more is told of by what is looked for in it.
            drop(std::env::set_current_dir(folder));
        }
        let deadline = node.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
        // SAFETY: it is lent to the node, the only one that this process executes now. Its inputs have been put there with as many readers as
        // it has readings of them.
        let io = unsafe { self.io(place, Readers::OnSeveral) };
        let datasets = |name: &str| self.catalog.dataset(name);
        let together = if terms.is_async { Together::new(node, datasets, is_here).map(Box::new) } else { None };
        let work = |io: &Io<'_>| place.code().call(self.catalog, io);
        Cancellation::of_this_node().until(deadline).within(|| {
            if together.is_none() && deadline.is_none() {
                return self.call(place, || work(&io));
            }
            let watch = Watch::new(Hooks::none(), self.pipeline, node, together);
            watch.deadline.set(deadline);
            let io = Io { watch: Some(&watch), ..io };
            self.call(place, || match &watch.together {
                None => work(&io),
                Some(together) => together.call(&watch, || work(&io)),
            })
        })
    }
}
