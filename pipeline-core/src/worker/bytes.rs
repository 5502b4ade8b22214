//! A value in the form in which it crosses: bytes of this process or, where they are many, memory that processes share.
//!
//! Through a socket each byte is copied twice, and whoever reads it must have a place for all of them first. A file in memory is written
//! once, piece by piece, and then handed from process to process as what it is: an open file.

use std::fs::File;
use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::format::decode_deep;
use super::shared::{Files, Shared};
use crate::portable::{Problem, encode, encode_to};

/// From which length on bytes are shared, and a worker keeps the value that it has made: what is smaller crosses faster than a file
/// can be opened.
pub(crate) const LARGE: usize = 128 * 1024;

/// The bytes of a value.
#[derive(Debug)]
pub(crate) enum Bytes {
    Own(Vec<u8>),
    Shared(Shared),
}

impl Bytes {
    /// The bytes of this value.
    pub(crate) fn of<T: Serialize>(value: &T) -> Result<Self, Problem> {
        Self::in_file(value, Shared::file)
    }

    /// If the file cannot hold them, as when no memory is left for it, they stay in this process.
    fn in_file<T: Serialize>(value: &T, file: fn() -> io::Result<File>) -> Result<Self, Problem> {
        let mut sink = Sink { start: Vec::new(), file: Place::Unknown(file), len: 0 };
        let written = encode_to(value, &mut sink);
        let has_failed = matches!(sink.file, Place::Failed);
        match sink.end() {
            Ok(bytes) if !has_failed => written.map(|()| bytes),
            _ => encode(value).map(Self::Own),
        }
    }

    /// The value again.
    pub(crate) fn value<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.deep_value().map(|(value, _)| value)
    }

    /// The value, and how many stacks that took beside the thread's own.
    pub(crate) fn deep_value<T: DeserializeOwned>(&self) -> Result<(T, usize), Problem> {
        match self {
            Self::Own(bytes) => decode_deep(bytes),
            Self::Shared(shared) => decode_deep(&shared.map().map_err(|error| error.to_string())?),
        }
        .map_err(|error| {
            let name = std::any::type_name::<T>();
            format!("the `Deserialize` of `{name}` cannot read what its `Serialize` wrote: {error}")
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.len(),
            Self::Shared(shared) => shared.len(),
        }
    }

    pub(crate) fn is_large(&self) -> bool {
        self.len() > LARGE
    }

    /// Memory that has arrived with this call or its answer. A process that has many files open makes the bytes its own.
    pub(crate) fn receive(files: &mut Files, len: usize, call: u64) -> io::Result<Self> {
        let shared = files.receive(len, call)?;
        if Shared::are_many() { Ok(Self::Own(shared.map()?.to_vec())) } else { Ok(Self::Shared(shared)) }
    }
}

/// What a value is written to: a buffer, and from when that is full, a file.
struct Sink {
    /// What has not been written to the file.
    start: Vec<u8>,
    file: Place,
    /// What has been.
    len: usize,
}

enum Place {
    /// There is no file unless it is needed.
    Unknown(fn() -> io::Result<File>),
    File(File),
    /// There can be no file: all goes to the buffer.
    Here,
    /// The file did not take what was written.
    Failed,
}

impl Sink {
    #[cold]
    fn write_when_full(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Place::Unknown(file) = self.file {
            self.file = file().map_or(Place::Here, Place::File);
        }
        if let Place::File(_) = self.file {
            self.write_start()?;
            if bytes.len() > LARGE {
                return self.write_to_file(bytes);
            }
        }
        self.start.extend_from_slice(bytes);
        Ok(())
    }

    fn write_start(&mut self) -> io::Result<()> {
        let start = std::mem::take(&mut self.start);
        self.write_to_file(&start)?;
        self.start = start;
        self.start.clear();
        Ok(())
    }

    fn write_to_file(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Place::File(file) = &mut self.file else { return Ok(()) };
        let result = file.write_all(bytes);
        if result.is_err() {
            self.file = Place::Failed;
        }
        self.len += bytes.len();
        result
    }

    fn end(mut self) -> io::Result<Bytes> {
        if let Place::File(_) = self.file {
            self.write_start()?;
        }
        match self.file {
            Place::File(file) => Shared::new(file, self.len).map(Bytes::Shared),
            _ => Ok(Bytes::Own(self.start)),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.start.len() + bytes.len() > LARGE {
            return self.write_when_full(bytes);
        }
        self.start.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each takes nine bytes.
    fn numbers(n: usize) -> Vec<f64> {
        (0_u32..).map(f64::from).take(n).collect()
    }

    #[test]
    fn what_is_large_is_shared() {
        for n in [0, 1, 1000, LARGE / 9 - 1, LARGE / 9, LARGE / 9 + 1, 100_000] {
            let numbers = numbers(n);
            let bytes = Bytes::of(&numbers).unwrap();
            assert_eq!(bytes.len(), encode(&numbers).unwrap().len());
            assert_eq!(matches!(bytes, Bytes::Shared(_)), cfg!(target_os = "linux") && bytes.is_large());
            assert_eq!(bytes.value::<Vec<f64>>().unwrap(), numbers);
        }
    }

    #[test]
    fn a_text_longer_than_the_buffer_is_shared() {
        let texts = ["a".to_owned(), "b".repeat(3 * LARGE), "c".to_owned()];
        let bytes = Bytes::of(&texts).unwrap();
        assert_eq!(bytes.value::<[String; 3]>().unwrap(), texts);
    }

    #[test]
    fn without_a_file_the_bytes_stay_here() {
        let numbers = numbers(100_000);
        let bytes = Bytes::in_file(&numbers, || Err(io::ErrorKind::Unsupported.into())).unwrap();
        assert!(matches!(bytes, Bytes::Own(_)));
        assert_eq!(bytes.value::<Vec<f64>>().unwrap(), numbers);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn where_no_memory_is_left_the_bytes_stay_here() {
        // In the middle, and at the end.
        for n in [100_000, LARGE / 9 + 1] {
            let numbers = numbers(n);
            let bytes = Bytes::in_file(&numbers, || File::options().write(true).open("/dev/full")).unwrap();
            assert!(matches!(bytes, Bytes::Own(_)));
            assert_eq!(bytes.value::<Vec<f64>>().unwrap(), numbers);
        }
    }

    #[test]
    fn what_serde_refuses_is_refused_in_both_forms() {
        struct Refused(u32);
        impl Serialize for Refused {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::{Error, SerializeSeq};
                let mut numbers = serializer.serialize_seq(usize::try_from(self.0).ok())?;
                (0..self.0).try_for_each(|number| numbers.serialize_element(&f64::from(number)))?;
                Err(S::Error::custom("it is refused"))
            }
        }
        for n in [1, 100_000] {
            assert_eq!(Bytes::of(&Refused(n)).unwrap_err(), "it is refused");
        }
    }
}
