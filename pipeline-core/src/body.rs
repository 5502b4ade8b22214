//! What an expansion of `pipeline!` is made of: it declares slots and nodes, and says how to collect the free outputs.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::dag::Dag;
use crate::dataset::{Hold, Load, Save};
use crate::error::{BoxError, DatasetError};
use crate::pass::{Held, Input, Several, Sole};
use crate::slot::{self, AnySlot, Read, Slot};
use crate::{Outputs, Pipeline};

/// Makes a pipeline of what `build` declares.
pub fn pipeline<C, O: Outputs>(
    name: Option<&'static str>,
    dag: &'static Dag,
    build: impl FnOnce(&mut Body<C>) -> Collect<O>,
) -> Pipeline<C, O> {
    let mut body = Body { dag, calls: Vec::with_capacity(dag.len()), slots: Vec::new() };
    let collect = build(&mut body);
    Pipeline::single(name, Part { dag, calls: body.calls.into(), slots: body.slots.into() }, collect)
}

/// A pipeline as it came from the macro, complete.
pub(crate) struct Part<C> {
    pub(crate) dag: &'static Dag,
    pub(crate) calls: Box<[Call<C>]>,
    pub(crate) slots: Box<[fn() -> Box<dyn AnySlot>]>,
}

/// Loads the inputs of a node, calls its function, saves its outputs.
pub(crate) type Call<C> = Box<dyn Fn(&C, &Io<'_>) -> Result<(), Box<Failure>> + Send + Sync>;

/// A pipeline while it is declared. Slots and nodes come in the order of the DAG.
pub struct Body<C> {
    dag: &'static Dag,
    calls: Vec<Call<C>>,
    slots: Vec<fn() -> Box<dyn AnySlot>>,
}

impl<C> Body<C> {
    /// Declares the next dataset in memory. Its type is left to inference, or given.
    pub fn memory<T: Send + Sync + 'static>(&mut self) -> Key<T> {
        let index = self.slots.len();
        self.slots.push(slot::make::<T>);
        let readers = u32::try_from(self.dag.datasets().nth(index).map_or(0, |dataset| dataset.n_readers()));
        Key { index, readers: readers.unwrap_or(u32::MAX), holds: PhantomData }
    }

    /// Declares the next node.
    pub fn node(&mut self, call: impl Fn(&C, &Io<'_>) -> Result<(), Box<Failure>> + Send + Sync + 'static) {
        self.calls.push(Box::new(call));
    }
}

impl<C> fmt::Debug for Body<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("dag", self.dag).finish_non_exhaustive()
    }
}

/// The slot of a dataset in memory that holds values of type `T`.
pub struct Key<T> {
    index: usize,
    readers: u32,
    holds: PhantomData<fn(T) -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.index)
    }
}

/// The inputs and outputs of nodes during a run.
pub struct Io<'r> {
    pub(crate) slots: &'r [Box<dyn AnySlot>],
}

impl<'r> Io<'r> {
    /// Takes the value of a dataset in memory that no other node reads.
    pub fn take<T: Send + Sync + 'static>(&self, key: Key<T>) -> Result<Input<'r, T, Sole>, Box<Failure>> {
        let value = self.slot(key).take().ok_or_else(|| Failure::missing(key.index))?;
        Ok(Input::new(Held::Owned(Some(value))))
    }

    /// Reads a dataset in memory that other nodes read too.
    pub fn read<T: Send + Sync + 'static>(&self, key: Key<T>) -> Result<Input<'r, T, Several>, Box<Failure>> {
        match self.slot(key).read() {
            Some(Read::Lent(lease)) => Ok(Input::new(Held::Lent(lease))),
            Some(Read::Last(value)) => Ok(Input::new(Held::Owned(Some(value)))),
            None => Err(Failure::missing(key.index)),
        }
    }

    /// Loads a dataset of the catalog; `id` is its place in the DAG.
    pub fn load<D: Load>(
        &self,
        id: u32,
        dataset: &D,
    ) -> Result<Input<'r, D::Value, <D::Loaded as Hold<D::Value>>::Mode>, Box<Failure>> {
        match dataset.load() {
            Ok(value) => Ok(Input::new(value.hold())),
            Err(error) => Err(Box::new(Failure::Load(id, error))),
        }
    }

    /// Reads a parameter.
    pub fn parameter<'c, T>(&self, value: &'c T) -> Input<'c, T, Several> {
        Input::new(Held::Borrowed(value))
    }

    /// Puts the value of a dataset in memory where its readers find it.
    pub fn put<T: Send + Sync + 'static, V: CanBeSavedAs<T>>(&self, key: Key<T>, value: V) {
        self.slot(key).put(value.into_saved(), key.readers);
    }

    /// Saves a dataset of the catalog; `id` is its place in the DAG.
    pub fn save<D: Save, V: CanBeSavedAs<D::Value>>(&self, id: u32, dataset: &D, value: V) -> Result<(), Box<Failure>> {
        dataset.save(value.into_saved()).map_err(|error| Box::new(Failure::Save(id, error)))
    }

    /// Ends a node that went well.
    pub fn done(&self) -> Result<(), Box<Failure>> {
        Ok(())
    }

    /// Takes the value of a free output.
    pub fn output<T: Send + Sync + 'static>(&self, key: Key<T>) -> Option<T> {
        self.slot(key).take()
    }

    fn slot<T: Send + Sync + 'static>(&self, key: Key<T>) -> &'r Slot<T> {
        let slot: &'r dyn Any = &*self.slots[key.index];
        slot.downcast_ref().expect("a key fits the slots of its own pipeline")
    }
}

