//! An error as it crosses between processes: its variant, the names in it, and its causes.
//!
//! Of errors of other types only the text and the causes are left, but for `io::Error`, which stays one of its kind.

mod kinds;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::kinds::KINDS;
use super::{BoxError, DatasetError, Error, MOST_CAUSES, source};
use crate::cancellation::{set_told, was_told};
use crate::panics::{caught, discard};
use crate::worker::format;

/// An error, its causes or the errors in it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    kind: u8,
    texts: Vec<Option<String>>,
    numbers: Vec<Option<u64>>,
    path: Option<OsString>,
    inner: Vec<Told>,
}

mod kind {
    pub(super) const TEXT: u8 = 0;
    pub(super) const IO: u8 = 1;
    pub(super) const OF_DATASET: u8 = 2;
    // What follows are variants of `Error`.
    pub(super) const NODE: u8 = 10;
    pub(super) const PANICKED: u8 = 11;
    pub(super) const TIMED_OUT: u8 = 12;
    pub(super) const LOAD: u8 = 13;
    pub(super) const SAVE: u8 = 14;
    pub(super) const DATASET: u8 = 15;
    pub(super) const OUT_OF_TURN: u8 = 16;
    pub(super) const HOOK: u8 = 17;
    pub(super) const CANCELLED: u8 = 18;
    pub(super) const SEVERAL: u8 = 19;
    pub(super) const LEFT_OUT: u8 = 20;
    pub(super) const JOIN: u8 = 21;
    pub(super) const UNKNOWN_PIPELINE: u8 = 22;
    pub(super) const UNKNOWN_RUNNER: u8 = 23;
    pub(super) const UNCLEAR_NODE: u8 = 24;
    pub(super) const NOTHING_SELECTED: u8 = 25;
    pub(super) const WORKER_DIED: u8 = 26;
    pub(super) const WORKER: u8 = 27;
}

/// Says of a node that failed that its run was cancelled and told it so.
const TOLD_TO_END: u64 = 1;

/// Where a dataset's error looks for the name of its dataset.
type Names<'n> = &'n dyn Fn(&str) -> Option<&'static str>;

impl Told {
    /// An error that a node ended with, which is dropped. Its `Display` and its `drop` are the user's, and may panic.
    pub(crate) fn new(error: Error) -> Self {
        let told = caught(|| of_error(&error, MOST_CAUSES));
        // That it panics when it is dropped is less than what it says.
        discard(error);
        told.unwrap_or_else(|panic| of_text(format!("it gave no message: its `Display` panicked: {panic}")))
    }

