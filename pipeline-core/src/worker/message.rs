//! What a run and a worker say to each other. Numbers are little-endian, and whatever has no fixed length begins with it.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, BufWriter, Read, Write};

use super::bytes::Bytes;
use super::shared::Files;
use crate::error::causes;
use crate::portable::{decode, encode};
use crate::run::elsewhere::{Agreement, Arrived, Carried, Input};
use crate::{BoxError, DatasetError, Error};

/// Inputs of a node up to this size go out in one piece.
const SMALL: usize = 8 * 1024;

/// Asks a worker to agree.
pub(crate) fn write_agreement(to: impl Write, agreement: &Agreement) -> io::Result<()> {
    let Agreement { pipeline, dag, places, parameters } = agreement;
    let bytes = encode(&(pipeline, dag, places, parameters)).map_err(io::Error::other)?;
    send(to, |to| put_slice(to, &bytes))
}

pub(crate) fn read_agreement(from: impl Read) -> io::Result<Agreement> {
    let (pipeline, dag, places, parameters) = decode(&vec(from)?).map_err(io::Error::other)?;
    Ok(Agreement { pipeline, dag, places, parameters })
}

/// Whether the worker agrees, or why not.
pub(crate) fn write_agreed(to: impl Write, agreed: Result<(), &str>) -> io::Result<()> {
    send(to, |to| put_slice(to, agreed.err().unwrap_or_default().as_bytes()))
}

pub(crate) fn read_agreed(from: impl Read) -> io::Result<Result<(), String>> {
    let problem = String::from_utf8_lossy(&vec(from)?).into_owned();
    Ok(if problem.is_empty() { Ok(()) } else { Err(problem) })
}

/// What a worker is asked to do.
#[derive(Debug)]
pub(crate) enum Asked {
    Execute {
        node: u32,
        inputs: Carried<Arrived>,
    },
    /// Nobody will read a value that it has kept.
    Forget {
        slot: u32,
    },
}

const EXECUTE: u32 = 0;
const FORGET: u32 = 1;

/// The forms in which a value is sent: its bytes, a file, or nothing, since the worker has kept it, for this node alone or for others too.
const BYTES: u32 = 0;
const FILE: u32 = 1;
const KEPT_FOR_THIS: u32 = 2;
const KEPT_FOR_SEVERAL: u32 = 3;

/// Asks to execute a node.
pub(crate) fn write_call(to: impl Write, files: &mut Files, node: u32, inputs: &Carried<Input>) -> io::Result<()> {
    send(to, |to| {
        put_u32(to, EXECUTE)?;
        put_u32(to, node)?;
        put_u32(to, n_values(inputs)?)?;
        inputs.iter().try_for_each(|(id, input)| {
            put_u32(to, *id)?;
            match input {
                Input::Sent(value) => put_bytes(to, files, value.bytes()),
                Input::Kept { is_last: true } => put_u32(to, KEPT_FOR_THIS),
                Input::Kept { is_last: false } => put_u32(to, KEPT_FOR_SEVERAL),
            }
        })
    })
}

pub(crate) fn write_forget(to: impl Write, slot: u32) -> io::Result<()> {
    send(to, |to| {
        put_u32(to, FORGET)?;
        put_u32(to, slot)
    })
}

pub(crate) fn read_asked(mut from: impl Read, files: &mut Files) -> io::Result<Asked> {
    match u32(&mut from)? {
        FORGET => Ok(Asked::Forget { slot: u32(from)? }),
        _ => {
            let (node, n_inputs) = (u32(&mut from)?, u32(&mut from)?);
            let inputs = (0..n_inputs).map(|_| {
                let id = u32(&mut from)?;
                let input = match u32(&mut from)? {
                    KEPT_FOR_THIS => Arrived::Kept { is_last: true },
                    KEPT_FOR_SEVERAL => Arrived::Kept { is_last: false },
                    form => Arrived::Bytes(bytes(&mut from, files, form)?),
                };
                Ok((id, input))
            });
            Ok(Asked::Execute { node, inputs: inputs.collect::<io::Result<_>>()? })
        }
    }
}

/// How a node ended.
pub(crate) fn write_outcome(
    to: impl Write,
    files: &mut Files,
    outcome: &Result<Carried<Bytes>, Told>,
) -> io::Result<()> {
    send(to, |to| match outcome {
        Ok(outputs) => {
            put_u32(to, 0)?;
            put_u32(to, n_values(outputs)?)?;
            outputs.iter().try_for_each(|(id, bytes)| {
                put_u32(to, *id)?;
                put_bytes(to, files, bytes)
            })
        }
        Err(Told { kind, dataset, texts }) => {
            put_u32(to, 1)?;
            put_slice(to, &encode(&(*kind as u8, dataset, texts)).map_err(io::Error::other)?)
        }
    })
}

pub(crate) fn read_outcome(mut from: impl Read, files: &mut Files) -> io::Result<Result<Carried<Bytes>, Told>> {
    if u32(&mut from)? == 0 {
        let n_outputs = u32(&mut from)?;
        let outputs = (0..n_outputs).map(|_| {
            let (id, form) = (u32(&mut from)?, u32(&mut from)?);
            Ok((id, bytes(&mut from, files, form)?))
        });
        return outputs.collect::<io::Result<_>>().map(Ok);
    }
    let (kind, dataset, texts): (u8, _, _) = decode(&vec(from)?).map_err(io::Error::other)?;
    let kind = ToldKind::ALL.into_iter().find(|known| *known as u8 == kind).unwrap_or(ToldKind::Other);
    Ok(Err(Told { kind, dataset, texts }))
}

