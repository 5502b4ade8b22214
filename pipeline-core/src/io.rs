//! What a node does to its inputs and outputs: takes, reads or loads the ones, passes them to its function, puts or saves the others.
//!
//! The methods of [`Io`] that use slots rely on the rules of `slot.rs`, and still are no unsafe functions. An expansion calls them between the
//! user's tokens, and in an `unsafe` block those tokens could do what is unsafe too. So the promise is made once for all calls: by who
//! makes a pipeline of an expansion, which is unsafe ([`pipeline`](crate::body::pipeline), [`Body::pipeline`](crate::body::Body::pipeline)), and by who makes
//! an `Io` ([`Io::new`]). There is no other way to one: it is lent to the nodes and the collection of such a pipeline only, and what the user writes cannot name
//! the variable that holds it.

#![expect(unsafe_code, reason = "see above; each block says which rule it relies on")]
#![expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_self,
    reason = "an expansion has references, and reads best as calls of methods"
)]

use std::any::Any;
use std::fmt;
use std::mem::needs_drop;

use crate::body::Key;
use crate::dataset::{Dataset, IntoInput, Load, Save};
use crate::error::{Cause, DatasetError};
use crate::outputs::{CanHold, HasParts, IsAResultOf};
use crate::pass::{CanBePassedAs, CanGive, Held, Input, KeptByTheCatalog, Lent, Owned, Shared};
#[cfg(feature = "process")]
use crate::portable::Away;
use crate::run::{Ahead, LoadAny, SaveAny, Watch};
use crate::slot::{self, AnySlot, Readers, Slot};

/// How a node ended.
pub(crate) type Ended = Result<(), Box<Failure>>;

/// The inputs and outputs of nodes during a run. An `id` is the place of a dataset in the DAG; those in memory come first, so it is that
/// of the slot too.
#[expect(unnameable_types, reason = "an expansion gets it and need not name it")]
pub struct Io<'r> {
    pub(crate) slots: &'r [AnySlot],
    pub(crate) readers: Readers,
    /// The hooks, if there are any.
    pub(crate) watch: Option<&'r Watch<'r>>,
    /// In a worker process, what the catalog of the run's own process holds.
    #[cfg(feature = "process")]
    pub(crate) away: Option<&'r Away<'r>>,
}

impl<'r> Io<'r> {
    /// Without hooks.
    ///
    /// # Safety
    ///
    /// The slots are those of one part of a pipeline. The `Io` is lent to nodes of that part, each while it is executed (rule 2 of `slot.rs`), or
    /// to the collection of its outputs after all nodes (rule 4). With [`Readers::OnOneThread`], all nodes are executed on this thread.
    pub(crate) unsafe fn new(slots: &'r [AnySlot], readers: Readers) -> Self {
        Self {
            slots,
            readers,
            watch: None,
            #[cfg(feature = "process")]
            away: None,
        }
    }

