//! Quotes and delimiters: how a table is written, and where its text breaks the rules of RFC 4180.

use std::io;

/// Writes a table with quotes where they are needed.
pub(super) fn writer<W: io::Write>(to: W, delimiter: u8) -> csv::Writer<W> {
    csv::WriterBuilder::new().delimiter(delimiter).from_writer(to)
}

/// Writes a table with quotes around each cell.
pub(super) fn always<W: io::Write>(to: W, delimiter: u8) -> csv::Writer<W> {
    csv::WriterBuilder::new().delimiter(delimiter).quote_style(csv::QuoteStyle::Always).from_writer(to)
}

/// A quote that is not closed, or not where its cell ends.
#[derive(Debug)]
pub(super) struct BadQuote {
    /// The line on which the cell begins, from 1.
    pub(super) line: u64,
    pub(super) message: &'static str,
}

/// Finds a quote that would make one cell of what may be many rows.
///
/// A quote within a cell that does not begin with one is text, as the reader has it.
pub(super) fn check(text: &str, delimiter: u8) -> Result<(), BadQuote> {
    let bytes = text.as_bytes();
    let ends_cell = |byte: Option<&u8>| byte.is_none_or(|&byte| byte == delimiter || byte == b'\n' || byte == b'\r');
    let bad = |open: usize, message| {
        let line = text[..open].matches('\n').count() as u64 + 1;
        Err(BadQuote { line, message })
    };
    // A quote on the outside opens a cell, if the cell begins there.
    let mut outside = text.strip_prefix('\u{feff}').map_or(0, |rest| text.len() - rest.len());
    let start = outside;
    while let Some(found) = text[outside..].find('"') {
        let open = outside + found;
        outside = open + 1;
        if open > start && !ends_cell(bytes.get(open - 1)) {
            continue;
        }
        loop {
            let Some(found) = text[outside..].find('"') else {
                return bad(open, "a quote opens here and is not closed to the end of the file");
            };
            let close = outside + found;
            outside = close + 1;
            match bytes.get(outside) {
                Some(b'"') => outside += 1,
                next if ends_cell(next) => break,
                // Sloppy, but within one line it cannot be two rows.
                _ if !text[open..close].contains(['\n', '\r']) => break,
                _ => return bad(open, "a quote opens here, and more text follows where it is closed"),
            }
        }
    }
    Ok(())
}