impl fmt::Debug for Io<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").finish_non_exhaustive()
    }
}

/// What a function returns can be saved in a dataset that holds `T`: if it is a `T`.
#[diagnostic::on_unimplemented(
    message = "the function returns `{Self}`, but this dataset holds `{T}`",
    label = "holds `{T}`, the function returns `{Self}`"
)]
pub trait CanBeSavedAs<T> {
    /// The value itself.
    #[doc(hidden)]
    fn into_saved(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T> CanBeSavedAs<T> for T {
    fn into_saved(self) -> T {
        self
    }
}

/// Unwraps what the function of a node marked with `?` returned.
pub fn attempt<T, E: Into<BoxError>>(result: Result<T, E>) -> Result<T, Box<Failure>> {
    result.map_err(|error| Box::new(Failure::Function(error.into())))
}

/// Stands for what a mistake has left out; the error for it keeps this from ever running.
#[must_use]
pub fn missing<T>() -> T {
    unreachable!("code with a mistake is not compiled")
}

/// Why a node failed, before its names are known.
#[derive(Debug)]
pub enum Failure {
    /// Its function returned an error.
    Function(BoxError),
    /// An input could not be loaded.
    Load(u32, DatasetError),
    /// An output could not be saved.
    Save(u32, DatasetError),
    /// An input in memory has not been written, so the node's turn had not come.
    Missing(u32),
}

impl Failure {
    #[cold]
    fn missing(index: usize) -> Box<Self> {
        Box::new(Self::Missing(u32::try_from(index).unwrap_or(u32::MAX)))
    }
}

/// How the free outputs are collected after a run: all of them, or those that are there.
pub struct Collect<O: Outputs> {
    how: Arc<dyn CollectFrom<O>>,
}

impl<O: Outputs> Collect<O> {
    /// Collects with `whole`, which is none if any output is missing, or with `partial`.
    pub fn new(
        whole: impl Fn(&Io<'_>) -> Option<O> + Send + Sync + 'static,
        partial: impl Fn(&Io<'_>) -> O::Partial + Send + Sync + 'static,
    ) -> Self {
        Self { how: Arc::new(Fields { whole, partial }) }
    }

    pub(crate) fn whole(&self, io: &Io<'_>) -> Option<O> {
        self.how.whole(io)
    }

    pub(crate) fn partial(&self, io: &Io<'_>) -> O::Partial {
        self.how.partial(io)
    }

    /// Collects this from the first slots, so many of them, and `other` from the rest.
    pub(crate) fn and<B: Outputs>(self, other: Collect<B>, first_slots: usize) -> Collect<(O, B)> {
        Collect { how: Arc::new(Both { first: self, second: other, first_slots }) }
    }
}

impl Collect<()> {
    /// There are no free outputs.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(|_| Some(()), |_| ())
    }
}

impl<O: Outputs> Clone for Collect<O> {
    fn clone(&self) -> Self {
        Self { how: Arc::clone(&self.how) }
    }
}

impl<O: Outputs> fmt::Debug for Collect<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collect").finish_non_exhaustive()
    }
}

trait CollectFrom<O: Outputs>: Send + Sync {
    fn whole(&self, io: &Io<'_>) -> Option<O>;
    fn partial(&self, io: &Io<'_>) -> O::Partial;
}

struct Fields<Whole, Partial> {
    whole: Whole,
    partial: Partial,
}

impl<O, Whole, Partial> CollectFrom<O> for Fields<Whole, Partial>
where
    O: Outputs,
    Whole: Fn(&Io<'_>) -> Option<O> + Send + Sync,
    Partial: Fn(&Io<'_>) -> O::Partial + Send + Sync,
{
    fn whole(&self, io: &Io<'_>) -> Option<O> {
        (self.whole)(io)
    }

    fn partial(&self, io: &Io<'_>) -> O::Partial {
        (self.partial)(io)
    }
}

struct Both<A: Outputs, B: Outputs> {
    first: Collect<A>,
    second: Collect<B>,
    first_slots: usize,
}

impl<A: Outputs, B: Outputs> Both<A, B> {
    fn split<'r>(&self, io: &Io<'r>) -> (Io<'r>, Io<'r>) {
        let (first, second) = io.slots.split_at(self.first_slots);
        (Io { slots: first }, Io { slots: second })
    }
}

impl<A: Outputs, B: Outputs> CollectFrom<(A, B)> for Both<A, B> {
    fn whole(&self, io: &Io<'_>) -> Option<(A, B)> {
        let (first, second) = self.split(io);
        Some((self.first.whole(&first)?, self.second.whole(&second)?))
    }

    fn partial(&self, io: &Io<'_>) -> (A::Partial, B::Partial) {
        let (first, second) = self.split(io);
        (self.first.partial(&first), self.second.partial(&second))
    }
}
