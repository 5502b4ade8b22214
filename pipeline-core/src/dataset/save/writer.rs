//! What a save writes to.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, SeekFrom, Write};

/// Where [`write_file`](super::write_file) has a file written: to a file, or to memory if the
/// target can only be overwritten. Buffered.
#[derive(Debug)]
pub struct Writer {
    to: To,
}

#[derive(Debug)]
enum To {
    File(BufWriter<File>),
    Memory(Cursor<Vec<u8>>),
}

impl Writer {
    pub(super) fn to_file(file: File) -> Self {
        Self { to: To::File(BufWriter::new(file)) }
    }

    pub(super) fn to_memory() -> Self {
        Self { to: To::Memory(Cursor::default()) }
    }

    pub(super) fn file(&self) -> Option<&File> {
        match &self.to {
            To::File(file) => Some(file.get_ref()),
            To::Memory(_) => None,
        }
    }

    /// Waits until what was written is on the disk; memory has none.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::File(file) => {
                file.flush()?;
                file.get_ref().sync_all()
            }
            To::Memory(_) => Ok(()),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::File(file) => file.write(bytes),
            To::Memory(memory) => {
                // Without memory, an error and not the end of the process.
                memory.get_mut().try_reserve(bytes.len())?;
                memory.write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::File(file) => file.flush(),
            To::Memory(_) => Ok(()),
        }
    }
}

impl Seek for Writer {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.to {
            To::File(file) => file.seek(position),
            To::Memory(memory) => memory.seek(position),
        }
    }
}

/// Reads back what was written.
pub(super) struct Written<'w>(&'w mut Writer);

impl Writer {
    /// What was written, to be read.
    pub(super) fn written(&mut self) -> io::Result<Written<'_>> {
        self.flush()?;
        Ok(Written(self))
    }
}

impl Read for Written<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0.to {
            To::File(file) => file.get_mut().read(buffer),
            To::Memory(memory) => memory.read(buffer),
        }
    }
}

impl Seek for Written<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}
