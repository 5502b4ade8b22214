//! Asynchronous loads and saves: what one node loads from the catalog is loaded at the same time, and so is saved what it saves.
//!
//! Only the node's own code knows the types of its datasets. So it is called twice: first it is only asked what it loads, and
//! goes no further than its last load, with nothing in place of each input. Then, when all is loaded, it is called in earnest, and each
//! load takes what is there. Saves are put off until the node has returned.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::watch::Watch;
use crate::dag::{Kind, Node};
use crate::dataset::{AnyDataset, IntoInput, Load, Save};
use crate::io::{Ended, Failure};
use crate::panics::{discard, message};
use crate::{Cancellation, DatasetError};

type AnyValue = Box<dyn Any + Send>;

/// How a dataset of some type is loaded, for those who do not know the type.
#[derive(Clone, Copy)]
pub(crate) struct LoadAny {
    dataset: TypeId,
    load: fn(&dyn AnyDataset) -> Result<AnyValue, DatasetError>,
}

impl LoadAny {
    pub(crate) fn of<D: Load>() -> Self {
        let load = |dataset: &dyn AnyDataset| -> Result<AnyValue, DatasetError> {
            Ok(Box::new(as_it_is::<D>(dataset).load()?.into_input()))
        };
        Self { dataset: TypeId::of::<D>(), load }
    }
}

/// As [`LoadAny`], for saves.
#[derive(Clone, Copy)]
pub(crate) struct SaveAny {
    dataset: TypeId,
    save: fn(&dyn AnyDataset, AnyValue) -> Result<(), DatasetError>,
}

impl SaveAny {
    pub(crate) fn of<D: Save>() -> Self {
        let save = |dataset: &dyn AnyDataset, value: AnyValue| {
            as_it_is::<D>(dataset).save(*value.downcast().expect("the value is the dataset's"))
        };
        Self { dataset: TypeId::of::<D>(), save }
    }
}

fn as_it_is<D: 'static>(dataset: &dyn AnyDataset) -> &D {
    dataset.as_any().downcast_ref().expect("its type has been compared")
}

/// What became of a load before the node was called.
pub(crate) enum Ahead {
    /// Nothing: the node loads it now.
    Not,
    /// It is only noted.
    Noted,
    /// The input, and how long that took if a hook wants to know.
    Loaded(AnyValue, Option<Duration>),
}

/// The loads and saves of a node.
pub(super) struct Together<'r> {
    /// Its datasets of the catalog, by their places in the DAG.
    datasets: Vec<(u32, &'r dyn AnyDataset)>,
    n_loads: usize,
    n_saves: usize,
    loads: RefCell<Loads>,
    saves: RefCell<Vec<SaveLater>>,
}

enum Loads {
    /// The node is only asked. A dataset that its catalog does not hand out is loaded when its turn comes.
    Noted(Vec<Option<Noted>>),
    /// Those that it has not taken yet.
    Done(VecDeque<Option<Done<AnyValue>>>),
}

struct Noted {
    /// Which of the datasets.
    place: usize,
    any: LoadAny,
}

struct SaveLater {
    /// Which of the datasets.
    place: usize,
    any: SaveAny,
    value: AnyValue,
}

impl<'r> Together<'r> {
    /// None, if the node has not two to load nor two to save, of those that are loaded and saved here.
    pub(super) fn new(
        node: Node<'r>,
        dataset: impl Fn(&str) -> Option<&'r dyn AnyDataset>,
        is_here: impl Fn(u32) -> bool,
    ) -> Option<Self> {
        let in_catalog = |dataset: &crate::dag::Dataset<'_>| dataset.kind() == Kind::Catalog && is_here(dataset.id().0);
        let (n_loads, n_saves) = (node.inputs().filter(in_catalog).count(), node.outputs().filter(in_catalog).count());
        if n_loads < 2 && n_saves < 2 {
            return None;
        }
        let named = node.inputs().chain(node.outputs()).filter(in_catalog);
        let datasets = named.filter_map(|named| Some((named.id().0, dataset(named.name())?))).collect();
        let loads = RefCell::new(Loads::Done(VecDeque::new()));
        Some(Self { datasets, n_loads, n_saves, loads, saves: RefCell::default() })
    }

    /// Calls a node with its loads before and its saves after it.
    pub(super) fn call(&self, watch: &Watch<'_>, call: impl Fn() -> Ended) -> Ended {
        self.saves.take();
        self.loads.replace(Loads::Done(VecDeque::new()));
        if self.n_loads > 1 {
            self.loads.replace(Loads::Noted(Vec::new()));
            // It ends at its last load.
            drop(call());
            self.load_all(watch)?;
        }
        call()?;
        self.save_all(watch)
    }

    /// The place of a dataset, if it is of the type that the node's code says.
    fn place(&self, id: u32, is: TypeId) -> Option<usize> {
        let place = self.datasets.iter().position(|(known, _)| *known == id)?;
        (self.datasets[place].1.as_any().type_id() == is).then_some(place)
    }

