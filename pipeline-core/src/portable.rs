//! How values leave a process and come back: what a `#[portable]` pipeline has beside its nodes.
//!
//! A dataset in memory crosses by serde, and so does one that the catalog keeps in memory, through the process that holds it. One
//! that any process reaches, such as a file, crosses only if hooks are to see its values: else each process loads and saves it. One
//! that only this process can use is refused when the pipeline compiles.
//!
//! The form in which values cross is that of `worker/format.rs`.

#![expect(unsafe_code, reason = "values in memory are read from slots and put into them, by the rules of `slot.rs`")]

use std::any::Any;
use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::DatasetError;
use crate::dataset::{AnyProcess, Dataset, HoldingProcess, Load, Reach, Save};
use crate::pass::Held;
use crate::slot::{AnySlot, Readers};
use crate::worker::bytes::Bytes;
use crate::worker::{fork, format};

/// A value of a `#[portable]` pipeline: serde can take it from one process to another.
#[diagnostic::on_unimplemented(
    message = "this dataset holds `{Self}`, which cannot leave the process",
    label = "`{Self}` does not implement serde's `Serialize` and `Deserialize`",
    note = "the nodes of a `#[portable]` pipeline can run in other processes: derive both for the type, or remove `#[portable]`"
)]
pub trait CanLeaveTheProcess: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> CanLeaveTheProcess for T {}

/// From where a dataset `D` can be reached, if other processes can.
#[diagnostic::on_unimplemented(
    message = "this dataset lives in this process only, and the pipeline is `#[portable]`",
    label = "a worker process cannot reach `{D}`",
    note = "`ThreadRunner` and the other runners of one process can run the pipeline without `#[portable]`"
)]
pub trait IsReachableElsewhere<D: Dataset>: Reach {
    /// How values cross, unless each process reaches them by itself.
    #[doc(hidden)]
    fn crossing() -> Option<Crossing<D::Value>>;
}

#[diagnostic::do_not_recommend]
impl<D: Dataset> IsReachableElsewhere<D> for AnyProcess {
    fn crossing() -> Option<Crossing<D::Value>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<D: Dataset<Value: CanLeaveTheProcess>> IsReachableElsewhere<D> for HoldingProcess {
    fn crossing() -> Option<Crossing<D::Value>> {
        Some(Crossing::new())
    }
}

/// Where the pipelines of a registry can run, if that is in worker processes. `pipelines!` says so of one that is `#[portable]`.
#[diagnostic::on_unimplemented(
    message = "`ProcessRunner` runs pipelines of a `#[portable]` registry, and this one is not",
    label = "not `#[portable]`",
    note = "write `#[portable]` before its `fn` in `pipelines!`; what cannot leave the process is then an error there"
)]
pub trait RunsInAnyProcess: Reach {}

#[diagnostic::do_not_recommend]
impl RunsInAnyProcess for AnyProcess {}

/// Why a value could not cross; serde's words.
pub(crate) type Problem = String;

/// A value, in the form in which it crosses.
pub(crate) type Encoded = Result<Bytes, Problem>;

/// A value of any type, made of its bytes.
pub(crate) struct Value {
    value: Option<Box<dyn Any + Send>>,
    /// How many stacks it took to make it, beside the thread's own: it is dropped with as many, so that one may be nested as deeply
    /// as it likes.
    n_stacks: usize,
}

impl Value {
    fn new<T: Any + Send>(value: T, n_stacks: usize) -> Self {
        Self { value: Some(Box::new(value)), n_stacks }
    }

    pub(crate) fn get(&self) -> &dyn Any {
        self.value.as_ref().map_or(&() as &dyn Any, |value| &**value)
    }

    pub(crate) fn into_inner(mut self) -> Box<dyn Any + Send> {
        self.value.take().unwrap_or_else(|| Box::new(()))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            format::with_stacks(self.n_stacks, || drop(value));
        }
    }
}

/// How values of one type cross.
#[doc(hidden)]
pub struct Crossing<T> {
    encode: fn(&T) -> Encoded,
    /// The value, and how many stacks that took.
    decode: fn(&Bytes) -> Result<(T, usize), Problem>,
}

impl<T> Clone for Crossing<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Crossing<T> {}

impl<T> fmt::Debug for Crossing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crossing")
    }
}

