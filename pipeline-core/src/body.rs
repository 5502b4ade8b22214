//! What an expansion of `pipeline!` is made of: it declares slots and nodes, and says how to collect the free outputs.
//!
//! All of that is safe, since nothing is executed by it. To make a pipeline of a declaration is unsafe: the nodes of that pipeline are executed by
//! what the declaration says, and it must be one that `pipeline!` writes.

#![expect(unsafe_code, reason = "see above")]

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::take;

use crate::collect::Collect;
use crate::dag::Dag;
#[cfg(feature = "process")]
use crate::dataset::{Load, Save};
use crate::io::{Ended, Failure, Io};
use crate::node::NodeCode;
use crate::outputs::{CanBeShared, IsHandled, IsTheTypeOf};
#[cfg(feature = "process")]
use crate::portable::{CanLeaveTheProcess, IsReachableElsewhere, Port, Ports};
use crate::slot::AnySlot;
use crate::{Outputs, Pipeline};

/// A pipeline as it came from the macro, complete.
pub(crate) struct Part<C> {
    pub(crate) dag: &'static Dag,
    /// Whether it is an item: then it is the same whenever it is made.
    pub(crate) is_item: bool,
    pub(crate) nodes: Box<[NodeCode<C>]>,
    pub(crate) slots: Box<[MakeSlot]>,
    /// Its declaration, if that can be gone through again.
    declaration: Option<Box<Declaration<C>>>,
    /// How its values leave the process, if it is `#[portable]`.
    #[cfg(feature = "process")]
    pub(crate) ports: Option<Ports<C>>,
}

impl<C> Part<C> {
    /// Empty slots for one run.
    pub(crate) fn make_slots(&self) -> impl Iterator<Item = AnySlot> {
        // Datasets in memory come first in a DAG.
        let n_readers = self.dag.datasets().map(|dataset| u32::try_from(dataset.n_readers()).unwrap_or(u32::MAX));
        self.slots.iter().zip(n_readers).map(|(make, n_readers)| make(n_readers))
    }

    /// Calls all nodes in order, up to the first that fails. `current` is the one that is being called.
    pub(crate) fn call_all(&self, catalog: &C, io: Io<'_>, current: &Cell<usize>) -> Ended {
        let Some(declaration) = &self.declaration else {
            return self.nodes.iter().enumerate().try_for_each(|(index, node)| {
                current.set(index);
                node.call(catalog, &io)
            });
        };
        let calls = Calls { catalog, io, current, failure: Cell::default() };
        // Each node adds one before it is called.
        current.set(usize::MAX);
        declaration(&mut Body::calling(&calls));
        calls.failure.take().map_or(Ok(()), Err)
    }
}

/// Makes an empty slot of the right type, for so many readers.
type MakeSlot = fn(u32) -> AnySlot;

type Declaration<C> = dyn Fn(&mut Body<'_, C>) + Send + Sync;

/// A pipeline while it is declared. Slots and nodes come in the order of the DAG.
///
/// A declaration without state is gone through again to call all nodes in that order: then what declares a node calls it, directly, as
/// one would by hand. Through a table of pointers no processor foretells where each of a thousand calls leads, and to find out takes
/// longer than a small node.
///
/// All methods that an expansion calls take `&mut self`, and it has a `&mut Body`: so no method of a trait of the user's is chosen in their place, as it would be
/// where a call has to borrow first.
pub struct Body<'r, C> {
    mode: Mode<'r, C>,
    nodes: Vec<NodeCode<C>>,
    slots: Vec<MakeSlot>,
    #[cfg(feature = "process")]
    ports: Option<Ports<C>>,
}

enum Mode<'r, C> {
    Declare,
    Call(&'r Calls<'r, C>),
    /// A node has failed, and nothing is done behind it.
    Skip,
}

/// With what nodes are called, and what came of it.
struct Calls<'r, C> {
    catalog: &'r C,
    io: Io<'r>,
    current: &'r Cell<usize>,
    failure: Cell<Option<Box<Failure>>>,
}