    fn load_all(&self, watch: &Watch<'_>) -> Ended {
        let Loads::Noted(noted) = self.loads.replace(Loads::Done(VecDeque::new())) else { return Ok(()) };
        for noted in noted.iter().flatten() {
            watch.before_load(self.datasets[noted.place].0)?;
        }
        let loads = noted.iter().flatten().map(|&Noted { place, any }| {
            let (id, dataset) = self.datasets[place];
            (id, move || (any.load)(dataset))
        });
        let mut results = load_together(loads, watch.is_timed());
        let done = noted.iter().map(|noted| noted.as_ref().and_then(|_| results.next()));
        self.loads.replace(Loads::Done(done.collect()));
        Ok(())
    }

    fn save_all(&self, watch: &Watch<'_>) -> Ended {
        let saves = self.saves.take().into_iter().map(|SaveLater { place, any, value }| {
            let (id, dataset) = self.datasets[place];
            (id, move || (any.save)(dataset, value))
        });
        save_together(saves, Some(watch))
    }
}

/// What a node that failed has not taken is dropped here, outside of its call.
impl Drop for Together<'_> {
    fn drop(&mut self) {
        discard(self.loads.replace(Loads::Noted(Vec::new())));
        discard(self.saves.take());
    }
}

impl Watch<'_> {
    /// Whether the node is only asked what it loads.
    pub(crate) fn only_notes_loads(&self) -> bool {
        self.together.as_ref().is_some_and(|together| matches!(*together.loads.borrow(), Loads::Noted(_)))
    }

    /// Notes a load, or takes what has been loaded.
    pub(crate) fn load_ahead(&self, id: u32, any: LoadAny) -> Result<Ahead, Box<Failure>> {
        let Some(together) = &self.together else { return Ok(Ahead::Not) };
        match &mut *together.loads.borrow_mut() {
            Loads::Noted(noted) => {
                noted.push(together.place(id, any.dataset).map(|place| Noted { place, any }));
                if noted.len() < together.n_loads { Ok(Ahead::Noted) } else { Err(Box::new(Failure::OnlyAsked)) }
            }
            Loads::Done(done) => match done.pop_front().flatten() {
                None => Ok(Ahead::Not),
                Some((loaded, took)) => Ok(Ahead::Loaded(loaded?, took)),
            },
        }
    }

    /// Whether a dataset is to be saved when the node has returned.
    pub(crate) fn can_save_later(&self, id: u32, any: SaveAny) -> bool {
        let together = self.together.as_ref().filter(|together| together.n_saves > 1);
        together.is_some_and(|together| together.place(id, any.dataset).is_some())
    }

    /// Keeps a value until then.
    pub(crate) fn save_later(&self, id: u32, any: SaveAny, value: AnyValue) {
        if let Some(together) = &self.together
            && let Some(place) = together.place(id, any.dataset)
        {
            together.saves.borrow_mut().push(SaveLater { place, any, value });
        }
    }
}

/// What came of a load or of a save that was made together with others, and how long it took if a hook wants to know.
pub(super) type Done<T> = (Result<T, Box<Failure>>, Option<Duration>);

/// Makes all loads of a node at the same time; in their order.
pub(super) fn load_together<T: Send>(
    loads: impl Iterator<Item = (u32, impl FnOnce() -> Result<T, DatasetError> + Send)>,
    is_timed: bool,
) -> impl Iterator<Item = Done<T>> {
    all_together(loads, is_timed, Failure::Load).map(|(_, done)| done)
}

/// Makes all saves of a node at the same time, and then tells the hooks, up to one that failed.
pub(super) fn save_together(
    saves: impl Iterator<Item = (u32, impl FnOnce() -> Result<(), DatasetError> + Send)>,
    watch: Option<&Watch<'_>>,
) -> Ended {
    let mut done = all_together(saves, watch.is_some_and(Watch::is_timed), Failure::Save);
    let ended = done.try_for_each(|(id, (saved, took))| {
        saved?;
        watch.map_or(Ok(()), |watch| watch.saved(id, took))
    });
    done.for_each(discard);
    ended
}

/// Makes all calls at the same time, each on a thread of its own but for one, which this thread makes; their results in order. If the
/// system has no more threads, those that there are make the rest.
fn all_together<T: Send, F: FnOnce() -> Result<T, DatasetError> + Send>(
    calls: impl Iterator<Item = (u32, F)>,
    is_timed: bool,
    failure: fn(u32, DatasetError) -> Failure,
) -> impl Iterator<Item = (u32, Done<T>)> {
    let calls: Vec<(u32, F)> = calls.collect();
    let n_calls = calls.len();
    let (left, done) = (Mutex::new(calls.into_iter().enumerate()), Mutex::new(Vec::with_capacity(n_calls)));
    let cancellation = Cancellation::of_this_node();
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((place, (id, call))) = next() {
            let started = is_timed.then(Instant::now);
            let result = catch_unwind(AssertUnwindSafe(call));
            let took = started.map(|started| started.elapsed());
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, id, result, took));
        }
    };
    thread::scope(|scope| {
        for _ in 1..n_calls {
            let body = || cancellation.within(work);
            if Builder::new().name("pipeline".to_owned()).spawn_scoped(scope, body).is_err() {
                break;
            }
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, ..)| *place);
    done.into_iter().map(move |(_, id, result, took)| {
        let result = match result {
            Ok(result) => result.map_err(|error| failure(id, error)),
            Err(payload) => Err(Failure::Panicked(message(payload))),
        };
        (id, (result.map_err(Box::new), took))
    })
}