impl<T: CanLeaveTheProcess> Crossing<T> {
    fn new() -> Self {
        Self { encode: Bytes::of::<T>, decode: Bytes::deep_value::<T> }
    }
}

/// In the form in which values cross.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    encode_to(value, &mut bytes).map(|()| bytes)
}

/// As [`encode`], piece by piece.
pub(crate) fn encode_to<T: Serialize>(value: &T, to: &mut impl Write) -> Result<(), Problem> {
    format::encode_to(value, to).map_err(|error| error.to_string())
}

/// From that form.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    format::decode(bytes).map_err(|error| error.to_string())
}

/// What a portable pipeline knows of its datasets. Places are those of the DAG.
pub(crate) struct Ports<C> {
    /// Of each slot.
    pub(crate) slots: Vec<SlotPort>,
    /// The datasets of the catalog that cross, as inputs.
    inputs: Vec<(u32, Box<dyn InputPort<C>>)>,
    /// And as outputs.
    outputs: Vec<(u32, Box<dyn OutputPort<C>>)>,
    pub(crate) parameters: Option<Box<dyn ParametersPort<C>>>,
}

impl<C> Default for Ports<C> {
    fn default() -> Self {
        Self { slots: Vec::new(), inputs: Vec::new(), outputs: Vec::new(), parameters: None }
    }
}

impl<C: 'static> Ports<C> {
    pub(crate) fn slot<T: CanLeaveTheProcess + Send + Sync + 'static>(&mut self) {
        self.slots.push(SlotPort { encode: encode_slot::<T>, put: put::<T>, decode: decode_any::<T> });
    }

    pub(crate) fn reads<D>(&mut self, id: u32, get: fn(&C) -> &D) -> Option<&mut dyn CanShow>
    where
        D: Load<Reach: IsReachableElsewhere<D>> + 'static,
    {
        self.inputs.push((id, Box::new(Field::new(get))));
        self.inputs.last_mut().map(|(_, port)| &mut **port as &mut dyn CanShow)
    }

    pub(crate) fn writes<D>(&mut self, id: u32, get: fn(&C) -> &D) -> Option<&mut dyn CanShow>
    where
        D: Save<Reach: IsReachableElsewhere<D>> + 'static,
    {
        self.outputs.push((id, Box::new(Field::new(get))));
        self.outputs.last_mut().map(|(_, port)| &mut **port as &mut dyn CanShow)
    }

    pub(crate) fn parameters<P: CanLeaveTheProcess + 'static>(&mut self, get: fn(&C) -> &P, set: fn(&mut C) -> &mut P) {
        self.parameters = Some(Box::new(Parameters { get, set }));
    }
}

impl<C> Ports<C> {
    pub(crate) fn input(&self, id: u32) -> Option<&dyn InputPort<C>> {
        self.inputs.iter().find_map(|(known, port)| (*known == id).then_some(&**port))
    }

    pub(crate) fn output(&self, id: u32) -> Option<&dyn OutputPort<C>> {
        self.outputs.iter().find_map(|(known, port)| (*known == id).then_some(&**port))
    }
}

/// A dataset of the catalog with values of type `T`, as it has been declared as an input or an output; nothing, where a declaration is
/// gone through again.
#[doc(hidden)]
pub struct Port<'b, T> {
    field: Option<&'b mut dyn CanShow>,
    holds: PhantomData<fn(T)>,
}

impl<'b, T> Port<'b, T> {
    #[inline]
    pub(crate) fn new(field: Option<&'b mut dyn CanShow>) -> Self {
        Self { field, holds: PhantomData }
    }
}

impl<T> fmt::Debug for Port<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Port")
    }
}

/// Lets hooks see the values that a worker would load or save itself. By autoref: this is chosen where serde can take them to the
/// run's own process, and [`HidesItsValues`] else.
pub trait ShowsItsValues {
    /// Says how they come there.
    fn shows_its_values(self);
}

#[diagnostic::do_not_recommend]
impl<T: CanLeaveTheProcess + 'static> ShowsItsValues for Port<'_, T> {
    #[inline]
    fn shows_its_values(self) {
        if let Some(field) = self.field {
            field.show(&Crossing::<T>::new());
        }
    }
}

/// See [`ShowsItsValues`].
pub trait HidesItsValues {
    /// Says nothing.
    fn shows_its_values(&self) {}
}

#[diagnostic::do_not_recommend]
impl<T> HidesItsValues for Port<'_, T> {}