    /// Takes the value of a dataset in memory that no other node reads.
    ///
    /// # Errors
    ///
    /// Fails if a hook does.
    ///
    /// # Panics
    ///
    /// Panics if it has not been written; a run executes no node before that.
    #[inline]
    pub fn take<T: 'static>(&self, id: u32, key: &Key<T>) -> Result<Owned<T>, Box<Failure>> {
        match self.watch {
            // SAFETY: the node that is executed is the only reader, and its writer is done (rule 2).
            None => Ok(Owned::new(unsafe { self.slot(id, *key).take() }.unwrap_or_else(|| not_written()))),
            Some(watch) => self.take_watched(id, *key, watch),
        }
    }

    /// Takes a value with hooks, or tells that there is none.
    #[cold]
    #[inline(never)]
    fn take_watched<T: 'static>(&self, id: u32, key: Key<T>, watch: &Watch<'_>) -> Result<Owned<T>, Box<Failure>> {
        // SAFETY: the node that is executed is the only reader, and its writer is done (rule 2).
        let take = || Owned::new(unsafe { self.slot(id, key).take() }.unwrap_or_else(|| not_written()));
        watched(id, take, Owned::nothing, watch)
    }

    /// Reads a dataset in memory that other nodes read too, or this one when it is tried again.
    ///
    /// # Errors
    ///
    /// Fails if a hook does.
    ///
    /// # Panics
    ///
    /// Panics if it has not been written; a run executes no node before that.
    #[inline]
    pub fn read<T: 'static>(&self, id: u32, key: &Key<T>) -> Result<Lent<'r, T>, Box<Failure>> {
        if needs_drop::<T>() {
            return self.read_and_count(id, *key);
        }
        // So little belongs into the node itself.
        // SAFETY: the node that is executed is one of the readers, and their writer is done (rule 2). A value that needs no `drop` has no count.
        let Some(lease) = (unsafe { self.slot(id, *key).lease(self.readers) }) else { not_written() };
        if let Some(watch) = self.watch {
            tell_of_read(id, &*lease, watch)?;
        }
        Ok(Lent::lease(lease))
    }

    #[inline(never)]
    fn read_and_count<T: 'static>(&self, id: u32, key: Key<T>) -> Result<Lent<'r, T>, Box<Failure>> {
        // SAFETY: the node that is executed is one of the readers, and their writer is done (rule 2). It reads once for each time that the DAG
        // counts it as a reader, unless it may read again; then it is counted out when it has made its last attempt (rule 3).
        let read = || unsafe { self.slot(id, key).read(self.readers) }.unwrap_or_else(|| not_written());
        match self.watch {
            None => Ok(read()),
            Some(watch) => watched(id, read, Lent::nothing, watch),
        }
    }

    /// Loads a dataset of the catalog.
    ///
    /// # Errors
    ///
    /// Fails if the dataset does.
    #[inline(never)]
    pub fn load<D: Load>(&self, id: u32, dataset: &D) -> Result<InputOf<D>, Box<Failure>> {
        #[cfg(feature = "process")]
        if let Some(away) = self.away.filter(|away| away.arrived.contains(&id)) {
            if self.watch.is_some_and(Watch::only_notes_loads) {
                return Ok(<D::Loaded as IntoInput<D::Value>>::nothing());
            }
            let value = away.load(id);
            let value = value.map_err(|error| Box::new(Failure::Load(id, error)))?;
            return Ok(D::Loaded::from_value(value).into_input());
        }
        match self.watch {
            None => load(id, dataset),
            Some(watch) => load_watched(id, dataset, watch),
        }
    }

    /// Reads a parameter.
    pub fn parameter<'c, T>(&self, value: &'c T) -> KeptByTheCatalog<&'c T> {
        KeptByTheCatalog::new(value)
    }

    /// Passes an input to its function, as the parameter's type says.
    pub fn pass<'a, I: Input + CanGive<K>, P, K>(&self, input: &'a mut I) -> I::Argument<'a, P>
    where
        I::Value: CanBePassedAs<'a, P, Kept = K>,
    {
        input.pass()
    }

    /// Passes an input that other nodes read too, or this one when it is tried again: as a clone, where the function takes it by value and is
    /// not the last.
    pub fn clone_as_it_is_needed_again<'a, P, T>(&self, argument: Shared<'a, '_, T, P>) -> P
    where
        T: CanBePassedAs<'a, P, Kept: Clone>,
    {
        argument.get()
    }

    /// Unwraps what the function of a node marked with `?` returned.
    ///
    /// # Errors
    ///
    /// Fails if the function did.
    pub fn attempt<T, R: IsAResultOf<T>>(&self, returned: R) -> Result<T, Box<Failure>> {
        returned.into_result().map_err(|error| Box::new(Failure::Function(error.into())))
    }

    /// The outputs in what a function returned, if they are not one.
    pub fn parts<const N: usize, T, R: HasParts<N, T>>(&self, returned: R) -> T {
        returned.into_parts()
    }

    /// Puts the value of a dataset in memory, whose type that is, where its readers find it.
    #[inline]
    pub fn put<T>(&self, id: u32, key: &Key<T>, value: T)
    where
        T: 'static, // an output outlives its node: a function returns an owned value, not a borrow of its input
    {
        match self.watch {
            // SAFETY: the node that is executed is the writer, and no reader is executed before it is done (rule 2).
            None => unsafe { self.slot(id, *key).put(value) },
            Some(watch) => self.put_watched(id, *key, value, watch),
        }
    }

    /// Puts a value in memory, with hooks. If one of them fails, the node fails at its end, and nothing else of it
    /// is saved: so the code of a node needs no `?` for each output in memory.
    #[cold]
    #[inline(never)]
    fn put_watched<T: 'static>(&self, id: u32, key: Key<T>, value: T, watch: &Watch<'_>) {
        if watch.has_failed() {
            return;
        }
        let saved = watch.before_save(id, &value).and_then(|started| {
            // SAFETY: the node that is executed is the writer, and no reader is executed before it is done (rule 2).
            unsafe { self.slot(id, key).put(value) };
            watch.saved(id, started.map(|started| started.elapsed()))
        });
        if let Err(failure) = saved {
            watch.fail_at_the_end(failure);
        }
    }

    /// An output on its way to a dataset whose type is known.
    ///
    /// Two steps, so that rustc knows what the function returned before it compares that with the dataset: then a mismatch is an error of
    /// [`CanHold`], and a generic result is still inferred.
    pub fn output<V>(&self, value: V) -> Output<'_, 'r, V> {
        Output { io: self, value }
    }

    /// Ends a node.
    ///
    /// # Errors
    ///
    /// Fails if a hook has failed at an output in memory.
    #[inline]
    pub fn done(&self) -> Ended {
        self.watch.map_or(Ok(()), Watch::end)
    }

    /// Takes the value of a free output after a run that executed all nodes.
    ///
    /// # Panics
    ///
    /// Panics if it has not been written.
    #[must_use]
    #[inline(never)]
    pub fn collect<T: 'static>(&self, id: u32, key: &Key<T>) -> T {
        // SAFETY: outputs are collected after all nodes (rule 4).
        unsafe { self.slot(id, *key).take() }.expect("all nodes have been executed")
    }

    /// Takes the value of a free output, if its node has been executed.
    #[must_use]
    #[inline(never)]
    pub fn collect_if_written<T: 'static>(&self, id: u32, key: &Key<T>) -> Option<T> {
        // SAFETY: outputs are collected after all nodes (rule 4).
        unsafe { self.slot(id, *key).take() }
    }

    #[inline]
    fn slot<T: 'static>(&self, id: u32, _: Key<T>) -> &'r Slot<T> {
        // SAFETY: an expansion uses the index of a slot with the key that it got when it declared that slot (rule 1), and these are the slots of its
        // part of the pipeline.
        unsafe { slot::at(self.slots, id) }
    }
}

