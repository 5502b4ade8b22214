//! What a run and a worker say to each other. Numbers are little-endian, and whatever has no fixed length begins with it.
//!
//! A call has a number, and its answer has that too, with the node and all its outputs in their order, each once. A file says to
//! which call it belongs. So what is late, or comes twice, or comes from another process than the worker, is an error, and never
//! taken for the answer to another call. No message makes its reader panic, or ask for more memory than has been sent.

use std::io::{self, BufWriter, Read, Write};

use super::bytes::Bytes;
use super::shared::Files;
use crate::error::told::Told;
use crate::portable::{decode, encode};
use crate::run::elsewhere::{Agreement, Arrived, Carried, Input};

/// Inputs of a node up to this size go out in one piece.
const SMALL: usize = 8 * 1024;
/// How much memory is asked for before that many bytes have come.
const AT_A_TIME: usize = 1024 * 1024;

/// Asks a worker to agree.
pub(crate) fn write_agreement(to: impl Write, agreement: &Agreement) -> io::Result<()> {
    let Agreement { pipeline, dag, places, parameters, folder, is_async, are_watched } = agreement;
    let terms = (pipeline, dag, places, parameters, folder, is_async, are_watched);
    let bytes = encode(&terms).map_err(io::Error::other)?;
    send(to, |to| put_slice(to, &bytes))
}

pub(crate) fn read_agreement(from: impl Read) -> io::Result<Agreement> {
    let terms = decode(&vec(from)?).map_err(invalid)?;
    let (pipeline, dag, places, parameters, folder, is_async, are_watched) = terms;
    Ok(Agreement { pipeline, dag, places, parameters, folder, is_async, are_watched })
}

/// Whether the worker agrees, or why not.
pub(crate) fn write_agreed(to: impl Write, agreed: Result<(), &str>) -> io::Result<()> {
    send(to, |to| put_slice(to, agreed.err().unwrap_or_default().as_bytes()))
}

pub(crate) fn read_agreed(from: impl Read) -> io::Result<Result<(), String>> {
    let problem = String::from_utf8_lossy(&vec(from)?).into_owned();
    Ok(if problem.is_empty() { Ok(()) } else { Err(problem) })
}

/// Which call of a worker it is, and of which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) node: u32,
}