    /// What another process has sent. It is one that `new` makes, or refused: a deep one would overflow the stack of those who walk it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (told, n_stacks) = format::decode_deep::<Self>(bytes).map_err(|error| error.to_string())?;
        if n_stacks > 0 || told.is_deeper_than(2 * MOST_CAUSES) {
            format::with_stacks(n_stacks.max(1), || drop(told));
            return Err("an error with too many causes".to_owned());
        }
        Ok(told)
    }

    fn is_deeper_than(&self, n_levels: usize) -> bool {
        n_levels == 0 || self.inner.iter().any(|inner| inner.is_deeper_than(n_levels - 1))
    }

    /// The error again, as that of this node if it does not say more.
    pub(crate) fn into_error(self, pipeline: Option<&str>, node: &str, names: Names<'_>) -> Error {
        self.error(names).unwrap_or_else(|source| Error::Node {
            pipeline: pipeline.map(str::to_owned),
            node: node.to_owned(),
            source: source.into(),
        })
    }

    fn error(self, names: Names<'_>) -> Result<Error, BoxError> {
        if self.kind < kind::NODE {
            return Err(self.cause(names));
        }
        let Self { kind, texts, numbers, inner, .. } = self;
        let mut texts = texts.into_iter();
        let mut inner = inner.into_iter();
        let mut optional = || texts.next().flatten();
        // Those of most come in this order. What is missing in a message that is not ours is empty.
        let (first, second, third) = (optional(), optional(), optional());
        let (pipeline, node) = (first.clone(), second.clone().unwrap_or_default());
        let third_text = third.clone().unwrap_or_default();
        let mut cause = || inner.next().unwrap_or_default();
        Ok(match kind {
            kind::NODE => {
                if numbers.first().copied().flatten() == Some(TOLD_TO_END) {
                    set_told();
                }
                Error::Node { pipeline, node, source: cause().cause(names).into() }
            }
            kind::PANICKED => Error::Panicked { pipeline, node, message: third_text },
            kind::TIMED_OUT => {
                let number = |at: usize| numbers.get(at).copied().flatten().unwrap_or_default();
                let timeout = Duration::from_secs(number(0)).saturating_add(Duration::from_nanos(number(1)));
                let source = inner.next().and_then(|inner| inner.error(names).ok()).map(Box::new);
                Error::TimedOut { pipeline, node, timeout, source }
            }
            kind::LOAD => Error::Load { pipeline, node, dataset: third_text, source: cause().of_dataset(names) },
            kind::SAVE => Error::Save { pipeline, node, dataset: third_text, source: cause().of_dataset(names) },
            kind::DATASET => Error::Dataset(cause().of_dataset(names)),
            kind::OUT_OF_TURN => Error::OutOfTurn { pipeline, node, when: third_text },
            kind::HOOK => Error::Hook { pipeline, node: second, hook: third_text, source: cause().cause(names).into() },
            kind::CANCELLED => Error::Cancelled { pipeline, node },
            kind::SEVERAL => {
                let errors = inner.map(|inner| inner.into_error(pipeline.as_deref(), "", names)).collect();
                Error::Several { pipeline, errors }
            }
            kind::LEFT_OUT => {
                let nodes = [second, third].into_iter().chain(texts).flatten().collect();
                Error::LeftOut { pipeline, nodes }
            }
            kind::JOIN => Error::Join { sum: first.unwrap_or_default(), problem: node },
            kind::UNKNOWN_PIPELINE => Error::UnknownPipeline { name: first.unwrap_or_default(), hint: node },
            kind::UNKNOWN_RUNNER => Error::UnknownRunner { name: first.unwrap_or_default(), hint: node },
            kind::UNCLEAR_NODE => {
                let nodes = third.into_iter().chain(texts.flatten()).collect();
                Error::UnclearNode { pipeline, function: node, nodes }
            }
            kind::NOTHING_SELECTED => Error::NothingSelected { pipeline, reason: node },
            kind::WORKER_DIED => {
                let stderr = texts.next().flatten().unwrap_or_default();
                Error::WorkerDied { pipeline, node, how: third_text, stderr }
            }
            _ => Error::Worker { pipeline, node: None, problem: node, source: None },
        })
    }

    /// As the cause of another.
    fn cause(self, names: Names<'_>) -> BoxError {
        match self.kind {
            kind::IO => Box::new(self.io(names)),
            kind::OF_DATASET => Box::new(self.of_dataset(names)),
            kind::NODE.. => self.error(names).map_or_else(|source| source, Into::into),
            _ => Box::new(Text::new(self, names)),
        }
    }

    fn io(mut self, names: Names<'_>) -> io::Error {
        let mut numbers = self.numbers.iter().copied();
        let (kind, code) = (numbers.next().flatten(), numbers.next().flatten());
        if let Some(code) = code.and_then(|code| i32::try_from(code.cast_signed()).ok()) {
            return io::Error::from_raw_os_error(code);
        }
        let kind = kind.and_then(|kind| KINDS.get(usize::try_from(kind).ok()?)).copied();
        let kind = kind.unwrap_or(io::ErrorKind::Other);
        match (self.inner.pop(), self.texts.pop().flatten()) {
            (Some(inner), _) => io::Error::new(kind, inner.cause(names)),
            (None, Some(text)) => io::Error::new(kind, text),
            (None, None) => kind.into(),
        }
    }

    fn of_dataset(mut self, names: Names<'_>) -> DatasetError {
        if self.kind != kind::OF_DATASET {
            return DatasetError::new(self.cause(names));
        }
        let mut texts = std::mem::take(&mut self.texts).into_iter();
        let (dataset, told) = (texts.next().flatten(), texts.next().flatten());
        let mut numbers = self.numbers.iter().copied();
        let (line, column, is_named_around) = (numbers.next(), numbers.next(), numbers.next());
        let cause = self.inner.pop().unwrap_or_default().cause(names);
        let mut error = DatasetError::new(cause).of_dataset(dataset.and_then(|dataset| names(&dataset)));
        if let Some(path) = self.path {
            // A relative path is looked up from the folder of the run in both processes.
            error = error.at_path(path);
        }
        error.parts.line = line.flatten();
        error.parts.column = column.flatten();
        error.parts.told = told;
        error.parts.is_named_around = is_named_around.flatten() == Some(1);
        error
    }
}

