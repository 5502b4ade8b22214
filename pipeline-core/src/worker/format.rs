//! The form in which values cross: bytes that describe themselves, for serde.
//!
//! It takes all that serde has, and each value comes back as it was. Known forms do not do that: in `MessagePack` and CBOR
//! `Some(None)` and `Some(())` are `None`, `MessagePack` counts bytes and elements in 32 bits, and a `Serialize` that announces
//! another number of elements than it writes shifts all that follows. Forms that do not describe themselves cannot read `flatten`
//! and `untagged`.
//!
//! A value begins with a tag. Small integers and the lengths of short texts are in the tag itself. A sequence and a map end with a
//! tag, so their announced length is only a hint. `Some` is written only before what would be read as `None` without it.
//!
//! The form says that it is human-readable: where serde buffers a value for `flatten` or `untagged`, it reads it back as if it came
//! from such a form, so types that ask, such as `IpAddr`, have to be written for one.
//!
//! A value may be nested deeper than the stack of a thread allows: from a certain depth on, each of the two goes on with a new stack.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::io::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::reader::Reader;
use self::writer::Writer;

/// How values begin. Lower ones are small numbers, higher ones small negative numbers.
mod tag {
    /// From here on short texts, with their lengths.
    pub(super) const TEXT: u8 = 0x80;
    /// Their greatest length.
    pub(super) const SHORT: usize = 0x1f;
    pub(super) const UNIT: u8 = 0xa0;
    pub(super) const NONE: u8 = 0xa1;
    pub(super) const SOME: u8 = 0xa2;
    pub(super) const FALSE: u8 = 0xa3;
    pub(super) const TRUE: u8 = 0xa4;
    pub(super) const U8: u8 = 0xa5;
    pub(super) const U16: u8 = 0xa6;
    pub(super) const U32: u8 = 0xa7;
    pub(super) const U64: u8 = 0xa8;
    pub(super) const U128: u8 = 0xa9;
    pub(super) const I8: u8 = 0xaa;
    pub(super) const I16: u8 = 0xab;
    pub(super) const I32: u8 = 0xac;
    pub(super) const I64: u8 = 0xad;
    pub(super) const I128: u8 = 0xae;
    pub(super) const F32: u8 = 0xaf;
    pub(super) const F64: u8 = 0xb0;
    /// With a length of one byte.
    pub(super) const TEXT_8: u8 = 0xb1;
    /// With a length of eight, as in what follows.
    pub(super) const TEXT_64: u8 = 0xb2;
    pub(super) const BYTES: u8 = 0xb3;
    /// Without a hint.
    pub(super) const SEQUENCE: u8 = 0xb4;
    pub(super) const SEQUENCE_8: u8 = 0xb5;
    pub(super) const SEQUENCE_64: u8 = 0xb6;
    pub(super) const MAP: u8 = 0xb7;
    pub(super) const MAP_8: u8 = 0xb8;
    pub(super) const MAP_64: u8 = 0xb9;
    /// A variant with a content: its name and that.
    pub(super) const VARIANT: u8 = 0xba;
    /// Of a sequence or a map.
    pub(super) const END: u8 = 0xbb;
    /// From here on negative numbers, the last one -1.
    pub(super) const NEGATIVE: u8 = 0xc0;
}

/// Why a value could not cross.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FormatError(Box<str>);

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormatError {}

impl serde::ser::Error for FormatError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}

impl serde::de::Error for FormatError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}

/// Writes a value.
pub(crate) fn encode_to<T: Serialize>(value: &T, to: &mut impl Write) -> Result<(), FormatError> {
    let mut writer = Writer::new(to);
    stacker::maybe_grow(stack::AT_FIRST, stack::SEGMENT, || value.serialize(&mut writer))
}

/// Reads a value, of which these are the bytes and all of them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FormatError> {
    decode_deep(bytes).map(|(value, _)| value)
}

/// As [`decode`]; and how many stacks that took beside the thread's own.
pub(crate) fn decode_deep<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), FormatError> {
    let mut reader = Reader::new(bytes);
    let value = stacker::maybe_grow(stack::AT_FIRST, stack::SEGMENT, || T::deserialize(&mut reader))?;
    reader.end().map(|n_stacks| (value, n_stacks))
}

/// Does something with as much stack as [`decode_deep`] took, such as dropping what it has made.
pub(crate) fn with_stacks<T>(n_stacks: usize, body: impl FnOnce() -> T) -> T {
    if n_stacks == 0 { body() } else { stacker::grow((n_stacks + 1).saturating_mul(stack::SEGMENT), body) }
}

/// How much stack there is, and how much of it is asked for.
mod stack {
    use super::FormatError;

    /// What must be left where a value within a value begins. Types of many large arrays take some kilobytes a level.
    const LEFT: usize = 256 * 1024;
    /// What must be left at first, so that many small values never begin where a new stack is needed for each.
    pub(super) const AT_FIRST: usize = 2 * LEFT;
    /// How much is asked for at a time. Only what is used takes memory.
    pub(super) const SEGMENT: usize = 16 * 1024 * 1024;
    /// How often at most: so deep is no value on purpose.
    const MOST: usize = 128;

    /// The stacks that lie one in the other, and how many there were at most.
    #[derive(Default)]
    pub(super) struct Stacks {
        now: usize,
        pub(super) most: usize,
    }

    /// Whether what follows needs a new one.
    #[inline]
    pub(super) fn is_short() -> bool {
        stacker::remaining_stack().is_some_and(|left| left < LEFT)
    }

    /// Does something on a new stack. `stacks` finds the count in what is being written or read.
    #[cold]
    #[inline(never)]
    pub(super) fn on_a_new_one<S, T>(
        state: &mut S,
        stacks: fn(&mut S) -> &mut Stacks,
        body: impl FnOnce(&mut S) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        let counted = stacks(state);
        if counted.now >= MOST {
            return Err(FormatError("it is nested too deeply".into()));
        }
        counted.now += 1;
        counted.most = counted.most.max(counted.now);
        let result = stacker::grow(SEGMENT, || body(state));
        stacks(state).now -= 1;
        result
    }
}
