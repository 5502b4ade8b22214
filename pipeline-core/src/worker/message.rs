//! What a run and a worker say to each other. Numbers are little-endian, and whatever has no fixed length begins with it.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, BufWriter, Read, Write};

use crate::error::causes;
use crate::portable::{decode, encode};
use crate::run::elsewhere::{Agreement, Carried};
use crate::{BoxError, DatasetError, Error};

/// Inputs of a node up to this size go out in one piece.
const SMALL: usize = 8 * 1024;

/// Asks a worker to agree.
pub(crate) fn write_agreement(to: impl Write, agreement: &Agreement) -> io::Result<()> {
    let Agreement { pipeline, dag, places, parameters } = agreement;
    let bytes = encode(&(pipeline, dag, places, parameters)).map_err(io::Error::other)?;
    send(to, |to| put_bytes(to, &bytes))
}

pub(crate) fn read_agreement(from: impl Read) -> io::Result<Agreement> {
    let (pipeline, dag, places, parameters) = decode(&bytes(from)?).map_err(io::Error::other)?;
    Ok(Agreement { pipeline, dag, places, parameters })
}

/// Whether the worker agrees, or why not.
pub(crate) fn write_agreed(to: impl Write, agreed: Result<(), &str>) -> io::Result<()> {
    send(to, |to| put_bytes(to, agreed.err().unwrap_or_default().as_bytes()))
}

pub(crate) fn read_agreed(from: impl Read) -> io::Result<Result<(), String>> {
    let problem = String::from_utf8_lossy(&bytes(from)?).into_owned();
    Ok(if problem.is_empty() { Ok(()) } else { Err(problem) })
}

/// Asks to execute a node.
pub(crate) fn write_call<B: AsRef<Vec<u8>>>(to: impl Write, node: u32, inputs: &Carried<B>) -> io::Result<()> {
    send(to, |to| {
        put_u32(to, node)?;
        put_values(to, inputs)
    })
}

pub(crate) fn read_call(mut from: impl Read) -> io::Result<(u32, Carried<Vec<u8>>)> {
    Ok((u32(&mut from)?, values(from)?))
}

/// How a node ended.
pub(crate) fn write_outcome(to: impl Write, outcome: &Result<Carried<Vec<u8>>, Told>) -> io::Result<()> {
    send(to, |to| match outcome {
        Ok(outputs) => {
            put_u32(to, 0)?;
            put_values(to, outputs)
        }
        Err(Told { kind, dataset, texts }) => {
            put_u32(to, 1)?;
            put_bytes(to, &encode(&(*kind as u8, dataset, texts)).map_err(io::Error::other)?)
        }
    })
}

pub(crate) fn read_outcome(mut from: impl Read) -> io::Result<Result<Carried<Vec<u8>>, Told>> {
    if u32(&mut from)? == 0 {
        return values(from).map(Ok);
    }
    let (kind, dataset, texts): (u8, _, _) = decode(&bytes(from)?).map_err(io::Error::other)?;
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
            ToldKind::Function | ToldKind::Other => Error::Node { pipeline, node, source },
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

fn put_bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)
}

fn put_values<B: AsRef<Vec<u8>>>(to: &mut impl Write, values: &Carried<B>) -> io::Result<()> {
    put_u32(to, u32::try_from(values.len()).map_err(io::Error::other)?)?;
    values.iter().try_for_each(|(id, bytes)| {
        put_u32(to, *id)?;
        put_bytes(to, bytes.as_ref())
    })
}

fn u32(mut from: impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn bytes(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).map_err(io::Error::other)?)?;
    if from.take(length).read_to_end(&mut bytes)? as u64 == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn values(mut from: impl Read) -> io::Result<Carried<Vec<u8>>> {
    let n_values = u32(&mut from)?;
    (0..n_values).map(|_| Ok((u32(&mut from)?, bytes(&mut from)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("it does not fit")]
        struct Outer(#[from] std::num::ParseIntError);

        let source: BoxError = Box::new(Outer("x".parse::<i32>().unwrap_err()));
        let error = Error::Node { pipeline: Some("p".to_owned()), node: "n".to_owned(), source };
        let mut sent = Vec::new();
        write_outcome(&mut sent, &Err(Told::new(&error))).unwrap();
        let told = read_outcome(&*sent).unwrap().unwrap_err().into_error(Some("p".to_owned()), "n".to_owned());
        assert_eq!(format!("{told:?}"), format!("{error:?}"));
        assert!(format!("{told:?}").ends_with("caused by: invalid digit found in string"));
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error() {
        let mut sent = Vec::new();
        write_call(&mut sent, 3, &vec![(0, vec![1, 2, 3]), (7, vec![])]).unwrap();
        assert_eq!(read_call(&*sent).unwrap(), (3, vec![(0, vec![1, 2, 3]), (7, vec![])]));
        for length in 0..sent.len() {
            assert!(read_call(&sent[..length]).is_err());
        }
    }
}