/// How the value of a slot crosses.
pub(crate) struct SlotPort {
    /// The value that is in it.
    ///
    /// To call it, the caller executes the writer of the slot, whose code has returned (rule 2 of `slot.rs`).
    pub(crate) encode: unsafe fn(&AnySlot) -> Option<Encoded>,
    /// Puts it in.
    ///
    /// To call it, the caller executes the writer of the slot; or a reader, in a process that executes no writer (rule 2 of `slot.rs`).
    pub(crate) put: unsafe fn(&AnySlot, &Bytes) -> Result<(), Problem>,
    /// Makes it, for hooks.
    pub(crate) decode: fn(&Bytes) -> Result<Value, Problem>,
}

unsafe fn encode_slot<T: CanLeaveTheProcess + 'static>(slot: &AnySlot) -> Option<Encoded> {
    // SAFETY: nothing changes what the writer has put there while the caller executes it. Its own reading is not counted.
    let value = unsafe { slot.of::<T>()?.read(Readers::MayReadAgain)? };
    value.held().downcast_ref::<T>().map(Bytes::of)
}

unsafe fn put<T: CanLeaveTheProcess + 'static>(slot: &AnySlot, bytes: &Bytes) -> Result<(), Problem> {
    let slot = slot.of::<T>().ok_or("the slot holds another type")?;
    // SAFETY: as the caller promises.
    bytes.value().map(|value| unsafe { slot.put(value) })
}

fn decode_any<T: CanLeaveTheProcess + Send + 'static>(bytes: &Bytes) -> Result<Value, Problem> {
    bytes.deep_value::<T>().map(|(value, n_stacks)| Value::new(value, n_stacks))
}

/// When a dataset's values cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crosses {
    /// Only the run's own process reaches it.
    Always,
    /// Any process reaches it, and hooks can see its values in the run's own process.
    ForHooks,
    /// Any process reaches it, and serde cannot take its values to another. With the name of their type.
    Never(&'static str),
}

/// A field whose values may cross.
pub(crate) trait CanShow: Send + Sync {
    fn crosses(&self) -> Crosses;
    /// Whether that is so in a run with hooks, or without.
    fn crosses_here(&self, are_watched: bool) -> bool {
        match self.crosses() {
            Crosses::Always => true,
            Crosses::ForHooks => are_watched,
            Crosses::Never(_) => false,
        }
    }
    /// Says how the values cross.
    fn show(&mut self, crossing: &dyn Any);
}

/// An input that the run's own process loads, if its values cross.
pub(crate) trait InputPort<C>: CanShow {
    /// Loads the value.
    fn load(&self, catalog: &C) -> Result<Loaded, DatasetError>;
    /// The value, where it has arrived.
    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem>;
}

type Encode = dyn Fn(&dyn Any) -> Encoded + Send;

/// A value that has been loaded to be sent: what hooks see, and how it leaves.
pub(crate) struct Loaded {
    input: Box<dyn Held + Send>,
    encode: Box<Encode>,
}

impl Loaded {
    pub(crate) fn value(&self) -> &dyn Any {
        self.input.held()
    }

    pub(crate) fn encode(&self) -> Encoded {
        (self.encode)(self.value())
    }
}

/// An output that the run's own process saves, if its values cross.
pub(crate) trait OutputPort<C>: CanShow {
    /// The value, as it leaves.
    fn encode(&self, value: &dyn Any) -> Encoded;
    /// The value, where it has arrived.
    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem>;
    /// Saves it.
    fn save(&self, catalog: &C, value: Value) -> Result<(), DatasetError>;
}

/// The parameters, which each worker gets as the run has them.
pub(crate) trait ParametersPort<C>: Send + Sync {
    fn get(&self, catalog: &C) -> Result<Vec<u8>, Problem>;
    fn set(&self, catalog: &mut C, bytes: &[u8]) -> Result<(), Problem>;
}

/// A field of the catalog.
struct Field<C, D: Dataset> {
    get: fn(&C) -> &D,
    crosses_always: bool,
    crossing: Option<Crossing<D::Value>>,
}

/// Cannot happen: a port and its dataset come from the same field.
const ANOTHER_TYPE: &str = "the dataset holds another type";