fn of_text(text: String) -> Told {
    Told { kind: kind::TEXT, texts: vec![Some(text)], ..Told::default() }
}

fn of_error(error: &Error, n_causes: usize) -> Told {
    let some = |text: &String| Some(text.clone());
    let told = |kind, texts: Vec<Option<String>>, inner: Vec<Told>| Told { kind, texts, inner, ..Told::default() };
    let n_left = n_causes.saturating_sub(1);
    let cause = |source: &(dyn StdError + 'static)| of_cause(source, n_left);
    match error {
        Error::Node { pipeline, node, source } => {
            let numbers = was_told().then_some(TOLD_TO_END);
            Told {
                numbers: vec![numbers],
                ..told(kind::NODE, vec![pipeline.clone(), some(node)], vec![cause(&**source)])
            }
        }
        Error::Panicked { pipeline, node, message } => {
            told(kind::PANICKED, vec![pipeline.clone(), some(node), some(message)], Vec::new())
        }
        Error::TimedOut { pipeline, node, timeout, source } => {
            let numbers = vec![Some(timeout.as_secs()), Some(timeout.subsec_nanos().into())];
            let inner = source.iter().map(|source| of_error(source, n_left)).collect();
            Told { numbers, ..told(kind::TIMED_OUT, vec![pipeline.clone(), some(node)], inner) }
        }
        Error::Load { pipeline, node, dataset, source } => {
            told(kind::LOAD, vec![pipeline.clone(), some(node), some(dataset)], vec![of_dataset(source, n_left)])
        }
        Error::Save { pipeline, node, dataset, source } => {
            told(kind::SAVE, vec![pipeline.clone(), some(node), some(dataset)], vec![of_dataset(source, n_left)])
        }
        Error::Dataset(source) => told(kind::DATASET, Vec::new(), vec![of_dataset(source, n_left)]),
        Error::OutOfTurn { pipeline, node, when } => {
            told(kind::OUT_OF_TURN, vec![pipeline.clone(), some(node), some(when)], Vec::new())
        }
        Error::Hook { pipeline, node, hook, source } => {
            told(kind::HOOK, vec![pipeline.clone(), node.clone(), some(hook)], vec![cause(&**source)])
        }
        Error::Cancelled { pipeline, node } => told(kind::CANCELLED, vec![pipeline.clone(), some(node)], Vec::new()),
        Error::Several { pipeline, errors } => {
            let errors = errors.iter().map(|error| of_error(error, n_left)).collect();
            told(kind::SEVERAL, vec![pipeline.clone()], errors)
        }
        Error::LeftOut { pipeline, nodes } => {
            let texts = std::iter::once(pipeline.clone()).chain(nodes.iter().map(some)).collect();
            told(kind::LEFT_OUT, texts, Vec::new())
        }
        Error::Join { sum, problem } => told(kind::JOIN, vec![some(sum), some(problem)], Vec::new()),
        Error::UnknownPipeline { name, hint } => told(kind::UNKNOWN_PIPELINE, vec![some(name), some(hint)], Vec::new()),
        Error::UnknownRunner { name, hint } => told(kind::UNKNOWN_RUNNER, vec![some(name), some(hint)], Vec::new()),
        Error::UnclearNode { pipeline, function, nodes } => {
            let texts = [pipeline.clone(), some(function)].into_iter().chain(nodes.iter().map(some)).collect();
            told(kind::UNCLEAR_NODE, texts, Vec::new())
        }
        Error::NothingSelected { pipeline, reason } => {
            told(kind::NOTHING_SELECTED, vec![pipeline.clone(), some(reason)], Vec::new())
        }
        Error::WorkerDied { pipeline, node, how, stderr } => {
            told(kind::WORKER_DIED, vec![pipeline.clone(), some(node), some(how), some(stderr)], Vec::new())
        }
        Error::Worker { pipeline, problem, .. } => {
            told(kind::WORKER, vec![pipeline.clone(), some(problem)], Vec::new())
        }
        // A run is begun with these, not a node: it is the text that counts.
        other => of_other(other, n_left),
    }
}

fn of_cause(error: &(dyn StdError + 'static), n_causes: usize) -> Told {
    if let Some(error) = error.downcast_ref::<Error>() {
        of_error(error, n_causes)
    } else if let Some(error) = error.downcast_ref::<DatasetError>() {
        of_dataset(error, n_causes)
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        of_io(error, n_causes)
    } else {
        of_other(error, n_causes)
    }
}

fn of_other(error: &(dyn StdError + 'static), n_causes: usize) -> Told {
    let source = if n_causes == 0 { None } else { source(error) };
    let inner = source.map(|source| of_cause(source, n_causes - 1)).into_iter().collect();
    Told { inner, ..of_text(error.to_string()) }
}

fn of_io(error: &io::Error, n_causes: usize) -> Told {
    let kind = KINDS.iter().position(|kind| *kind == error.kind()).map(|kind| kind as u64);
    let code = error.raw_os_error().map(|code| i64::from(code).cast_unsigned());
    let inner: &[&(dyn StdError + 'static)] = match error.get_ref() {
        Some(inner) if n_causes > 0 => &[inner],
        _ => &[],
    };
    let inner: Vec<Told> = inner.iter().map(|inner| of_cause(*inner, n_causes - 1)).collect();
    let text =
        (inner.is_empty() && error.to_string() != io::Error::from(error.kind()).to_string()).then(|| error.to_string());
    Told { kind: kind::IO, texts: vec![text], numbers: vec![kind, code], inner, ..Told::default() }
}

fn of_dataset(error: &DatasetError, n_causes: usize) -> Told {
    let parts = &*error.parts;
    Told {
        kind: kind::OF_DATASET,
        texts: vec![parts.dataset.as_deref().map(str::to_owned), parts.told.clone()],
        numbers: vec![parts.line, parts.column, Some(parts.is_named_around.into())],
        path: parts.path.as_ref().map(|path| path.clone().into_os_string()),
        inner: vec![of_cause(&*parts.cause, n_causes.saturating_sub(1))],
    }
}

/// An error of another process, of which the text is left.
#[derive(Debug)]
struct Text {
    text: String,
    source: Option<BoxError>,
}

impl Text {
    fn new(mut told: Told, names: Names<'_>) -> Self {
        let text = told.texts.pop().flatten().unwrap_or_else(|| "it gave no message".to_owned());
        Self { text, source: told.inner.pop().map(|inner| inner.cause(names)) }
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

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.kind, &self.texts, &self.numbers, &self.path, &self.inner).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, texts, numbers, path, inner) = Deserialize::deserialize(deserializer)?;
        Ok(Self { kind, texts, numbers, path, inner })
    }
}