/// See [`Io::output`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "an expansion gets it and need not name it")]
pub struct Output<'i, 'r, V> {
    io: &'i Io<'r>,
    value: V,
}

impl<V> Output<'_, '_, V> {
    /// As [`Io::put`], for a dataset that has been given a type.
    pub fn put<T>(self, id: u32, key: &Key<T>)
    where
        T: CanHold<V>,
        T: 'static, // an output outlives its node: a function returns an owned value, not a borrow of its input
    {
        self.io.put(id, key, T::hold(self.value));
    }

    /// Saves it in a dataset of the catalog.
    ///
    /// # Errors
    ///
    /// Fails if the dataset does.
    #[inline(never)]
    pub fn save<D: Save<Value: CanHold<V>>>(self, id: u32, dataset: &D) -> Ended {
        let value = D::Value::hold(self.value);
        #[cfg(feature = "process")]
        if let Some(result) = self.io.away.and_then(|away| away.save(id, &value)) {
            return result.map_err(|error| Box::new(Failure::Save(id, error)));
        }
        match self.io.watch {
            None => save(id, dataset, value),
            Some(watch) => save_watched(id, dataset, value, watch),
        }
    }
}

fn load<D: Load>(id: u32, dataset: &D) -> Result<InputOf<D>, Box<Failure>> {
    match dataset.load() {
        Ok(value) => Ok(value.into_input()),
        Err(error) => Err(Box::new(Failure::Load(id, error))),
    }
}