/// An error of a node as a worker tells it: the texts of the error and of its causes.
#[derive(Debug)]
pub(crate) struct Told {
    kind: ToldKind,
    dataset: String,
    texts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum ToldKind {
    Function,
    Panic,
    Load,
    Save,
    Other,
}

impl ToldKind {
    const ALL: [Self; 5] = [Self::Function, Self::Panic, Self::Load, Self::Save, Self::Other];
}

impl Told {
    pub(crate) fn new(error: &Error) -> Self {
        let told = |kind, dataset: &str, source: &(dyn StdError + 'static)| {
            let causes = causes(source).map(ToString::to_string);
            let texts = std::iter::once(source.to_string()).chain(causes).collect();
            Self { kind, dataset: dataset.to_owned(), texts }
        };
        match error {
            Error::Node { source, .. } => told(ToldKind::Function, "", &**source),
            Error::Panicked { message, .. } => {
                Self { kind: ToldKind::Panic, dataset: String::new(), texts: vec![message.clone()] }
            }
            Error::Load { dataset, source, .. } => told(ToldKind::Load, dataset, source),
            Error::Save { dataset, source, .. } => told(ToldKind::Save, dataset, source),
            other => told(ToldKind::Other, "", other),
        }
    }

    /// The error again, as that of this node.
    pub(crate) fn into_error(self, pipeline: Option<String>, node: String) -> Error {
        let Self { kind, dataset, texts } = self;
        let source = Text::chain(texts);
        match kind {
            ToldKind::Function | ToldKind::Other => Error::Node { pipeline, node, source: source.into() },
            ToldKind::Panic => Error::Panicked { pipeline, node, message: source.to_string() },
            ToldKind::Load => Error::Load { pipeline, node, dataset, source: DatasetError::new(source) },
            ToldKind::Save => Error::Save { pipeline, node, dataset, source: DatasetError::new(source) },
        }
    }
}

/// An error of another process, of which the text is left.
#[derive(Debug)]
struct Text {
    text: String,
    source: Option<BoxError>,
}

impl Text {
    fn chain(texts: Vec<String>) -> BoxError {
        let chain = texts.into_iter().rev().fold(None, |source, text| Some(BoxError::from(Self { text, source })));
        chain.unwrap_or_else(|| "it gave no message".into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Text {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&**self.source.as_ref()?)
    }
}

/// Writes what is small in one piece.
fn send<W: Write>(to: W, write: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(SMALL, to);
    write(&mut to)?;
    to.flush()
}

fn put_u32(to: &mut impl Write, number: u32) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

fn put_slice(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    put_length(to, bytes.len())?;
    to.write_all(bytes)
}

fn put_length(to: &mut impl Write, length: usize) -> io::Result<()> {
    to.write_all(&(length as u64).to_le_bytes())
}

fn put_bytes(to: &mut impl Write, files: &mut Files, bytes: &Bytes) -> io::Result<()> {
    match bytes {
        Bytes::Own(bytes) => {
            put_u32(to, BYTES)?;
            put_slice(to, bytes)
        }
        Bytes::Shared(shared) => {
            put_u32(to, FILE)?;
            put_length(to, shared.len())?;
            // Or the other side would not know that it is to take the file, and there is not room for many.
            to.flush()?;
            files.send(shared)
        }
    }
}

fn n_values<T>(values: &Carried<T>) -> io::Result<u32> {
    u32::try_from(values.len()).map_err(io::Error::other)
}

fn u32(mut from: impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn length(mut from: impl Read) -> io::Result<usize> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)
}

fn vec(mut from: impl Read) -> io::Result<Vec<u8>> {
    let length = length(&mut from)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length)?;
    if from.take(length as u64).read_to_end(&mut bytes)? == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn bytes(from: impl Read, files: &mut Files, form: u32) -> io::Result<Bytes> {
    if form == FILE { Bytes::receive(files, length(from)?) } else { vec(from).map(Bytes::Own) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::elsewhere::Value;

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("it does not fit")]
        struct Outer(#[from] std::num::ParseIntError);

        let source: BoxError = Box::new(Outer("x".parse::<i32>().unwrap_err()));
        let error = Error::Node { pipeline: Some("p".to_owned()), node: "n".to_owned(), source: source.into() };
        let mut sent = Vec::new();
        let mut files = Files::to_nowhere();
        write_outcome(&mut sent, &mut files, &Err(Told::new(&error))).unwrap();
        let told =
            read_outcome(&*sent, &mut files).unwrap().unwrap_err().into_error(Some("p".to_owned()), "n".to_owned());
        assert_eq!(format!("{told:?}"), format!("{error:?}"));
        assert!(format!("{told:?}").ends_with("caused by: invalid digit found in string"));
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error() {
        let mut files = Files::to_nowhere();
        let (mut sent, value) = (Vec::new(), |bytes: &[u8]| Input::Sent(Value::new(Bytes::Own(bytes.to_vec()), None)));
        let inputs = vec![(0, value(&[1, 2, 3])), (7, value(&[])), (8, Input::Kept { is_last: true })];
        write_call(&mut sent, &mut files, 3, &inputs).unwrap();
        let Asked::Execute { node: 3, inputs } = read_asked(&*sent, &mut files).unwrap() else {
            panic!("another message")
        };
        assert!(matches!(&inputs[0], (0, Arrived::Bytes(Bytes::Own(bytes))) if bytes == &[1, 2, 3]));
        assert!(matches!(&inputs[1], (7, Arrived::Bytes(Bytes::Own(bytes))) if bytes.is_empty()));
        assert!(matches!(&inputs[2], (8, Arrived::Kept { is_last: true })));
        for length in 0..sent.len() {
            assert!(read_asked(&sent[..length], &mut files).is_err());
        }
    }
}