/// What a worker is asked to do.
#[derive(Debug)]
pub(crate) enum Asked {
    Execute {
        call: Call,
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

/// How a node ended.
const WELL: u32 = 0;
const FAILED: u32 = 1;

/// Asks to execute a node.
pub(crate) fn write_call(to: impl Write, files: &mut Files, call: Call, inputs: &Carried<Input>) -> io::Result<()> {
    send(to, |to| {
        put_u32(to, EXECUTE)?;
        put_call(to, call)?;
        put_u32(to, n_values(inputs)?)?;
        inputs.iter().try_for_each(|(id, input)| {
            put_u32(to, *id)?;
            match input {
                Input::Sent(value) => put_bytes(to, files, call, value.bytes()),
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
        EXECUTE => {
            let (call, n_inputs) = (read_call(&mut from)?, u32(&mut from)?);
            let inputs = (0..n_inputs).map(|_| {
                let id = u32(&mut from)?;
                let input = match u32(&mut from)? {
                    KEPT_FOR_THIS => Arrived::Kept { is_last: true },
                    KEPT_FOR_SEVERAL => Arrived::Kept { is_last: false },
                    form => Arrived::Bytes(bytes(&mut from, files, call, form)?),
                };
                Ok((id, input))
            });
            Ok(Asked::Execute { call, inputs: inputs.collect::<io::Result<_>>()? })
        }
        other => Err(invalid(format!("there is no request {other}"))),
    }
}

/// How a node ended.
pub(crate) fn write_outcome(
    to: impl Write,
    files: &mut Files,
    call: Call,
    outcome: &Result<Carried<Bytes>, Told>,
) -> io::Result<()> {
    send(to, |to| {
        put_call(to, call)?;
        match outcome {
            Ok(outputs) => {
                put_u32(to, WELL)?;
                put_u32(to, n_values(outputs)?)?;
                outputs.iter().try_for_each(|(id, bytes)| {
                    put_u32(to, *id)?;
                    put_bytes(to, files, call, bytes)
                })
            }
            Err(told) => {
                put_u32(to, FAILED)?;
                put_slice(to, &encode(told).map_err(io::Error::other)?)
            }
        }
    })
}

/// The answer to a call. It is an error of the kind `InvalidData` if it is one to another call, or has not these outputs.
pub(crate) fn read_outcome(
    mut from: impl Read,
    files: &mut Files,
    call: Call,
    outputs: &[u32],
) -> io::Result<Result<Carried<Bytes>, Told>> {
    let answered = read_call(&mut from)?;
    if answered != call {
        return Err(invalid(format!(
            "{} of node {}, not {} of node {}",
            answered.number, answered.node, call.number, call.node
        )));
    }
    match u32(&mut from)? {
        WELL => {
            let n_outputs = u32(&mut from)?;
            if usize::try_from(n_outputs) != Ok(outputs.len()) {
                return Err(invalid(format!("{n_outputs} outputs, not {}", outputs.len())));
            }
            let outputs = outputs.iter().map(|&wanted| {
                let (id, form) = (u32(&mut from)?, u32(&mut from)?);
                if id != wanted {
                    return Err(invalid(format!("the output {id}, not {wanted}")));
                }
                Ok((id, bytes(&mut from, files, call, form)?))
            });
            outputs.collect::<io::Result<_>>().map(Ok)
        }
        FAILED => Told::decode(&vec(from)?).map(Err).map_err(invalid),
        other => Err(invalid(format!("no node ends with {other}"))),
    }
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
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

fn put_call(to: &mut impl Write, call: Call) -> io::Result<()> {
    to.write_all(&call.number.to_le_bytes())?;
    put_u32(to, call.node)
}

fn put_bytes(to: &mut impl Write, files: &mut Files, call: Call, bytes: &Bytes) -> io::Result<()> {
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
            files.send(shared, call.number)
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

fn u64(mut from: impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_call(mut from: impl Read) -> io::Result<Call> {
    Ok(Call { number: u64(&mut from)?, node: u32(from)? })
}

fn length(from: impl Read) -> io::Result<usize> {
    usize::try_from(u64(from)?).map_err(io::Error::other)
}

fn vec(mut from: impl Read) -> io::Result<Vec<u8>> {
    let length = length(&mut from)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length.min(AT_A_TIME))?;
    if from.take(length as u64).read_to_end(&mut bytes)? == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn bytes(from: impl Read, files: &mut Files, call: Call, form: u32) -> io::Result<Bytes> {
    match form {
        BYTES => vec(from).map(Bytes::Own),
        FILE => Bytes::receive(files, length(from)?, call.number),
        other => Err(invalid(format!("no value has the form {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;
    use crate::Error;
    use crate::run::elsewhere::Value;

    const CALL: Call = Call { number: 7, node: 3 };

    fn call(inputs: &Carried<Input>) -> Vec<u8> {
        let mut sent = Vec::new();
        write_call(&mut sent, &mut Files::to_nowhere(), CALL, inputs).unwrap();
        sent
    }

    fn inputs() -> Carried<Input> {
        let value = |bytes: &[u8]| Input::Sent(Value::new(Bytes::Own(bytes.to_vec()), None));
        vec![(0, value(&[1, 2, 3])), (7, value(&[])), (8, Input::Kept { is_last: true })]
    }

    fn answer(call: Call, outcome: &Result<Carried<Bytes>, Told>) -> Vec<u8> {
        let mut sent = Vec::new();
        write_outcome(&mut sent, &mut Files::to_nowhere(), call, outcome).unwrap();
        sent
    }

    fn outputs(ids: &[u32]) -> Carried<Bytes> {
        ids.iter().map(|id| (*id, Bytes::Own(vec![1, 2, 3]))).collect()
    }

    fn failed() -> Result<Carried<Bytes>, Told> {
        let (pipeline, node, source) = (None, "n".to_owned(), "refused".into());
        Err(Told::new(Error::Node { pipeline, node, source }))
    }

    fn read(sent: &[u8], ids: &[u32]) -> io::Result<Result<Carried<Bytes>, Told>> {
        read_outcome(sent, &mut Files::to_nowhere(), CALL, ids)
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error() {
        let sent = call(&inputs());
        let mut files = Files::to_nowhere();
        let Asked::Execute { call: CALL, inputs } = read_asked(&*sent, &mut files).unwrap() else {
            panic!("another message")
        };
        assert!(matches!(&inputs[0], (0, Arrived::Bytes(Bytes::Own(bytes))) if bytes == &[1, 2, 3]));
        assert!(matches!(&inputs[1], (7, Arrived::Bytes(Bytes::Own(bytes))) if bytes.is_empty()));
        assert!(matches!(&inputs[2], (8, Arrived::Kept { is_last: true })));
        for length in 0..sent.len() {
            assert!(read_asked(&sent[..length], &mut files).is_err());
        }
        for sent in [answer(CALL, &Ok(outputs(&[2, 5]))), answer(CALL, &failed())] {
            assert!(read(&sent, &[2, 5]).is_ok());
            for length in 0..sent.len() {
                assert!(read(&sent[..length], &[2, 5]).is_err());
            }
        }
    }

    #[test]
    fn only_the_answer_to_the_call_with_each_output_once_is_one() {
        let is_refused = |sent: &[u8], ids: &[u32]| {
            assert_eq!(read(sent, ids).unwrap_err().kind(), io::ErrorKind::InvalidData);
        };
        for outcome in [Ok(outputs(&[2, 5])), failed()] {
            for other in [Call { number: 6, ..CALL }, Call { node: 4, ..CALL }] {
                is_refused(&answer(other, &outcome), &[2, 5]);
            }
        }
        for ids in [&[][..], &[2], &[2, 2], &[2, 6], &[5, 2], &[2, 5, 6], &[2, 5, 5]] {
            is_refused(&answer(CALL, &Ok(outputs(ids))), &[2, 5]);
        }
    }

    #[test]
    fn a_length_asks_for_no_memory_that_has_not_been_sent() {
        let mut sent = answer(CALL, &Ok(outputs(&[2])));
        let at = sent.len() - 11;
        for length in [1 << 40, u64::MAX, u64::MAX / 2] {
            sent[at..at + 8].copy_from_slice(&length.to_le_bytes());
            assert!(read(&sent, &[2]).is_err());
        }
    }

    #[test]
    fn messages_that_are_none_are_errors() {
        let mut random = Rng::with_seed(11);
        let samples = [call(&inputs()), answer(CALL, &Ok(outputs(&[2, 5]))), answer(CALL, &failed())];
        let names = |_: &str| None;
        let mut files = Files::to_nowhere();
        for sample in &samples {
            for _ in 0..10_000 {
                let mut sent = sample.clone();
                for _ in 0..random.usize(1..4) {
                    let at = random.usize(..sent.len());
                    match random.u8(..4) {
                        0 => sent[at] = random.u8(..),
                        1 => sent.truncate(at.max(1)),
                        2 => sent.insert(at, random.u8(..)),
                        _ => sent[at] = random.choice([0, 1, 2, 3, 0x7f, 0xff]).unwrap(),
                    }
                }
                drop(read_asked(&*sent, &mut files));
                if let Ok(Err(told)) = read_outcome(&*sent, &mut files, CALL, &[2, 5]) {
                    drop(format!("{:?}", told.into_error(None, "n", &names)));
                }
                drop(read_agreement(&*sent));
                drop(read_agreed(&*sent));
            }
        }
    }
}