/// A pipeline by a declaration without state, which ends with [`Body::outputs`].
///
/// # Panics
///
/// Panics if it does not.
///
/// # Safety
///
/// The declaration is one that `pipeline!` writes, and so is `dag`:
///
/// - It declares slots and nodes in the order of `dag`, whose datasets in memory come first. It declares the same whenever it is called.
/// - Each node, and each collection of outputs, uses an index of a dataset in memory only with the key that declared the slot of that index.
/// - A node takes or reads those slots that `dag` names as its inputs, once for each time that it is named as a reader, and puts a value into those that
///   `dag` names as its outputs. It takes only what it alone reads, once, and reads what may be read again.
/// - Nothing but the nodes and the collections uses an `Io`, and what the user wrote is not given one, nor the `Body`.
#[must_use]
pub unsafe fn pipeline<C: 'static, O: Outputs + 'static>(
    name: Option<&'static str>,
    dag: &'static Dag,
    declaration: fn(&mut Body<'_, C>) -> Option<Collect<O>>,
) -> Pipeline<C, O> {
    let mut body = Body::new(dag);
    #[cfg(feature = "process")]
    if O::IS_PORTABLE {
        body.ports = Some(Ports::default());
    }
    let collect = declaration(&mut body).expect("a declaration ends with the outputs");
    let again = move |body: &mut Body<'_, C>| drop(declaration(body));
    Pipeline::single(name, Part { declaration: Some(Box::new(again)), ..body.part(name, dag) }, collect)
}

impl<'r, C> Body<'r, C> {
    /// Nothing is declared yet.
    #[must_use]
    pub fn new(dag: &'static Dag) -> Self {
        Self { nodes: Vec::with_capacity(dag.len()), ..Self::of_mode(Mode::Declare) }
    }

    /// For a declaration that is gone through again.
    fn calling(calls: &'r Calls<'r, C>) -> Self {
        Self::of_mode(Mode::Call(calls))
    }

    fn of_mode(mode: Mode<'r, C>) -> Self {
        Self {
            mode,
            nodes: Vec::new(),
            slots: Vec::new(),
            #[cfg(feature = "process")]
            ports: None,
        }
    }

    /// All is declared, once: its functions may own something.
    ///
    /// # Safety
    ///
    /// What has been declared, and `collect`, are as those of [`pipeline`].
    #[must_use]
    pub unsafe fn pipeline<O: Outputs>(
        &mut self,
        name: Option<&'static str>,
        dag: &'static Dag,
        collect: Collect<O>,
    ) -> Pipeline<C, O> {
        Pipeline::single(name, self.part(name, dag), collect)
    }

    /// Only an item has a name of its own.
    fn part(&mut self, name: Option<&'static str>, dag: &'static Dag) -> Part<C> {
        Part {
            dag,
            is_item: name.is_some(),
            nodes: take(&mut self.nodes).into(),
            slots: take(&mut self.slots).into(),
            declaration: None,
            #[cfg(feature = "process")]
            ports: self.ports.take(),
        }
    }

    #[inline]
    fn declares(&self) -> bool {
        matches!(self.mode, Mode::Declare)
    }
}

impl<C: 'static> Body<'_, C> {
    /// Declares the next dataset in memory. Its type is left to inference, or given.
    #[inline]
    pub fn memory<T: CanBeShared>(&mut self) -> Key<T> {
        if self.declares() {
            self.declare_memory::<T>();
        }
        Key { holds: PhantomData }
    }

    #[cold]
    #[inline(never)]
    fn declare_memory<T: CanBeShared>(&mut self) {
        self.slots.push(AnySlot::new::<T>);
    }

    /// The key of a dataset in memory that is declared elsewhere.
    ///
    /// # Safety
    ///
    /// The dataset for which the key is used is declared by this body with this type.
    #[must_use]
    #[inline]
    pub unsafe fn key<T: CanBeShared>(&mut self) -> Key<T> {
        Key { holds: PhantomData }
    }

    /// Declares nodes in a function of their own.
    #[inline]
    pub fn declare_nodes(&mut self, declare: fn(&mut Self)) {
        declare(self);
    }

    /// What a dataset in memory holds. Nothing calls it: rust-analyzer shows the type.
    #[must_use]
    pub fn value<T>(&mut self, _: Key<T>) -> T {
        missing()
    }

    /// Declares the next node, or calls it.
    #[inline]
    pub fn node<Needs: Send + Sync + 'static>(&mut self, needs: Needs, work: fn(&C, &Io<'_>, &Needs) -> Ended) {
        let Mode::Call(calls) = self.mode else { return self.declare(needs, work) };
        calls.current.set(calls.current.get().wrapping_add(1));
        if let Err(failure) = work(calls.catalog, &calls.io, &needs) {
            self.fail(calls, failure);
        }
    }

    #[cold]
    #[inline(never)]
    fn declare<Needs: Send + Sync + 'static>(&mut self, needs: Needs, work: fn(&C, &Io<'_>, &Needs) -> Ended) {
        if self.declares() {
            self.nodes.push(NodeCode::new(needs, work));
        }
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, calls: &Calls<'_, C>, failure: Box<Failure>) {
        calls.failure.set(Some(failure));
        self.mode = Mode::Skip;
    }

    /// Ends the declaration: how the free outputs are collected, with `whole` after a run that executed all nodes, else with `partial`.
    pub fn outputs<O: Outputs>(
        &mut self,
        whole: impl Fn(&Io<'_>) -> O + Send + Sync + 'static,
        partial: impl Fn(&Io<'_>) -> O::Partial + Send + Sync + 'static,
    ) -> Option<Collect<O>> {
        self.declares().then(|| Collect::new(whole, partial))
    }
}

/// What is declared of a `#[portable]` pipeline besides.
#[cfg(feature = "process")]
impl<C: 'static> Body<'_, C> {
    /// As [`new`](Self::new), for a pipeline that is `#[portable]`.
    #[must_use]
    pub fn portable(dag: &'static Dag) -> Self {
        Self { ports: Some(Ports::default()), ..Self::new(dag) }
    }

    /// As [`memory`](Self::memory).
    #[inline]
    pub fn portable_memory<T: CanBeShared + CanLeaveTheProcess>(&mut self) -> Key<T> {
        if self.declares() {
            self.declare_portable_memory::<T>();
        }
        Key { holds: PhantomData }
    }

    #[cold]
    #[inline(never)]
    fn declare_portable_memory<T: CanBeShared + CanLeaveTheProcess>(&mut self) {
        self.ports.get_or_insert_default().slot::<T>();
        self.declare_memory::<T>();
    }

    /// Declares that a node reads a dataset of the catalog.
    #[inline]
    pub fn reads<D>(&mut self, id: u32, get: fn(&C) -> &D) -> Port<'_, D::Value>
    where
        D: Load<Reach: IsReachableElsewhere<D>> + 'static,
    {
        Port::new(self.ports_to_declare().and_then(|ports| ports.reads(id, get)))
    }

    /// Declares that a node writes a dataset of the catalog.
    #[inline]
    pub fn writes<D>(&mut self, id: u32, get: fn(&C) -> &D) -> Port<'_, D::Value>
    where
        D: Save<Reach: IsReachableElsewhere<D>> + 'static,
    {
        Port::new(self.ports_to_declare().and_then(|ports| ports.writes(id, get)))
    }

    /// Declares that nodes read the parameters.
    #[inline]
    pub fn parameters<P>(&mut self, get: fn(&C) -> &P, set: fn(&mut C) -> &mut P)
    where
        P: CanLeaveTheProcess + 'static,
    {
        if let Some(ports) = self.ports_to_declare() {
            ports.parameters(get, set);
        }
    }

    #[inline]
    fn ports_to_declare(&mut self) -> Option<&mut Ports<C>> {
        self.declares().then(|| self.ports.get_or_insert_default())
    }
}

impl<C> fmt::Debug for Body<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("n_nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// Says that a slot holds values of type `T`. It has no size: which slot is said by its place in the DAG.
pub struct Key<T> {
    holds: PhantomData<fn(T) -> T>,
}

impl<T> Key<T> {
    /// The same for the readers of a dataset whose type one of them gives.
    #[must_use]
    #[inline]
    pub fn given<Given: IsTheTypeOf<T>>(self) -> Key<Given> {
        Given::same::<Keys>(self)
    }
}

/// A type with a parameter, as `Vec` is without that of its elements.
#[expect(unnameable_types, reason = "it is for the proof that two types are one")]
pub trait Generic {
    /// The type with its parameter.
    type Of<T>;
}

/// `Key`, without what it is the key of.
enum Keys {}

impl Generic for Keys {
    type Of<T> = Key<T>;
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Stands for the type of a dataset in memory where rust-analyzer offers its name.
#[derive(Debug)]
pub struct InMemory;

/// Refuses a dataset of unwritten type that holds a `Result`. By autoref: this is chosen for a `Result`, and [`HoldsAny`] else.
pub trait HoldsAResult<R> {
    /// Does nothing, if it compiles.
    fn is_no_result(&self)
    where
        R: IsHandled,
    {
    }
}
impl<T, E> HoldsAResult<Result<T, E>> for Key<Result<T, E>> {}

/// See [`HoldsAResult`].
pub trait HoldsAny {
    /// Does nothing.
    fn is_no_result(&self) {}
}
impl<T> HoldsAny for &Key<T> {}

/// Stands for what a mistake has left out; the error for it keeps this from ever running.
#[must_use]
pub fn missing<T>() -> T {
    unreachable!("code with a mistake is not compiled")
}
