//! Overwriting a file that no other can be put in the place of.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::writer::Writer;

/// Gives a file the content that was written. If there is no room for it, the file is as it was.
pub(super) fn overwrite(target: &Path, content: &mut Writer, is_durable: bool) -> io::Result<()> {
    let mut content = content.written()?;
    let length = content.seek(SeekFrom::End(0))?;
    let mut file = File::options().write(true).open(target)?;
    let earlier = file.metadata()?.len();
    // What is longer than the earlier content comes first: only that takes room on the disk.
    if length > earlier {
        let added = copy(&mut content, earlier, length, &mut file);
        if added.is_err() {
            file.set_len(earlier)?;
        }
        added?;
    }
    copy(&mut content, 0, length.min(earlier), &mut file)?;
    file.set_len(length)?;
    if is_durable { file.sync_all() } else { Ok(()) }
}

/// Copies the bytes between two places.
fn copy(content: &mut (impl Read + Seek), from: u64, to: u64, file: &mut File) -> io::Result<()> {
    content.seek(SeekFrom::Start(from))?;
    file.seek(SeekFrom::Start(from))?;
    let copied = io::copy(&mut content.take(to - from), file)?;
    if copied == to - from { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