/// Loads with hooks, or takes what has been loaded before the node was called.
#[cold]
fn load_watched<D: Load>(id: u32, dataset: &D, watch: &Watch<'_>) -> Result<InputOf<D>, Box<Failure>> {
    let (input, took) = match watch.load_ahead(id, LoadAny::of::<D>())? {
        Ahead::Noted => return Ok(<D::Loaded as IntoInput<D::Value>>::nothing()),
        Ahead::Loaded(input, took) => (*input.downcast().expect("a dataset is loaded as what it is"), took),
        Ahead::Not => {
            let started = watch.before_load(id)?;
            (load(id, dataset)?, started.map(|started| started.elapsed()))
        }
    };
    watch.loaded(id, took, Held::held(&input))?;
    Ok(input)
}

fn save<D: Save>(id: u32, dataset: &D, value: D::Value) -> Ended {
    dataset.save(value).map_err(|error| Box::new(Failure::Save(id, error)))
}

/// Saves with hooks, or leaves that to when the function is done with all outputs.
#[cold]
fn save_watched<D: Save>(id: u32, dataset: &D, value: D::Value, watch: &Watch<'_>) -> Ended {
    watch.end()?;
    if watch.time_is_over() {
        return Err(Box::new(Failure::TimeIsOver));
    }
    let started = watch.before_save(id, &value)?;
    let any = SaveAny::of::<D>();
    if watch.can_save_later(id, any) {
        watch.save_later(id, any, Box::new(value));
        return Ok(());
    }
    save(id, dataset, value)?;
    watch.saved(id, started.map(|started| started.elapsed()))
}

/// Gets an input from memory, with hooks.
#[cold]
fn watched<I: Held>(
    id: u32,
    get: impl FnOnce() -> I,
    nothing: fn() -> I,
    watch: &Watch<'_>,
) -> Result<I, Box<Failure>> {
    if watch.only_notes_loads() {
        return Ok(nothing());
    }
    let started = watch.before_load(id)?;
    let input = get();
    watch.loaded(id, started.map(|started| started.elapsed()), input.held())?;
    Ok(input)
}

/// Tells hooks that a value in memory is read.
#[cold]
#[inline(never)]
fn tell_of_read(id: u32, value: &dyn Any, watch: &Watch<'_>) -> Ended {
    if watch.only_notes_loads() {
        return Ok(());
    }
    let started = watch.before_load(id)?;
    watch.loaded(id, started.map(|started| started.elapsed()), value)
}

/// The value of an input in memory is there: a node is executed after those that it waits for.
#[cold]
#[inline(never)]
fn not_written() -> ! {
    panic!("an input has not been written")
}

/// The input of a node that loads a dataset.
type InputOf<D> = <<D as Load>::Loaded as IntoInput<<D as Dataset>::Value>>::Input;

impl fmt::Debug for Io<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").finish_non_exhaustive()
    }
}

/// Why a node failed, before its names are known.
#[derive(Debug)]
#[expect(unnameable_types, reason = "an expansion gets it and need not name it")]
pub enum Failure {
    /// Its function returned an error.
    Function(Cause),
    /// A dataset panicked on another thread while it was loaded or saved; what it said.
    Panicked(String),
    /// An input could not be loaded.
    Load(u32, DatasetError),
    /// An output could not be saved.
    Save(u32, DatasetError),
    /// A hook of this name failed, or refused.
    Hook(String, Cause),
    /// It was only asked which datasets it loads.
    OnlyAsked,
    /// Its time was over before its outputs were saved.
    TimeIsOver,
}
