//! How values leave a process and come back: what a `#[portable]` pipeline has beside its nodes.
//!
//! A dataset in memory crosses by serde, and so does one that the catalog keeps in memory, through the process that holds it. One that any
//! process reaches, such as a file, does not cross at all: each process loads and saves it. One that only this process can use is refused
//! when the pipeline compiles.
//!
//! The form is `MessagePack` with the names of fields: compact, and unlike smaller forms it takes all that serde's attributes
//! do, such as `flatten`, `untagged` and `skip_serializing_if`.

#![expect(unsafe_code, reason = "values in memory are read from slots and put into them, by the rules of `slot.rs`")]

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::DatasetError;
use crate::dataset::{AnyProcess, Dataset, HoldingProcess, Load, Reach, Save};
use crate::pass::Held;
use crate::slot::{AnySlot, Readers};
use crate::worker::bytes::Bytes;

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

/// A value of any type.
pub(crate) type Value = Box<dyn Any + Send>;

/// How values of one type cross.
#[doc(hidden)]
pub struct Crossing<T> {
    encode: fn(&T) -> Encoded,
    decode: fn(&Bytes) -> Result<T, Problem>,
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
        Self { encode: Bytes::of::<T>, decode: Bytes::value::<T> }
    }
}

/// In the form in which values cross.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    rmp_serde::to_vec_named(value).map_err(|error| error.to_string())
}

/// As [`encode`], piece by piece.
pub(crate) fn encode_to<T: Serialize>(value: &T, to: &mut impl Write) -> Result<(), Problem> {
    let mut serializer = rmp_serde::Serializer::new(to).with_struct_map();
    value.serialize(&mut serializer).map_err(|error| error.to_string())
}

/// From that form.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
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

    pub(crate) fn reads<D>(&mut self, id: u32, get: fn(&C) -> &D)
    where
        D: Load<Reach: IsReachableElsewhere<D>> + 'static,
    {
        if let Some(crossing) = D::Reach::crossing() {
            self.inputs.push((id, Box::new(Field { get, crossing })));
        }
    }

    pub(crate) fn writes<D>(&mut self, id: u32, get: fn(&C) -> &D)
    where
        D: Save<Reach: IsReachableElsewhere<D>> + 'static,
    {
        if let Some(crossing) = D::Reach::crossing() {
            self.outputs.push((id, Box::new(Field { get, crossing })));
        }
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
    /// Makes it for hooks.
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
    bytes.value::<T>().map(|value| Box::new(value) as Value)
}

/// An input that the catalog of the run's own process holds.
pub(crate) trait InputPort<C>: Send + Sync {
    /// Loads the value; `look` sees it before it leaves.
    fn load(&self, catalog: &C, look: &mut dyn FnMut(&dyn Any)) -> Result<Bytes, DatasetError>;
    /// The value, where it has arrived.
    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem>;
}

/// An output for that catalog.
pub(crate) trait OutputPort<C>: Send + Sync {
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

/// A field of the catalog whose value crosses.
struct Field<C, D: Dataset> {
    get: fn(&C) -> &D,
    crossing: Crossing<D::Value>,
}

/// Cannot happen: a port and its dataset come from the same field.
const ANOTHER_TYPE: &str = "the dataset holds another type";

impl<C, D: Load> InputPort<C> for Field<C, D> {
    fn load(&self, catalog: &C, look: &mut dyn FnMut(&dyn Any)) -> Result<Bytes, DatasetError> {
        use crate::dataset::IntoInput;
        let input = (self.get)(catalog).load()?.into_input();
        look(input.held());
        let value = input.held().downcast_ref().ok_or(ANOTHER_TYPE)?;
        (self.crossing.encode)(value).map_err(DatasetError::new)
    }

    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem> {
        (self.crossing.decode)(bytes).map(|value| Box::new(value) as Value)
    }
}

impl<C, D: Save> OutputPort<C> for Field<C, D> {
    fn encode(&self, value: &dyn Any) -> Encoded {
        (self.crossing.encode)(value.downcast_ref().ok_or(ANOTHER_TYPE)?)
    }

    fn decode(&self, bytes: &Bytes) -> Result<Value, Problem> {
        (self.crossing.decode)(bytes).map(|value| Box::new(value) as Value)
    }

    fn save(&self, catalog: &C, value: Value) -> Result<(), DatasetError> {
        let value = value.downcast().map_err(|_| ANOTHER_TYPE)?;
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
    /// How each output that crosses is encoded.
    pub(crate) encode: &'r (dyn Fn(u32, &dyn Any) -> Option<Encoded> + Sync),
    /// How each input that has crossed is decoded.
    pub(crate) decode: &'r (dyn Fn(u32) -> Option<Result<Value, Problem>> + Sync),
    pub(crate) saved: Mutex<Vec<(u32, Bytes)>>,
}

impl Away<'_> {
    /// An input, if it has crossed.
    pub(crate) fn load<T: 'static>(&self, id: u32) -> Option<Result<T, DatasetError>> {
        let value = (self.decode)(id)?;
        Some(match value.map(Value::downcast) {
            Ok(Ok(value)) => Ok(*value),
            Ok(Err(_)) => Err(ANOTHER_TYPE.into()),
            Err(problem) => Err(problem.into()),
        })
    }

    /// Keeps an output, if it is to cross.
    pub(crate) fn save(&self, id: u32, value: &dyn Any) -> Option<Result<(), DatasetError>> {
        let bytes = (self.encode)(id, value)?;
        Some(bytes.map_err(DatasetError::new).map(|bytes| {
            self.saved.lock().unwrap_or_else(PoisonError::into_inner).push((id, bytes));
        }))
    }
}