impl<C, D: Dataset<Reach: IsReachableElsewhere<D>>> Field<C, D> {
    fn new(get: fn(&C) -> &D) -> Self {
        let crossing = D::Reach::crossing();
        Self { get, crosses_always: crossing.is_some(), crossing }
    }
}

impl<C, D: Dataset> Field<C, D> {
    fn crossing(&self) -> Result<Crossing<D::Value>, Problem> {
        self.crossing.ok_or_else(|| "its values do not cross".to_owned())
    }

    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem> {
        let decode = self.crossing()?.decode;
        let (value, n_stacks) = decode(bytes)?;
        Ok(Value::new(value, n_stacks))
    }
}

impl<C, D: Dataset> CanShow for Field<C, D> {
    fn crosses(&self) -> Crosses {
        match self.crossing {
            Some(_) if self.crosses_always => Crosses::Always,
            Some(_) => Crosses::ForHooks,
            None => Crosses::Never(std::any::type_name::<D::Value>()),
        }
    }

    fn show(&mut self, crossing: &dyn Any) {
        self.crossing = crossing.downcast_ref().copied();
    }
}

impl<C, D: Load> InputPort<C> for Field<C, D> {
    fn load(&self, catalog: &C) -> Result<Loaded, DatasetError> {
        use crate::dataset::IntoInput;
        let crossing = self.crossing()?;
        let input = Box::new((self.get)(catalog).load()?.into_input());
        let encode = Box::new(move |value: &dyn Any| (crossing.encode)(value.downcast_ref().ok_or(ANOTHER_TYPE)?));
        Ok(Loaded { input, encode })
    }

    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem> {
        self.decode(bytes)
    }
}

impl<C, D: Save> OutputPort<C> for Field<C, D> {
    fn encode(&self, value: &dyn Any) -> Encoded {
        (self.crossing()?.encode)(value.downcast_ref().ok_or(ANOTHER_TYPE)?)
    }

    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem> {
        self.decode(bytes)
    }

    fn save(&self, catalog: &C, value: Value) -> Result<(), DatasetError> {
        let value = value.into_inner().downcast().map_err(|_| ANOTHER_TYPE)?;
        (self.get)(catalog).save(*value)
    }
}

struct Parameters<C, P> {
    get: fn(&C) -> &P,
    set: fn(&mut C) -> &mut P,
}

impl<C, P: CanLeaveTheProcess> ParametersPort<C> for Parameters<C, P> {
    fn get(&self, catalog: &C) -> Result<Vec<u8>, Problem> {
        encode((self.get)(catalog))
    }

    fn set(&self, catalog: &mut C, bytes: &[u8]) -> Result<(), Problem> {
        *(self.set)(catalog) = decode(bytes)?;
        Ok(())
    }
}

/// The datasets of another process's catalog, where a worker executes a node.
pub(crate) struct Away<'r> {
    /// The inputs that have crossed.
    pub(crate) arrived: &'r [u32],
    /// How each output that crosses is encoded.
    pub(crate) encode: &'r (dyn Fn(u32, &dyn Any) -> Option<Encoded> + Sync),
    /// How each input that has crossed is decoded.
    pub(crate) decode: &'r (dyn Fn(u32) -> Option<Result<Value, Problem>> + Sync),
    pub(crate) saved: Mutex<Vec<(u32, Bytes)>>,
    /// The process that answers the run.
    pub(crate) process: u32,
    /// The folder of the run, from which relative paths are.
    pub(crate) folder: Option<&'r OsStr>,
}

impl Away<'_> {
    /// An input that has crossed.
    pub(crate) fn load<T: 'static>(&self, id: u32) -> Result<T, DatasetError> {
        let value = (self.decode)(id).ok_or("it has not crossed")??.into_inner();
        value.downcast().map(|value| *value).map_err(|_| ANOTHER_TYPE.into())
    }

    /// Keeps an output, if it is to cross.
    pub(crate) fn save(&self, id: u32, value: &dyn Any) -> Option<Result<(), DatasetError>> {
        if std::process::id() != self.process {
            fork::end();
        }
        let Some(bytes) = (self.encode)(id, value) else {
            // This process saves it, and the node may have gone to another folder.
            if let Some(folder) = self.folder {
                drop(std::env::set_current_dir(folder));
            }
            return None;
        };
        Some(bytes.map_err(DatasetError::new).map(|bytes| {
            self.saved.lock().unwrap_or_else(PoisonError::into_inner).push((id, bytes));
        }))
    }
}
